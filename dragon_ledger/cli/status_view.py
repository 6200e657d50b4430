"""What the commands of sites and aggregators share: status, outbox, passwords."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dragon_ledger.chain.accounts import read_password
from dragon_ledger.errors import InputError
from dragon_ledger.site.lock import FolderLock
from dragon_ledger.site.outbox import Entry, Outbox, State
from dragon_ledger.site.status import Status, entry_json, read_status
from dragon_ledger.site.workplace import OUTBOX_FILE

_STYLES = {State.QUEUED: "yellow", State.SENT: "cyan", State.FINAL: "green", State.REFUSED: "red"}


def show_status(folder: Path, worker: str, *, as_json: bool) -> None:
    """Print a folder's status; `worker` is what works on it, an agent or an aggregator."""
    status = read_status(folder)
    console = Console(soft_wrap=True)
    if as_json:
        console.out(json.dumps(status.to_json(), indent=1), highlight=False)
        return
    running = f"process {status.process}" if status.process else "not running"
    console.print(f"[bold]{folder}[/bold]  {worker}: {running}")
    counts = ", ".join(f"{status.count(state)} {state.value}" for state in State)
    console.print(f"outbox: {counts}; {len(status.unpublished)} documents wait for the exchange")
    _show_troubles(console, status)
    waiting = [entry for entry in status.entries if entry.state is not State.FINAL]
    if waiting:
        console.print(_table(waiting))


def outbox(
    folder: Annotated[Path, typer.Argument(help="The folder made by `init`.")],
    show: Annotated[str, typer.Option(help="Beginning of a key: its whole history.")] = "",
    retry: Annotated[str, typer.Option(help="Beginning of a refused key: try again.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List everything that was ever to go on chain, or look at one entry.

    A key may be cut: as much of it as the list shows is enough.

    Examples:
      dragon-ledger site outbox /srv/dragon
      dragon-ledger site outbox /srv/dragon --show register:63bec9478a11
      dragon-ledger aggregator outbox /srv/centre --retry close:5f0c2a
    """
    if retry:
        retry_entry(folder, retry)
    elif show:
        show_history(folder, show)
    else:
        show_outbox(folder, as_json=as_json)


def show_outbox(folder: Path, *, as_json: bool) -> None:
    """Print every entry of a folder's outbox."""
    status = read_status(folder)
    console = Console(soft_wrap=True)
    if as_json:
        entries = [entry_json(entry) for entry in status.entries]
        console.out(json.dumps(entries, indent=1), highlight=False)
    elif status.entries:
        console.print(_table(list(status.entries)))
    else:
        console.print("the outbox is empty")


def show_history(folder: Path, key: str) -> None:
    """Print every state that an entry was in.

    Raises:
        InputError: no key of an entry begins like this.
    """
    with closing(Outbox(folder / OUTBOX_FILE, read_only=True)) as outbox:
        entry = find_entry(outbox, key)
        console = Console(soft_wrap=True)
        console.print(Text(entry.key, style="bold"))
        for at, state, note in outbox.history(entry.id):
            console.print(Text(f"{_time(at)}  {state.value:8} {note}"))


def retry_entry(folder: Path, key: str) -> None:
    """Queue a refused entry again; nobody may work on the folder meanwhile.

    Raises:
        AlreadyRunning: an agent works on the folder.
        InputError: no key begins like this, or the entry was not refused.
    """
    with FolderLock(folder), closing(Outbox(folder / OUTBOX_FILE)) as outbox:
        outbox.retry(find_entry(outbox, key).key)


def new_password(file: Path | None) -> str:
    """The password for new keys, from a file, or asked for twice.

    Raises:
        InputError: the two differ.
    """
    password = read_password(file, "Password for the new keys: ")
    if file is None and password != read_password(None, "The same again: "):
        raise InputError("the two passwords differ; nothing was made")
    return password


def find_entry(outbox: Outbox, key: str) -> Entry:
    """The entry whose key begins with what a person typed.

    Raises:
        InputError: none does, or several.
    """
    found = [entry for entry in outbox.entries() if entry.key.startswith(key)]
    if len(found) != 1:
        raise InputError(f"outbox: {len(found)} entries begin with {key!r}; give more of the key")
    return found[0]


def _show_troubles(console: Console, status: Status) -> None:
    for name, (words, since) in status.troubles.items():
        console.print(Text(f"! {name}, since {_time(since)}: {words}", style="red"))
    for waiting in status.unpublished:
        if waiting.note:
            console.print(Text(f"! document {waiting.digest.hex()[:16]}: {waiting.note}", "red"))


def _table(entries: list[Entry]) -> Table:
    table = Table("entry", "state", box=None, pad_edge=False)
    # Whole digests even on a narrow screen: they are copied.
    table.add_column("what", overflow="fold")
    for entry in entries:
        state = Text(entry.state.value, style=_STYLES[entry.state])
        table.add_row(_short(entry), state, Text(entry.note))
    return table


def _short(entry: Entry) -> str:
    """The key with identifiers cut to what tells them apart on a screen."""
    return ":".join(part[:12] for part in entry.key.split(":"))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
