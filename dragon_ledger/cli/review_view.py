"""What a reviewer reads: versions, decisions, and QC reports fetched and checked by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from dragon_ledger.chain import fold
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.events import Decided, VersionRegistered
from dragon_ledger.chain.logs import Filter, fetch
from dragon_ledger.cli.values import flag_names, shown, shown_time
from dragon_ledger.digests.canonical_json import JsonValue, parse_canonical_json
from dragon_ledger.digests.documents import open_document
from dragon_ledger.digests.qc_report import QC_REPORT_SCHEMA, QcReport, open_qc_summary
from dragon_ledger.errors import InputError, StorageError
from dragon_ledger.provenance.reasons import DECISION_WORDS, version_reason
from dragon_ledger.quality.report_terminal import render_report
from dragon_ledger.records import DatasetVersion, VersionFlag
from dragon_ledger.site.exchange import Exchange


class VersionFilter(StrEnum):
    """Which versions a list shows."""

    ALL = "all"
    UNDECIDED = "undecided"
    STANDING = "standing"
    FALLEN = "fallen"


@dataclass(frozen=True, slots=True)
class Report:
    """A QC report as fetched: the envelope that the chain binds, and the summary that it binds."""

    version: bytes
    sealed: QcReport
    envelope: bytes
    summary_bytes: bytes

    @property
    def summary(self) -> JsonValue:
        """The summary as a document.

        Raises:
            InputError: the site bound something else than canonical JSON.
        """
        return parse_canonical_json(self.summary_bytes)

    def save(self, folder: Path) -> None:
        """Write both documents as they are, so that `sha256sum` repeats their digests.

        Raises:
            StorageError: the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "report.json").write_bytes(self.envelope)
            (folder / "summary.json").write_bytes(self.summary_bytes)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be written: {error.strerror}") from error


def fetch_report(exchange: Exchange, version: DatasetVersion) -> Report:
    """Fetch a version's QC report and summary, and hold them against the digest on chain.

    Raises:
        InputError: the exchange does not have one of them.
        ProofError: what it has is another one than the chain binds.
    """
    envelope = _get(exchange, version.qc_report, "QC report", version)
    content = open_document(envelope, version.qc_report, QC_REPORT_SCHEMA)
    if not isinstance(content, Mapping) or not isinstance(content.get("summary"), str):
        raise InputError(f"the QC report of version {shown(version.id)} names no summary")
    digest = bytes.fromhex(str(content["summary"]))
    summary = _get(exchange, digest, "QC summary", version)
    sealed = open_qc_summary(envelope, version.qc_report, summary)
    return Report(version.id, sealed, envelope, summary)


def _get(exchange: Exchange, digest: bytes, what: str, version: DatasetVersion) -> bytes:
    data = exchange.get(digest)
    if data is None:
        raise InputError(
            f"the exchange has no {what} {digest.hex()} of version {shown(version.id)}. "
            f"Ask organisation {version.act.organisation} to publish it, or name another --exchange"
        )
    return data


def all_versions(client: Client, site: int | None, state: VersionFilter) -> list[DatasetVersion]:
    """Every registered version, in the order of registration."""
    kinds = (VersionRegistered, Decided)
    events = fetch(client, [Filter(kinds)], client.final_block().number)
    found = fold.versions(events).values()
    return [one for one in found if site in {None, one.act.organisation} and _is(one, state)]


def _is(version: DatasetVersion, state: VersionFilter) -> bool:
    gone = VersionFlag.REVOKED in version.flags or VersionFlag.REJECTED in version.flags
    return {
        VersionFilter.ALL: True,
        VersionFilter.UNDECIDED: not gone and VersionFlag.APPROVED not in version.flags,
        VersionFilter.STANDING: version.in_standing,
        VersionFilter.FALLEN: gone,
    }[state]


def version_json(version: DatasetVersion) -> dict[str, Any]:
    """A version and its decisions for programs."""
    return {
        "id": shown(version.id),
        "number": version.number,
        "organisation": version.act.organisation,
        "registered_at": version.act.at,
        "qc_passed": version.qc_passed,
        "qc_report": shown(version.qc_report),
        "rule_set": shown(version.rule_set),
        "declarations": flag_names(version.declarations),
        "ethics_expiry": version.ethics_expiry,
        "purpose": shown(version.purpose),
        "state": flag_names(version.flags),
        "in_standing": version.in_standing,
        "decisions": [
            {
                "decision": DECISION_WORDS[one.kind],
                "organisation": one.act.organisation,
                "at": one.act.at,
                "reason": one.reason,
                "statement": shown(one.statement),
            }
            for one in version.decisions
        ],
    }


def print_versions(versions: list[DatasetVersion], console: Console) -> None:
    """One line for each version."""
    for one in versions:
        quality = "QC passed" if one.qc_passed else "QC FAILED"
        state = flag_names(one.flags) if one.flags else "undecided"
        console.print(
            f"{one.number:>4}  {shown(one.id)}  organisation {one.act.organisation:<3}  "
            f"{shown_time(one.act.at)}  {quality}  {state}"
        )
    if not versions:
        console.print("No such version.")


def print_version(version: DatasetVersion, console: Console) -> None:
    """A version and every decision on it."""
    print_versions([version], console)
    console.print(f"      declares {flag_names(version.declarations)}")
    console.print(f"      ethics approval ends {shown_time(version.ethics_expiry)}")
    console.print(f"      rule set {shown(version.rule_set)}, purpose {shown(version.purpose)}")
    for one in version.decisions:
        why = f": {version_reason(one.reason)}" if one.reason else ""
        console.print(
            f"      {shown_time(one.act.at)}  {DECISION_WORDS[one.kind]} by organisation "
            f"{one.act.organisation}{why} (statement {shown(one.statement)})"
        )


def print_report(report: Report, console: Console) -> None:
    """The QC summary, after it was held against the digest on chain."""
    console.print(f"\nQC report {report.sealed.outcome}, as bound on chain:", style="bold")
    try:
        rendered = render_report(cast(Mapping[str, Any], report.summary))
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"the QC summary of version {shown(report.version)} is bound on chain and has not the "
            f"published form ({type(error).__name__}: {error}); read it with --save before you "
            "decide"
        ) from error
    console.print(rendered)
