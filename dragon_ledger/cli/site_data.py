"""Commands of `dragon-ledger site` on transfers and versions: check, register, report, decide."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from dragon_ledger.chain.accounts import read_password
from dragon_ledger.cli.values import parse_digest
from dragon_ledger.errors import InputError, Refused
from dragon_ledger.provenance.reasons import VERSION_REASONS
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.event_log import log_to_stderr
from dragon_ledger.site.outbox import State
from dragon_ledger.site.store import write_whole

if TYPE_CHECKING:
    from dragon_ledger.quality.known import Progress as ReadSoFar
    from dragon_ledger.quality.report import QualityReport

Folder = Annotated[Path, typer.Argument(help="The agent's folder, made by `site init`.")]
Version = Annotated[
    bytes, typer.Argument(parser=parse_digest, help="Id of one of your dataset versions.")
]
_REASONS = "; ".join(f"{code} {words}" for code, words in VERSION_REASONS.items())
Reason = Annotated[int, typer.Option(min=1, max=255, help=f"Reason code: {_REASONS}.")]
Words = Annotated[str, typer.Option(help="Why, in words; sealed into the statement.")]
Rehash = Annotated[
    bool, typer.Option("--rehash", help="Read files again that are known and look unchanged.")
]
_EXIT = {"PASS": 0, "FAIL": 1, "NOT VERIFIABLE": 2}
PATIENCE_SECONDS = 300.0


def check(
    transfer: Annotated[Path, typer.Argument(help="Folder of the transfer.")],
    rules: Annotated[
        str | None,
        typer.Option(help="The rule set: a name, or a TOML file; the site's, else hds-1.0."),
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(help="The agent's folder: compare with all that the site transferred before."),
    ] = None,
    rehash: Rehash = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder for summary.json, annex.json and report.html.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0 takes one per core.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no report.")] = False,
) -> None:
    """Check a transfer and show the report; needs no agent and changes nothing.

    With --site, a transfer is also judged against all earlier ones, and a check
    that was ended by Ctrl-C does not read unchanged files of the inbox again.

    Exit status: 0 it passes, 1 it fails, 2 it cannot be verified.

    Examples:
      dragon-ledger site check /srv/upload/transfer-7 --output report
      dragon-ledger site check hospital/inbox/transfer-7 --site hospital
    """
    from dragon_ledger.quality.report_html import render_html  # noqa: PLC0415 (as above)
    from dragon_ledger.quality.report_terminal import render_report  # noqa: PLC0415 (as above)

    console = Console(stderr=quiet)
    with _bar(console, quiet=quiet) as bar:
        task = bar.add_task("checking", total=None)

        def show(at: ReadSoFar) -> None:
            bar.update(task, completed=at.done_bytes, total=max(1, at.total_bytes))

        def tell(done: int, total: int) -> None:
            words = f"completing the records of an older package: {done} of {total} files"
            bar.update(task, description="checking" if done == total else words)

        if site is not None:
            report = _report_at_site(site, transfer, rules, workers, (show, tell), rehash=rehash)
        elif rehash:
            raise InputError("--rehash: only with --site; without a site every file is read")
        else:
            report = _report(transfer, rules, workers, show)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_whole(output / "summary.json", report.summary_json())
        write_whole(output / "annex.json", report.annex_json(), 0o600)
        page = render_html(report.summary(), report.annex())
        write_whole(output / "report.html", page.encode(), 0o600)
    if not quiet:
        console.print(render_report(report.summary(), report.annex()))
    raise typer.Exit(_EXIT[str(report.outcome)])


def _report(
    transfer: Path, rules: str | None, workers: int, show: Callable[[ReadSoFar], None]
) -> QualityReport:
    from dragon_ledger.quality.check import check_transfer  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.quality.derivation import rules_from  # noqa: PLC0415 (as above)

    return check_transfer(
        transfer,
        rules_from(rules or "hds-1.0"),
        today=datetime.now(UTC).date(),
        progress=show,
        workers=workers or None,
    )


def _report_at_site(
    folder: Path,
    transfer: Path,
    rules: str | None,
    workers: int,
    shown: tuple[Callable[[ReadSoFar], None], Callable[[int, int], None]],
    *,
    rehash: bool,
) -> QualityReport:
    """The report on a transfer that knows the site's earlier ones; the chain is not asked.

    `shown` are told how far the check is, and how far records of an older package are completed.
    """
    from dragon_ledger.quality.derivation import rules_from  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.site.agent import open_records  # noqa: PLC0415 (as above)
    from dragon_ledger.site.earlier_transfers import EarlierTransfers  # noqa: PLC0415 (as above)
    from dragon_ledger.site.lineage import Lineage  # noqa: PLC0415 (as above)
    from dragon_ledger.site.quality_check import QualityCheck  # noqa: PLC0415 (as above)

    config = SiteConfig.load(folder)
    found = rules_from(rules or config.rule_set)
    with open_records(config, _password(config)) as (database, store):
        earlier = EarlierTransfers(database, store, Lineage(database, None))
        show, tell = shown
        earlier.upgrade(tell)
        check = QualityCheck(found, earlier, workers, threading.Event(), reread=rehash)
        own = transfer.resolve().parent == config.inbox.resolve()
        # A version's own memory must stay as it was when the version was made.
        keep = own and database.transfer(transfer.name) is None
        return check.report(transfer, own=own, keep=keep, show=show)


def rules(
    name: Annotated[str, typer.Argument(help="The rule set: a name, or a TOML file.")] = "hds-1.0",
    digest: Annotated[bool, typer.Option("--digest", help="Only its digest.")] = False,
) -> None:
    """Show a rule set: what is checked, the limits, and its digest as the consortium accepts it.

    Example: dragon-ledger site rules hds-1.0 --digest
    """
    from dragon_ledger.quality.derivation import rules_from  # noqa: PLC0415 (as above)
    from dragon_ledger.quality.report_terminal import render_rules  # noqa: PLC0415 (start-up)

    found = rules_from(name)
    if digest:
        typer.echo(found.digest.value.hex())
    else:
        Console().print(render_rules(found))


def register(
    folder: Folder,
    transfer: Annotated[Path, typer.Argument(help="Complete transfer in the agent's inbox.")],
    rehash: Rehash = False,
) -> None:
    """Check one transfer of the inbox, register it, and wait until it is on chain.

    For a site without an unattended agent; `site run` does the same by itself.

    Example: dragon-ledger site register /srv/dragon /srv/dragon/inbox/transfer-7
    """
    from dragon_ledger.quality.derivation import rules_from  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.site.agent import open_agent  # noqa: PLC0415 (as above)

    config = SiteConfig.load(folder)
    if transfer.resolve().parent != config.inbox.resolve():
        raise InputError(f"{transfer}: is not in the inbox {config.inbox}; move it there first")
    log_to_stderr()
    rules = rules_from(config.rule_set)
    with open_agent(config, _password(config), rules, reread=rehash) as agent:
        _until(agent.tick, lambda: agent.knows(transfer))
        version = agent.version_of(transfer)
        _wait(agent.tick, lambda: agent.state(f"register:{version.hex()}"))
    Console(soft_wrap=True).out(version.hex(), highlight=False)


def report(
    folder: Folder,
    version: Version,
    output: Annotated[Path, typer.Argument(help="Folder to write to; keep it to yourself.")],
) -> None:
    """Write a version's QC report in plain: summary, annex, page, sealed envelope, annex salt.

    The annex names subjects: show it to your reviewer only.

    Example: dragon-ledger site report /srv/dragon 8c… ./report-7
    """
    from dragon_ledger.site.agent import open_records  # noqa: PLC0415 (start-up stays light)

    config = SiteConfig.load(folder)
    with open_records(config, _password(config)) as (database, store):
        facts = database.version(version)
        if facts is None:
            raise InputError(f"version {version.hex()}: not in this folder, or erased")
        output.mkdir(parents=True, exist_ok=True)
        parts = {
            "summary.json": facts["summary"],
            "annex.json": facts["annex"],
            "report.html": facts["html"],
            "report.json": facts["registration"]["qc_report"],
        }
        for name, digest in parts.items():
            write_whole(output / name, store.get(bytes.fromhex(digest)), 0o600)
        salt = json.dumps({"annex_salt": facts["annex_salt"]})
        write_whole(output / "annex-salt.json", salt.encode(), 0o600)


def supersede(
    folder: Folder, version: Version, successor: Version, reason: Reason = 9, words: Words = ""
) -> None:
    """Say that a newer version of yours replaces a version; models made from it stay valid.

    Example: dragon-ledger site supersede /srv/dragon 8c… 5b…
    """
    _decide(folder, version, successor, reason, words)


def retire(folder: Folder, version: Version, reason: Reason, words: Words = "") -> None:
    """Say that a version's data are no longer kept; models made from it stay valid.

    Example: dragon-ledger site retire /srv/dragon 8c… --reason 11
    """
    _decide(folder, version, None, reason, words)


def erase(
    folder: Folder,
    version: Version,
    reason: Reason = 10,
    words: Words = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Retire a version and destroy what this folder holds of it: salts, records, files, view.

    What stays on chain says nothing about anyone afterwards. This cannot be undone. The transfer in
    the inbox and your backups are yours to delete.

    Example: dragon-ledger site erase /srv/dragon 8c… --reason 10
    """
    from dragon_ledger.site.agent import open_site  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.site.decisions import erase as destroy  # noqa: PLC0415 (as above)
    from dragon_ledger.site.decisions import queue_decision  # noqa: PLC0415 (as above)

    if not yes:
        typer.confirm(f"Destroy all of version {version.hex()} for good?", abort=True)
    config = SiteConfig.load(folder)
    console = Console(soft_wrap=True)
    with open_site(config, _password(config)) as (place, database):
        # Erasure is owed to people: it waits neither for the chain nor for the chain's consent.
        key = queue_decision(place, version, None, reason, words)
        console.print(f"erased; {destroy(config, place, database, version)} files removed")
        place.phase("outbox", place.to_chain)
        place.phase("exchange", place.documents.push)
        state, note = place.state(key)
    console.print(f"its retirement on chain is {state}: {note}")


def _decide(folder: Path, version: bytes, successor: bytes | None, reason: int, words: str) -> None:
    from dragon_ledger.site.agent import open_site  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.site.decisions import queue_decision  # noqa: PLC0415 (as above)

    config = SiteConfig.load(folder)
    log_to_stderr()
    with open_site(config, _password(config)) as (place, _):
        key = queue_decision(place, version, successor, reason, words)

        def work() -> None:
            place.phase("outbox", place.to_chain)
            place.phase("exchange", place.documents.push)

        note = _wait(work, lambda: place.state(key))
    act = key.partition(":")[0]
    Console(soft_wrap=True).print(f"version {version.hex()}: {act}, {note}", highlight=False)


def _wait(work: Callable[[], None], state: Callable[[], tuple[State, str]]) -> str:
    """Work until an entry is final, and say in which block it is.

    Raises:
        Refused: the contract refuses it.
    """
    _until(work, lambda: state()[0] in (State.FINAL, State.REFUSED))
    found, note = state()
    if found is State.REFUSED:
        raise Refused("Refused", {}, note)
    return note


def _until(work: Callable[[], None], done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not done():
        work()
        if time.monotonic() > deadline:
            raise InputError("not done within five minutes; `site status` says what it waits for")
        pause.wait(0.1)


def _password(config: SiteConfig) -> str:
    return read_password(config.connection.password_file, "Password of the keys: ")


def _bar(console: Console, *, quiet: bool) -> Progress:
    return Progress(
        "[progress.description]{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet,
    )
