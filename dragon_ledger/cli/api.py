"""`dragon-ledger api`: the verdict service, for whoever runs it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragon_ledger.errors import ConfigurationError

if TYPE_CHECKING:
    from api.settings import Settings
    from api.tokens import TokenStore

app = typer.Typer(
    no_args_is_help=True,
    help="The verdict service: HTTP API and web page."
    "\n\nExample: dragon-ledger api serve --config /srv/ledger-api/api.toml",
)
token = typer.Typer(
    no_args_is_help=True,
    help="Bearer tokens of the service.\n\nExample: dragon-ledger api token list",
)
app.add_typer(token, name="token")

Config = Annotated[Path, typer.Option("--config", help="The service's api.toml.")]
DAY = 24 * 3600


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to make the service's folder.")],
    network: Annotated[Path, typer.Option(help="The consortium's network.json.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8080,
) -> None:
    """Make the service's folder with a commented configuration.

    Example: dragon-ledger api init /srv/ledger-api --network network.json
    """
    from api.settings import template  # noqa: PLC0415 (start-up stays light)

    file = folder / "api.toml"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(template(network.resolve(), host, port))
    except FileExistsError as error:
        raise ConfigurationError(
            f"{file}: is there already; edit it, or delete it first"
        ) from error
    typer.echo(f"{file} is written; read it, adjust it, then: dragon-ledger api serve")


@app.command()
def serve(
    config: Config = Path("api.toml"),
    host: Annotated[str | None, typer.Option(help="Instead of the configured address.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Instead of the configured port.")
    ] = None,
) -> None:
    """Serve until stopped (Ctrl-C or SIGTERM).

    Example: dragon-ledger api serve --config /srv/ledger-api/api.toml
    """
    from api.serve import serve_forever  # noqa: PLC0415 (start-up stays light)
    from api.settings import load, with_address  # noqa: PLC0415

    serve_forever(with_address(load(config), host, port))


@token.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it; for your own list.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeat for more.")],
    config: Config = Path("api.toml"),
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it expires.")] = 90,
) -> None:
    """Make a token. It is shown once, on standard output, and stored only as a hash.

    Scopes: verdict:read, ledger:read, artefacts:read, artefacts:write.

    Example: dragon-ledger api token create --name hospital-1 --scope artefacts:read
    --scope artefacts:write > token.txt
    """
    made = _store(config).create(name, frozenset(scope), int(time.time()), days * DAY)
    typer.echo(made)


@token.command("list")
def list_tokens(config: Config = Path("api.toml")) -> None:
    """List tokens: who, what, until when; never the tokens themselves.

    Example: dragon-ledger api token list --config /srv/ledger-api/api.toml
    """
    table = Table("id", "name", "scopes", "expires", "state")
    now = int(time.time())
    for found in _store(config).all():
        state = "expired" if found.expires_at <= now else "valid"
        if found.revoked_at is not None:
            state = f"revoked {_day(found.revoked_at)}"
        scopes = ", ".join(sorted(found.scopes))
        table.add_row(str(found.id), found.name, scopes, _day(found.expires_at), state)
    Console().print(table)


@token.command()
def revoke(
    identifier: Annotated[int, typer.Argument(help="The token's id in 'api token list'.")],
    config: Config = Path("api.toml"),
) -> None:
    """End a token now.

    Example: dragon-ledger api token revoke 3 --config /srv/ledger-api/api.toml
    """
    _store(config).revoke(identifier, int(time.time()))
    typer.echo(f"token {identifier} is revoked")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _store(config: Path) -> TokenStore:
    from api.settings import load  # noqa: PLC0415 (start-up stays light)
    from api.tokens import TokenStore  # noqa: PLC0415

    settings: Settings = load(config)
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return TokenStore(settings.tokens)
