"""`dragon-ledger aggregator`: for the coordinating centre."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dragon_ledger.chain.accounts import read_password
from dragon_ledger.cli.site import stop_on_signals
from dragon_ledger.cli.status_view import (
    new_password,
    outbox,
    show_status,
)
from dragon_ledger.errors import AlreadyRunning, InputError
from dragon_ledger.federation.config import AggregatorConfig
from dragon_ledger.site.event_log import log_to_stderr
from dragon_ledger.site.lock import holder

app = typer.Typer(
    no_args_is_help=True,
    help="The aggregator: opens runs, hands out committed updates, closes rounds."
    "\n\nExample: dragon-ledger aggregator status /srv/centre",
)

Folder = Annotated[Path, typer.Argument(help="The folder made by `aggregator init`.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to make the folder.")],
    organisation: Annotated[int, typer.Option(min=0, max=255, help="Number of your member.")],
    network: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The consortium's network.json.")
    ],
    exchange: Annotated[str, typer.Option(help="The API's address, or a shared folder.")],
    password_file: Annotated[
        Path | None, typer.Option(help="File (mode 0600) with the password of the keys.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the API's token.")] = None,
    poll: Annotated[float, typer.Option(help="Seconds between two looks.")] = 5.0,
) -> None:
    """Make the aggregator's folder: keys, configuration with comments, places for models.

    Example: dragon-ledger aggregator init /srv/centre --organisation 9 --network network.json
    --exchange https://ledger.example --token-file token
    """
    from dragon_ledger.federation.setup import init_aggregator  # noqa: PLC0415 (light start-up)
    from dragon_ledger.site.config import SiteChoices  # noqa: PLC0415 (as above)

    choices = SiteChoices(
        partner="",
        organisation=organisation,
        network=str(network.resolve()),
        exchange=exchange if "://" in exchange else str(Path(exchange).resolve()),
        purpose="",
        token_file=str(token_file.resolve()) if token_file else "",
        password_file=str(password_file.resolve()) if password_file else "",
        poll_seconds=poll,
    )
    password = new_password(password_file)
    address = init_aggregator(folder, choices, password)
    console = Console(soft_wrap=True)
    console.print(f"{folder}/aggregator.toml is written; read it and adjust it.")
    console.print("Account to be enrolled by your organisation's root (role AGGREGATOR):")
    console.out(f"0x{address.hex()}", highlight=False)


@app.command()
def purpose(
    text: Annotated[str, typer.Argument(help="What the data are used for, in words.")],
    output: Annotated[Path, typer.Argument(help="Where to write the sealed document.")],
) -> None:
    """Seal a purpose; prints the digest that plans and sites' configurations name.

    Hand the document to every member: `site init --purpose` takes the digest, the plan both.

    Example: dragon-ledger aggregator purpose "Tell a positive test from a CT scan." purpose.json
    """
    from dragon_ledger.site.statements import PURPOSE, seal  # noqa: PLC0415 (light start-up)
    from dragon_ledger.site.store import write_whole  # noqa: PLC0415 (as above)

    if output.exists():
        raise InputError(f"{output}: exists; a purpose is sealed once and then passed on")
    document = seal({"text": text}, PURPOSE)
    write_whole(output, document.data)
    Console(soft_wrap=True).out(document.digest.hex(), highlight=False)


@app.command("open-run")
def open_run(
    folder: Folder,
    plan: Annotated[Path, typer.Argument(help="The plan, JSON (docs/spec/statements/).")],
    model: Annotated[Path, typer.Option(help="The initial model, HDF5.")],
    participants: Annotated[str, typer.Option(help="Organisation numbers, such as 1,2,3.")],
    parent: Annotated[
        str, typer.Option(help="RUN:ROUND whose aggregate the initial model is.")
    ] = "",
    declaration: Annotated[
        Path | None, typer.Option(help="Sealed declaration of an external model's origin.")
    ] = None,
) -> None:
    """Open a run under a plan; prints the run's id, which is fixed before anything is sent.

    Without --parent and --declaration the initial model is one that anyone can make again from
    the plan's seed. When an aggregator works on the folder, the opening is left to it.

    Example: dragon-ledger aggregator open-run /srv/centre plan.json --model initial.h5
    --participants 1,2,3
    """
    from dragon_ledger.federation.opening import request_run  # noqa: PLC0415 (light start-up)

    config = AggregatorConfig.load(folder)
    request = request_run(config, plan, model, _numbers(participants), parent, declaration)
    console = Console(soft_wrap=True)
    console.out(request.act.run.hex(), highlight=False)
    password = read_password(config.connection.password_file, "Password of the keys: ")
    try:
        _carry_out(config, password)
    except AlreadyRunning:
        console.print(f"Left to the aggregator that runs (process {holder(folder)}).")


@app.command()
def run(folder: Folder) -> None:
    """Work until stopped (Ctrl-C or SIGTERM): requests, incoming updates, rounds, chain, exchange.

    Kill it anywhere and start it again: nothing is lost and nothing is done twice.

    Example: dragon-ledger aggregator run /srv/centre
    """
    from dragon_ledger.federation.aggregator import open_aggregator  # noqa: PLC0415 (light start)

    config = AggregatorConfig.load(folder)
    log_to_stderr()
    stop = stop_on_signals()
    password = read_password(config.connection.password_file, "Password of the keys: ")
    with open_aggregator(config, password) as aggregator:
        aggregator.run(stop)


@app.command()
def status(folder: Folder, as_json: AsJson = False) -> None:
    """Show whether the aggregator runs, what waits and why, and what was refused.

    Needs no password, and works while the aggregator runs.

    Example: dragon-ledger aggregator status /srv/centre
    """
    show_status(folder, "aggregator", as_json=as_json)


app.command()(outbox)


def _carry_out(config: AggregatorConfig, password: str) -> None:
    from dragon_ledger.federation.aggregator import open_aggregator  # noqa: PLC0415 (light start)

    with open_aggregator(config, password) as aggregator:
        aggregator.tick()


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as error:
        raise InputError(f"--participants {text!r}: expected numbers such as 1,2,3") from error
