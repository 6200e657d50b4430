"""How a folder's status and outbox look on the terminal; for sites and aggregators alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dragon_ledger.errors import InputError
from dragon_ledger.site.outbox import Entry, Outbox, State
from dragon_ledger.site.status import Status, entry_json, read_status
from dragon_ledger.site.workplace import OUTBOX_FILE

_STYLES = {State.QUEUED: "yellow", State.SENT: "cyan", State.FINAL: "green", State.REFUSED: "red"}


def show_status(folder: Path, *, as_json: bool) -> None:
    """Print a folder's status."""
    status = read_status(folder)
    console = Console(soft_wrap=True)
    if as_json:
        console.out(json.dumps(status.to_json(), indent=1), highlight=False)
        return
    running = f"process {status.process}" if status.process else "not running"
    console.print(f"[bold]{folder}[/bold]  agent: {running}")
    counts = ", ".join(f"{status.count(state)} {state.value}" for state in State)
    console.print(f"outbox: {counts}; {len(status.unpublished)} documents wait for the exchange")
    _show_troubles(console, status)
    waiting = [entry for entry in status.entries if entry.state is not State.FINAL]
    if waiting:
        console.print(_table(waiting))


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
    outbox = Outbox(folder / OUTBOX_FILE, read_only=True)
    try:
        entry = find_entry(outbox, key)
        console = Console(soft_wrap=True)
        console.print(Text(entry.key, style="bold"))
        for at, state, note in outbox.history(entry.id):
            console.print(Text(f"{_time(at)}  {state.value:8} {note}"))
    finally:
        outbox.close()


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
    table = Table("entry", "state", "what", box=None, pad_edge=False)
    for entry in entries:
        state = Text(entry.state.value, style=_STYLES[entry.state])
        table.add_row(_short(entry), state, Text(entry.note))
    return table


def _short(entry: Entry) -> str:
    """The key with identifiers cut to what tells them apart on a screen."""
    return ":".join(part[:12] for part in entry.key.split(":"))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
