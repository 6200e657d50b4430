"""`dragon-ledger site`: the site agent, for IT engineers of a hospital."""

from __future__ import annotations

import json
import signal
import threading
from datetime import datetime
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
from dragon_ledger.cli.values import (
    declaration_name,
    parse_declaration,
    parse_digest,
    parse_partner,
)
from dragon_ledger.errors import InputError
from dragon_ledger.records import Declaration
from dragon_ledger.site.config import DECLARATIONS, SiteChoices, SiteConfig
from dragon_ledger.site.event_log import log_to_stderr

app = typer.Typer(
    no_args_is_help=True,
    help="The site agent: checks transfers, registers dataset versions, commits updates."
    "\n\nExample: dragon-ledger site status /srv/dragon",
)

Folder = Annotated[Path, typer.Argument(help="The agent's folder, made by `site init`.")]
# Stands in site.toml where no approval is declared; nothing reads it then.
_EXAMPLE_DAY = "2027-12-31"
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File (mode 0600) with the password of the keys; asked for without it."),
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to make the agent's folder.")],
    partner: Annotated[
        str,
        typer.Option(
            parser=parse_partner,
            metavar="NAME",
            help="Partner identifier of Table 3, 1 to 10 letters, digits, _ or -.",
        ),
    ],
    organisation: Annotated[int, typer.Option(min=0, max=255, help="Number of your member.")],
    network: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The consortium's network.json.")
    ],
    exchange: Annotated[str, typer.Option(help="The API's address, or a shared folder.")],
    purpose: Annotated[
        bytes,
        typer.Option(
            parser=parse_digest,
            metavar="DIGEST",
            help="Digest of the purpose, 64 hexadecimal digits ('aggregator purpose' prints it).",
        ),
    ],
    password_file: PasswordFile = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the API's token.")] = None,
    poll: Annotated[float, typer.Option(help="Seconds between two looks.")] = 5.0,
    declaration: Annotated[
        list[Declaration] | None,
        typer.Option(
            "--declaration",
            "--declare",
            parser=parse_declaration,
            metavar="NAME",
            help=f"A declaration that you hold, repeatable: {', '.join(DECLARATIONS)}.",
        ),
    ] = None,
    ethics_expires: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Last day of the ethics approval; needed when you declare one.",
        ),
    ] = None,
) -> None:
    """Make the agent's folder: keys, configuration with comments, inbox, drop folder.

    Example: dragon-ledger site init /srv/dragon --partner HOSP1 --organisation 1
    --network network.json --exchange https://ledger.example --purpose 3f…
    --declaration ethics-committee-approval --declaration consent-forms-on-file
    --ethics-expires 2027-12-31
    """
    from dragon_ledger.site.setup import init_site  # noqa: PLC0415 (start-up stays light)

    declared = tuple(dict.fromkeys(declaration or ()))
    if Declaration.ETHICS_APPROVAL in declared and ethics_expires is None:
        raise InputError(
            "an ethics approval is declared: give its last day, such as --ethics-expires 2027-12-31"
        )
    choices = SiteChoices(
        partner=partner,
        organisation=organisation,
        network=str(network.resolve()),
        exchange=exchange if "://" in exchange else str(Path(exchange).resolve()),
        purpose=purpose.hex(),
        token_file=str(token_file.resolve()) if token_file else "",
        password_file=str(password_file.resolve()) if password_file else "",
        poll_seconds=poll,
        declarations=tuple(declaration_name(flag) for flag in declared),
        ethics_expires=str(ethics_expires.date()) if ethics_expires else _EXAMPLE_DAY,
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

    Example: dragon-ledger site run /srv/dragon
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
    """Show whether the agent runs, what waits and why, and what was refused.

    Needs no password, and works while the agent runs.

    Example: dragon-ledger site status /srv/dragon
    """
    show_status(folder, "agent", as_json=as_json)


@app.command()
def versions(folder: Folder, as_json: AsJson = False) -> None:
    """List the site's own dataset versions: id, outcome of the quality check, transfer.

    Oldest first, without those that were erased. Works while the agent runs, but needs the
    password: names of transfers are kept encrypted. What others decided: 'review show ID'.

    Example: dragon-ledger site versions /srv/dragon
    """
    from dragon_ledger.site.agent import open_records  # noqa: PLC0415 (start-up stays light)

    config = SiteConfig.load(folder)
    password = read_password(config.connection.password_file, "Password of the keys: ")
    with open_records(config, password) as (database, _):
        found = [
            {"version": version.hex(), "outcome": facts["outcome"], "transfer": facts["transfer"]}
            for version, facts in database.versions()
        ]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    elif not found:
        typer.echo("no version yet; a complete transfer in the inbox becomes one")
    else:
        for one in found:
            line = f"{one['version']}  {one['outcome']:14}  {one['transfer']}"
            Console(soft_wrap=True, emoji=False).out(line, highlight=False)


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
