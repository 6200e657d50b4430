"""`dragon-ledger site`: the site agent, for IT engineers of a hospital."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dragon_ledger.chain.accounts import read_password
from dragon_ledger.cli import site_data
from dragon_ledger.cli.status_view import (
    new_password,
    outbox,
    show_status,
)
from dragon_ledger.site.config import DECLARATIONS, SiteChoices, SiteConfig
from dragon_ledger.site.event_log import log_to_stderr

app = typer.Typer(
    no_args_is_help=True,
    help="The site agent: checks transfers, registers dataset versions, commits updates.",
)

Folder = Annotated[Path, typer.Argument(help="The agent's folder, made by `site init`.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File (mode 0600) with the password of the keys; asked for without it."),
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to make the agent's folder.")],
    partner: Annotated[str, typer.Option(help="Partner identifier of Table 3.")],
    organisation: Annotated[int, typer.Option(min=0, max=255, help="Number of your member.")],
    network: Annotated[Path, typer.Option(help="The consortium's network.json.")],
    exchange: Annotated[str, typer.Option(help="The API's address, or a shared folder.")],
    purpose: Annotated[str, typer.Option(help="Digest of the purpose, 64 hexadecimal digits.")],
    password_file: PasswordFile = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the API's token.")] = None,
    poll: Annotated[float, typer.Option(help="Seconds between two looks.")] = 5.0,
    declare: Annotated[
        list[str] | None,
        typer.Option(help=f"A declaration that you hold: {', '.join(DECLARATIONS)}."),
    ] = None,
    ethics_expires: Annotated[str, typer.Option(help="Last day of the approval.")] = "2027-12-31",
) -> None:
    """Make the agent's folder: keys, configuration with comments, inbox, drop folder.

    Example: dragon-ledger site init /srv/dragon --partner HOSP1 --organisation 1
    --network network.json --exchange https://ledger.example --purpose 3f…
    """
    from dragon_ledger.site.setup import init_site  # noqa: PLC0415 (start-up stays light)

    choices = SiteChoices(
        partner=partner,
        organisation=organisation,
        network=str(network.resolve()),
        exchange=exchange if "://" in exchange else str(Path(exchange).resolve()),
        purpose=purpose,
        token_file=str(token_file.resolve()) if token_file else "",
        password_file=str(password_file.resolve()) if password_file else "",
        poll_seconds=poll,
        declarations=tuple(declare or ()),
        ethics_expires=ethics_expires,
    )
    password = new_password(password_file)
    address = init_site(folder, choices, password)
    console = Console(soft_wrap=True)
    console.print(f"{folder}/site.toml is written; read it and adjust it.")
    console.print("Account to be enrolled by your organisation's root (role SITE):")
    console.out(f"0x{address.hex()}", highlight=False)


@app.command()
def run(folder: Folder, rehash: site_data.Rehash = False) -> None:
    """Work until stopped (Ctrl-C or SIGTERM): inbox, drop folder, chain, exchange.

    Kill it anywhere and start it again: nothing is lost and nothing is done twice.
    """
    from dragon_ledger.quality.derivation import rules_from  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.site.agent import open_agent  # noqa: PLC0415 (as above)

    config = SiteConfig.load(folder)
    log_to_stderr()
    stop = stop_on_signals()
    password = read_password(config.connection.password_file, "Password of the keys: ")
    with open_agent(config, password, rules_from(config.rule_set), reread=rehash) as agent:
        agent.run(stop)


@app.command()
def status(folder: Folder, as_json: AsJson = False) -> None:
    """Show whether the agent runs, what waits and why, and what was refused."""
    show_status(folder, as_json=as_json)


app.command()(outbox)


for _command in (
    site_data.check,
    site_data.rules,
    site_data.register,
    site_data.report,
    site_data.supersede,
    site_data.retire,
    site_data.erase,
):
    app.command()(_command)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
