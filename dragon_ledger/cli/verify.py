"""`dragon-ledger verify`: the verdict on a model file, on the terminal."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from dragon_ledger.errors import ConfigurationError, InputError, NodeUnavailable

if TYPE_CHECKING:
    from dragon_ledger.chain.network import Network
    from dragon_ledger.provenance.bundle.known import Demands
    from dragon_ledger.provenance.results import Presented

app = typer.Typer(help="The verdict on a model file.")
EXIT_CODES = {"valid": 0, "not valid": 1, "not verifiable": 2}
SECONDS = 60.0
NETWORK_DEFAULT = Path("network.json")
_HASH = re.compile(r"(0x)?[0-9a-fA-F]{64}", re.ASCII)


@app.command()
def verify(
    model: Annotated[Path, typer.Argument(help="The model file (HDF5).")],
    api: Annotated[str | None, typer.Option(help="Address of a verdict service.")] = None,
    rpc: Annotated[
        list[str] | None,
        typer.Option(help="A node to ask, instead of the network file's; repeatable."),
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(
            help="The consortium's network file, to ask a node or nobody (default: network.json"
            " here). Alone, it asks the nodes that it names."
        ),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File with a bearer token for the service.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="An evidence bundle to check offline.")
    ] = None,
    max_age: Annotated[
        int | None, typer.Option(min=0, help="Seconds that the bundle's block may be old.")
    ] = None,
    at_least_block: Annotated[
        int | None, typer.Option(min=0, help="The bundle must not be of an earlier block.")
    ] = None,
    accept_checkpoint: Annotated[
        str | None,
        typer.Option(help="Hash of the bundle's block, taken on its operator's word: no seals."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The verdict as JSON.")] = False,
) -> None:
    """Say whether this very file traces back to approved dataset versions that still stand.

    Only digests leave this machine. Exit status: 0 valid, 1 not valid, 2 not verifiable, 3 misuse.

    Examples:
      dragon-ledger verify model.h5 --api https://ledger.example

      dragon-ledger verify model.h5 --rpc http://127.0.0.1:8545

      dragon-ledger verify model.h5 --bundle model.evidence.json --network network.json
    """
    _refuse_contradictions(
        {"--api": api, "--rpc": rpc, "--bundle": bundle},
        {"--network": network, "--token-file": token_file},
        {
            "--max-age": max_age,
            "--at-least-block": at_least_block,
            "--accept-checkpoint": accept_checkpoint,
        },
    )
    if api is not None:
        verdict, trace = _ask_service(digests_of_file(model), api, token_file)
    elif bundle is None:
        verdict, trace = _ask_node(model, _load_network(network), rpc)
    else:
        demands = _demands(max_age, at_least_block, accept_checkpoint)
        verdict, trace = _ask_nobody(model, bundle, _load_network(network), demands)
    if as_json:
        typer.echo(json.dumps(verdict))
    else:
        from dragon_ledger.cli.verdict_view import show  # noqa: PLC0415 (start-up stays light)

        show(Console(), model.name, verdict, trace)
    raise typer.Exit(EXIT_CODES[verdict["answer"]])


def _refuse_contradictions(
    sources: Mapping[str, object], details: Mapping[str, object], demands: Mapping[str, object]
) -> None:
    """Options by name, None where absent: one source, and only what goes with it."""
    asked = [name for name, value in sources.items() if value]
    if not asked and details["--network"] is None:
        raise ConfigurationError(
            "say whom to ask: --api URL (a verdict service), --rpc URL or --network FILE"
            " (a node, with nobody in between), or --bundle FILE (nobody)"
        )
    if len(asked) > 1:
        raise ConfigurationError(f"{' and '.join(asked)}: one answer comes from one of them")
    source = asked[0] if asked else "--rpc"
    refused = "--network" if source == "--api" else "--token-file"
    if details[refused] is not None:
        raise ConfigurationError(f"{refused} does not go with {source}")
    about_bundle = [name for name, value in demands.items() if value is not None]
    if about_bundle and source != "--bundle":
        raise ConfigurationError(f"{', '.join(about_bundle)}: about a --bundle only")


def _load_network(file: Path | None) -> Network:
    """The network file, before a large model is read: it says what a source is believed about."""
    from dragon_ledger.chain.network import Network  # noqa: PLC0415 (start-up stays light)

    if file is None and not NETWORK_DEFAULT.exists():
        raise ConfigurationError(
            f"no {NETWORK_DEFAULT} here: which chain and contracts count must not come from whom"
            " you ask. Get the consortium's network.json, compare its SHA-256 with what several"
            " members tell you, and name it with --network FILE"
        )
    return Network.load(file or NETWORK_DEFAULT)


def digests_of_file(model: Path) -> Presented:
    """Both digests of the file; a file without content digest can still be known by its bytes."""
    from dragon_ledger.digests.file import file_digest  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.digests.hdf5.worker import Hdf5Worker  # noqa: PLC0415
    from dragon_ledger.provenance.results import Presented  # noqa: PLC0415

    with _bar() as bar, Hdf5Worker() as worker:
        by_bytes = file_digest(model, _step(bar, "reading bytes")).value
        try:
            return Presented(by_bytes, worker.digest(model, _step(bar, "reading content")).value)
        except InputError as error:
            return Presented(by_bytes, None, str(error))


def _bar() -> Progress:
    """Shown on a terminal only, and gone when it is done."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _step(bar: Progress, words: str) -> Callable[[int, int], None]:
    task = bar.add_task(words, total=None)
    return lambda done, size: bar.update(task, completed=done, total=size)


def _ask_node(
    model: Path, network: Network, rpc: list[str] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts straight from a node, judged here."""
    from dragon_ledger.chain.client import Client  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.chain.facts import facts_for  # noqa: PLC0415
    from dragon_ledger.provenance.presented import facts_of_file  # noqa: PLC0415
    from dragon_ledger.provenance.to_json import verdict_json  # noqa: PLC0415
    from dragon_ledger.provenance.trace import trace  # noqa: PLC0415
    from dragon_ledger.provenance.verdict import judge  # noqa: PLC0415

    presented = digests_of_file(model)
    client = Client(network, rpc)
    try:
        facts = facts_of_file(presented, lambda digest: facts_for(client, digest))
    finally:
        client.close()
    verdict = judge(facts, int(time.time()), presented)
    return verdict_json(verdict), trace(facts).to_json()


def _demands(max_age: int | None, at_least_block: int | None, checkpoint: str | None) -> Demands:
    from dragon_ledger.provenance.bundle.known import Demands  # noqa: PLC0415

    accepted = None
    if checkpoint is not None:
        if not _HASH.fullmatch(checkpoint):
            raise ConfigurationError("--accept-checkpoint: expected 0x and 64 hexadecimal digits")
        accepted = bytes.fromhex(checkpoint.removeprefix("0x"))
    return Demands(int(time.time()), max_age, at_least_block, accepted)


def _ask_nobody(
    model: Path, bundle: Path, network: Network, demands: Demands
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts out of an evidence bundle: no socket is opened."""
    from dragon_ledger.cli.evidence_check import known_network, read_bundle  # noqa: PLC0415
    from dragon_ledger.provenance.bundle.verify import verify as prove  # noqa: PLC0415
    from dragon_ledger.provenance.to_json import verdict_json  # noqa: PLC0415
    from dragon_ledger.provenance.trace import trace  # noqa: PLC0415
    from dragon_ledger.provenance.verdict import judge  # noqa: PLC0415

    presented = digests_of_file(model)
    evidence = prove(read_bundle(bundle), known_network(network), demands)
    facts = evidence.facts_of_file(presented)
    return verdict_json(judge(facts, demands.now, presented)), trace(facts).to_json()


def _ask_service(
    presented: Presented, url: str, token_file: Path | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Verdict and trace from a service that is told the digests only."""
    query = {"file_digest": presented.file_digest.hex()}
    if presented.content is not None:
        query["content_digest"] = presented.content.hex()
    verdict = _get(f"{url.rstrip('/')}/v1/verdicts", query, token_file)
    if verdict.get("format") != "dragon-verdict/1" or verdict.get("answer") not in EXIT_CODES:
        raise NodeUnavailable(f"{url}: answered with something else than a verdict")
    return verdict, _get(f"{url.rstrip('/')}/v1/traces/{verdict['digest']}", {}, token_file)


def _get(url: str, query: dict[str, str], token_file: Path | None) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 (start-up stays light)

    headers = {"Authorization": f"Bearer {_token(token_file)}"} if token_file else {}
    try:
        answer = httpx.get(url, params=query, headers=headers, timeout=SECONDS)
        body = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise NodeUnavailable(f"{url}: no usable answer: {error}") from error
    if not answer.is_success or not isinstance(body, dict):
        detail = body.get("detail", "") if isinstance(body, dict) else ""
        raise NodeUnavailable(f"{url}: {answer.status_code} {detail}")
    return body


def _token(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: cannot be read as a token file: {error}") from error
