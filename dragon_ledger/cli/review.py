"""`dragon-ledger review`: for reviewers of dataset versions of other organisations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dragon_ledger.chain.facts import version_for
from dragon_ledger.cli.review_view import (
    VersionFilter,
    all_versions,
    fetch_report,
    print_report,
    print_version,
    print_versions,
    version_json,
)
from dragon_ledger.cli.session import (
    EXCHANGE_DEFAULT,
    NETWORK_DEFAULT,
    ExchangeAt,
    NetworkFile,
    RpcUrls,
    Session,
    TokenFile,
    acting,
    exchange_at,
    open_client,
)
from dragon_ledger.cli.values import flag_names, parse_digest, shown
from dragon_ledger.cli.verdict_view import print_network_file
from dragon_ledger.provenance.reasons import VERSION_REASONS
from dragon_ledger.records import DatasetVersion, DecisionKind, VersionFlag
from dragon_ledger.site.statements import seal_decision

app = typer.Typer(
    no_args_is_help=True,
    help="Decide on dataset versions of other organisations: fetch and read the QC report, approve "
    "or reject; later revoke or reinstate."
    "\n\nExample: dragon-ledger review list --state undecided",
)

Version = Annotated[
    bytes, typer.Argument(parser=parse_digest, help="Id of the dataset version ('review list').")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Words = Annotated[str, typer.Option("--words", help="Why, in words; sealed into the statement.")]
_REASONS = "; ".join(f"{code} {words}" for code, words in VERSION_REASONS.items())
Reason = Annotated[int, typer.Option("--reason", min=1, max=255, help=f"Reason code: {_REASONS}.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether the report was read.")]


@app.command("list")
def list_versions(
    network: NetworkFile = NETWORK_DEFAULT,
    rpc: RpcUrls = None,
    site: Annotated[int | None, typer.Option(help="Only this organisation's.")] = None,
    state: Annotated[VersionFilter, typer.Option(help="Only these.")] = VersionFilter.ALL,
    as_json: AsJson = False,
) -> None:
    """List the registered dataset versions; needs no key.

    Example: dragon-ledger review list --state undecided
    """
    client = open_client(network, rpc)
    try:
        versions = all_versions(client, site, state)
    finally:
        client.close()
    if as_json:
        typer.echo(json.dumps([version_json(one) for one in versions], indent=2))
        return
    console = Console(soft_wrap=True)
    print_versions(versions, console)
    print_network_file(client.network.fingerprint, console)


@app.command()
def show(
    version: Version,
    network: NetworkFile = NETWORK_DEFAULT,
    rpc: RpcUrls = None,
    exchange: ExchangeAt = EXCHANGE_DEFAULT,
    token_file: TokenFile = None,
    save: Annotated[
        Path | None, typer.Option(help="Folder to write the fetched documents to.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a version, every decision on it, and its QC summary, fetched and checked by digest.

    Example: dragon-ledger review show 8c… --exchange https://ledger.example --token-file token
    """
    client = open_client(network, rpc)
    try:
        found = version_for(client, version)
    finally:
        client.close()
    report = fetch_report(exchange_at(exchange, token_file), found)
    if save is not None:
        report.save(save)
    if as_json:
        typer.echo(json.dumps({**version_json(found), "summary": report.summary}, indent=2))
        return
    console = Console(soft_wrap=True)
    print_version(found, console)
    print_report(report, console)
    print_network_file(client.network.fingerprint, console)


@app.command()
@acting
def approve(session: Session, version: Version, words: Words = "", yes: Yes = False) -> None:
    """Approve a version, after its QC report was fetched, checked against the chain, and read.

    Needs the role reviewer, in another organisation than the site's own.

    Example: dragon-ledger review approve 8c… --keystore reviewer.json --exchange ./documents
    """
    found = version_for(session.client, version)
    if _decided(session, found, DecisionKind.APPROVE):
        session.already(f"your organisation has approved version {shown(version)}.")
        return
    report = fetch_report(session.exchange, found)
    print_report(report, session.console)
    if not yes:
        typer.confirm("Have you read this report, and do you approve?", abort=True)
    statement = _statement(session, found, "approve", 0, words)
    arguments = (version, found.qc_report, report.sealed.rule_set, statement)
    session.send(f"version {shown(version)} approved", "DatasetRegistry", "approve", *arguments)


@app.command()
@acting
def reject(session: Session, version: Version, reason: Reason, words: Words = "") -> None:
    """Reject a version for good, before it is approved.

    Example: dragon-ledger review reject 8c… --reason 4 --keystore reviewer.json
    """
    _decide_once(session, version, "reject", VersionFlag.REJECTED, reason, words)


@app.command()
@acting
def revoke(session: Session, version: Version, reason: Reason, words: Words = "") -> None:
    """Revoke a version: every model that it flowed into falls.

    Example: dragon-ledger review revoke 8c… --reason 1 --keystore reviewer.json
    """
    _decide_once(session, version, "revoke", VersionFlag.REVOKED, reason, words)


@app.command()
@acting
def reinstate(session: Session, version: Version, reason: Reason, words: Words = "") -> None:
    """Undo a revocation by mistake; it takes two organisations, not the site's or the revoker's.

    Example: dragon-ledger review reinstate 8c… --reason 7 --keystore reviewer.json
    """
    found = version_for(session.client, version)
    last = found.decisions[-1] if found.decisions else None
    own = last is not None and last.act.organisation == session.account.organisation
    if last is not None and last.kind is DecisionKind.REINSTATE and own:
        session.already(f"your organisation has reinstated version {shown(version)}.")
        return
    _decide(session, found, "reinstate", reason, words)


def _decide_once(
    session: Session, version: bytes, act: str, flag: VersionFlag, reason: int, words: str
) -> None:
    """Decide, unless the version is in the state that the decision leads to."""
    found = version_for(session.client, version)
    if flag in found.flags:
        session.already(f"version {shown(version)} is {flag_names(flag)}.")
        return
    _decide(session, found, act, reason, words)


def _decide(session: Session, version: DatasetVersion, act: str, reason: int, words: str) -> None:
    statement = _statement(session, version, act, reason, words)
    done = f"version {shown(version.id)}: {act} ({VERSION_REASONS.get(reason, reason)})"
    session.send(done, "DatasetRegistry", act, version.id, reason, statement)


def _statement(
    session: Session, version: DatasetVersion, act: str, reason: int, words: str
) -> bytes:
    document = seal_decision(
        session.ledger("DatasetRegistry"),
        organisation=session.account.organisation,
        version=version.id,
        decision=act,
        reason=reason,
        words=words,
    )
    session.exchange.put(document.data)
    return document.digest


def _decided(session: Session, version: DatasetVersion, kind: DecisionKind) -> bool:
    """Whether the acting organisation has made this decision."""
    own = session.account.organisation
    return any(
        decision.kind is kind and decision.act.organisation == own for decision in version.decisions
    )
