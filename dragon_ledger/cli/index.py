"""`dragon-ledger index`: the projection of the chain into SQL, for whoever runs a service."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dragon_ledger.chain.client import Client
    from dragon_ledger.index.follower import Follower, Synced

app = typer.Typer(
    no_args_is_help=True,
    help="The index: the chain's events in SQL, for lists and fast verdicts."
    "\n\nExample: dragon-ledger index status --database index.sqlite",
)

Database = Annotated[
    str,
    typer.Option(
        "--database", help="A file (SQLite), or a URL such as postgresql+psycopg://user@host/name."
    ),
]
NetworkFile = Annotated[Path, typer.Option("--network", help="The consortium's network.json.")]
Rpc = Annotated[
    list[str] | None, typer.Option(help="A node to ask; without it, those of the network file.")
]


@app.command()
def run(
    database: Database,
    network: NetworkFile,
    rpc: Rpc = None,
    once: Annotated[bool, typer.Option("--once", help="Stop at the newest final block.")] = False,
    poll: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 1.0,
) -> None:
    """Fill the index and keep it at the head of the chain until stopped (Ctrl-C or SIGTERM).

    Example: dragon-ledger index run --database index.sqlite --network network.json
    """
    from dragon_ledger.index.lock import writer_lock  # noqa: PLC0415 (start-up stays light)

    engine, client = _open(database, network, rpc)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with writer_lock(engine):
        _follow(engine, client, stop, None if once else poll)


@app.command()
def rebuild(database: Database, network: NetworkFile, rpc: Rpc = None) -> None:
    """Empty the index and read the whole chain again. Gives the same rows.

    Example: dragon-ledger index rebuild --database index.sqlite --network network.json
    """
    from dragon_ledger.index.database import clear  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.index.lock import writer_lock  # noqa: PLC0415

    engine, client = _open(database, network, rpc)
    with writer_lock(engine):
        clear(engine)
        _follow(engine, client, threading.Event(), None)


@app.command()
def status(
    database: Database,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show which chain the index is of, how far it has read, and how much is in it.

    Example: dragon-ledger index status --database index.sqlite
    """
    from dragon_ledger.index.database import open_database  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.index.status import describe  # noqa: PLC0415

    engine = open_database(index_url(database))
    with engine.connect() as connection:
        found = describe(connection)
    if as_json:
        typer.echo(json.dumps(found))
        return
    console = Console()
    for name, value in found.items():
        console.print(f"{name.replace('_', ' '):>16}  {value}", highlight=False)


def index_url(database: str) -> str:
    """An SQLAlchemy URL; a bare path is an SQLite file."""
    return database if "://" in database else f"sqlite:///{Path(database).absolute()}"


def _open(database: str, network: Path, rpc: list[str] | None) -> tuple[Engine, Client]:
    from dragon_ledger.chain.client import Client  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.chain.network import Network  # noqa: PLC0415
    from dragon_ledger.index.database import open_database  # noqa: PLC0415

    client = Client(Network.load(network), rpc)
    return open_database(index_url(database)), client


def _follow(engine: Engine, client: Client, stop: threading.Event, poll: float | None) -> None:
    """Pass after pass; a node that is away for a while is waited for."""
    from dragon_ledger.errors import InconsistentLogs, NodeUnavailable  # noqa: PLC0415
    from dragon_ledger.index.follower import Follower  # noqa: PLC0415

    console = Console(stderr=True, soft_wrap=True)
    follower = Follower(engine, client)
    while True:
        try:
            _report(console, _pass(console, follower), quiet=poll is not None)
        except (NodeUnavailable, InconsistentLogs) as error:
            if poll is None:
                raise
            console.print(str(error), style="yellow")
        if poll is None or stop.wait(poll):
            return


def _pass(console: Console, follower: Follower) -> Synced:
    with _bar(console) as bar:
        task = bar.add_task("reading blocks", total=None)
        return follower.sync(lambda at, of: bar.update(task, completed=at, total=of))


def _report(console: Console, done: Synced, *, quiet: bool) -> None:
    if quiet and not (done.added or done.taken_back):
        return
    words = f"block {done.reached.block}: {done.added} events added"
    if done.taken_back:
        words += f", {done.taken_back} blocks taken back (reorganisation)"
    console.print(words)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
