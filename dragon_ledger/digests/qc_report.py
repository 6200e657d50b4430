"""The sealed QC report: a summary that may be shown and a subject annex that stays with the site.

The quality room makes two deterministic files, `summary.json` and `annex.json` (canonical JSON
without time or randomness). The envelope `report.json` binds both: the summary by its SHA-256, the
annex by SHA-256(annex_salt || annex bytes), so that who holds envelope and summary learns nothing
of the annex. Outcome and rule set are repeated because the chain carries them, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dragon_ledger.digests.canonical_json import JsonValue
from dragon_ledger.digests.documents import (
    SealedDocument,
    check_random,
    object_of,
    open_document,
    seal_document,
)
from dragon_ledger.errors import InputError, ProofError

QC_REPORT_SCHEMA = "qc-report/1"
OUTCOMES = ("PASS", "FAIL", "NOT VERIFIABLE")

_MEMBERS = frozenset({"summary", "annex", "outcome", "rule_set", "made"})
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class QcReport:
    """What the envelope of a QC report says.

    `summary` and `annex` are the digests described above, `rule_set` the digest of the rule set
    that judged, `outcome` one of OUTCOMES, `made` when, where and by which software it was made.
    """

    summary: bytes
    annex: bytes
    outcome: str
    rule_set: bytes
    made: Mapping[str, JsonValue]


def annex_digest(annex: bytes, annex_salt: bytes) -> bytes:
    """SHA-256(annex_salt || annex): what the envelope says of the annex."""
    check_random(annex_salt, "salt of a QC annex")
    return hashlib.sha256(annex_salt + annex).digest()


def seal_qc_report(
    summary: bytes,
    annex: bytes,
    *,
    outcome: str,
    rule_set: bytes,
    made: Mapping[str, JsonValue],
    annex_salt: bytes,
    salt: bytes,
) -> SealedDocument:
    """The envelope that the chain binds (`report.json`).

    Args:
        summary: bytes of `summary.json`.
        annex: bytes of `annex.json`.
        outcome: one of OUTCOMES.
        rule_set: digest of the rule set, 32 bytes.
        made: time, machine and software; free members.
        annex_salt: 32 random bytes that the site and its reviewer keep.
        salt: 32 other random bytes; they are part of the envelope.

    Raises:
        InputError: an argument has another form, or both salts are the same.
    """
    if outcome not in OUTCOMES:
        raise InputError(f"QC outcome {outcome!r}: expected one of {', '.join(OUTCOMES)}")
    if annex_salt == salt:
        raise InputError("QC report: the annex needs a salt of its own, the envelope's is shown")
    content: dict[str, JsonValue] = {
        "summary": hashlib.sha256(summary).hexdigest(),
        "annex": annex_digest(annex, annex_salt).hex(),
        "outcome": outcome,
        "rule_set": _digest(rule_set.hex(), "rule_set").hex(),
        "made": made,
    }
    return seal_document(content, QC_REPORT_SCHEMA, salt)


def open_qc_summary(report: bytes, expected_digest: bytes, summary: bytes) -> QcReport:
    """Check a report and its summary against the digest that the chain binds.

    Raises:
        ProofError: report or summary is another one than the chain binds.
        InputError: the report is bound but malformed.
    """
    found = _read(open_document(report, expected_digest, QC_REPORT_SCHEMA))
    if hashlib.sha256(summary).digest() != found.summary:
        raise ProofError("QC report: the summary is not the one that the report binds")
    return found


def open_qc_report(
    report: bytes, expected_digest: bytes, summary: bytes, annex: bytes, annex_salt: bytes
) -> QcReport:
    """Check a report, its summary and its annex against the digest that the chain binds.

    Raises:
        ProofError: one of them is another one than the chain binds, or the salt is wrong.
        InputError: the report is bound but malformed.
    """
    found = open_qc_summary(report, expected_digest, summary)
    if annex_digest(annex, annex_salt) != found.annex:
        raise ProofError("QC report: annex or its salt is not the one that the report binds")
    return found


def _read(content: JsonValue) -> QcReport:
    members = object_of(content, QC_REPORT_SCHEMA, _MEMBERS)
    outcome, made = members["outcome"], members["made"]
    if not isinstance(outcome, str) or outcome not in OUTCOMES:
        raise InputError(f"{QC_REPORT_SCHEMA}: outcome is {outcome!r}")
    if not isinstance(made, Mapping):
        raise InputError(f"{QC_REPORT_SCHEMA}: made is no object")
    summary, annex, rule_set = (
        _digest(members[name], name) for name in ("summary", "annex", "rule_set")
    )
    return QcReport(summary, annex, outcome, rule_set, made)


def _digest(value: JsonValue, name: str) -> bytes:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise InputError(f"{QC_REPORT_SCHEMA}: {name} is not 64 lower-case hexadecimal digits")
    return bytes.fromhex(value)
