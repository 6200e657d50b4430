"""`dragon-ledger evidence`: what an auditor takes away to check a model without any node."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from dragon_ledger.errors import InputError

if TYPE_CHECKING:
    from dragon_ledger.cli.evidence_bundle import Fetch
    from dragon_ledger.provenance.bundle.known import KnownNetwork
    from dragon_ledger.provenance.bundle.verify import Evidence
    from dragon_ledger.provenance.qbft.faults import Fault

app = typer.Typer(
    no_args_is_help=True,
    help="Evidence bundles: export, refresh, compare."
    "\n\nExample: dragon-ledger evidence export model.h5 -o model.evidence.json",
)
_DIGEST = re.compile(r"(0x)?[0-9a-fA-F]{64}", re.ASCII)

NetworkFile = Annotated[Path, typer.Option("--network", help="The consortium's network.json.")]
RpcUrls = Annotated[
    list[str] | None, typer.Option("--rpc", help="A node, instead of the network file's.")
]
BlockNumber = Annotated[
    int | None, typer.Option("--block", min=0, help="As of this block; the newest without it.")
]
ExchangeAt = Annotated[
    str | None,
    typer.Option(
        "--exchange", help="Attach plans, reports, statements from here: API address or folder."
    ),
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="File (mode 0600) with the API's bearer token.")
]


@app.command()
def export(
    what: Annotated[str, typer.Argument(help="A model file (HDF5), or a digest of 64 digits.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the bundle goes.")],
    network: NetworkFile = Path("network.json"),
    rpc: RpcUrls = None,
    block: BlockNumber = None,
    exchange: ExchangeAt = None,
    token_file: TokenFile = None,
) -> None:
    """Write one file from which anyone finds the verdict without any node.

    A node proves recent blocks only: export when the fact is new. The bundle is verified before
    it is written.

    Examples:
      dragon-ledger evidence export model.h5 -o model.evidence.json

      dragon-ledger evidence export 5b0c… -o model.evidence.json --exchange https://ledger.example
    """
    _write(_digests(what), output, network, rpc, block, _fetch(exchange, token_file))


@app.command()
def refresh(
    bundle: Annotated[Path, typer.Argument(help="The bundle to bring up to date.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Elsewhere than in its place.")
    ] = None,
    network: NetworkFile = Path("network.json"),
    rpc: RpcUrls = None,
    block: BlockNumber = None,
) -> None:
    """Prove the same digests as of a newer block; attachments stay.

    Example:
      dragon-ledger evidence refresh model.evidence.json
    """
    from dragon_ledger.cli.evidence_check import read_bundle  # noqa: PLC0415 (start-up)
    from dragon_ledger.provenance.bundle.parse import parse  # noqa: PLC0415

    old = parse(read_bundle(bundle))
    kept = old.attachments
    _write(list(old.digests), output or bundle, network, rpc, block, kept.get if kept else None)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A bundle.")],
    second: Annotated[Path, typer.Argument(help="Another bundle of the same network.")],
    network: NetworkFile = Path("network.json"),
) -> None:
    """Look for two sealed blocks of one height: evidence that validators sealed two histories.

    Exit status: 0 none found, 1 there are two (or a bundle is refused).

    Example:
      dragon-ledger evidence compare theirs.evidence.json mine.evidence.json
    """
    from dragon_ledger.chain.network import Network  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.cli.evidence_check import known_network, read_bundle  # noqa: PLC0415
    from dragon_ledger.cli.verdict_view import print_network_file  # noqa: PLC0415
    from dragon_ledger.provenance.bundle.compare import contradiction  # noqa: PLC0415
    from dragon_ledger.provenance.bundle.known import Demands  # noqa: PLC0415

    known = known_network(Network.load(network))
    now = Demands(int(time.time()))
    fault = contradiction(read_bundle(first), read_bundle(second), known, now)
    console = Console(soft_wrap=True)
    if fault is None:
        console.print("No contradiction: no height at which both carry a sealed block has two.")
    else:
        console.print(Text(_accusation(fault, known), style="red"))
    print_network_file(known.fingerprint, console)
    raise typer.Exit(0 if fault is None else 1)


def _accusation(fault: Fault, known: KnownNetwork) -> str:
    hashes = " and ".join(f"0x{one.hex()}" for one in fault.hashes)
    names = {} if known.validators is None else known.validators.names
    both = ", ".join(sorted(names.get(one, f"0x{one.hex()}") for one in fault.both))
    return (
        f"Block {fault.number} was sealed twice, as {hashes}. Who sealed both: {both or 'nobody'}."
        " One chain has one block of a height: keep both files, they are evidence. Trust neither."
    )


def _write(
    digests: list[bytes],
    output: Path,
    network: Path,
    rpc: list[str] | None,
    block: int | None,
    fetch: Fetch | None,
) -> None:
    from dragon_ledger.chain.client import Client  # noqa: PLC0415 (start-up stays light)
    from dragon_ledger.chain.network import Network  # noqa: PLC0415
    from dragon_ledger.cli.evidence_bundle import export as export_bundle  # noqa: PLC0415
    from dragon_ledger.site.store import write_whole  # noqa: PLC0415

    console = Console(stderr=True, soft_wrap=True)
    client = Client(Network.load(network), rpc)
    try:
        with console.status("asking the node for facts and proofs"):
            data, evidence = export_bundle(client, digests, block, fetch)
    finally:
        client.close()
    write_whole(output, data)
    for line in _said(output, len(data), evidence):
        console.print(Text(line))


def _said(output: Path, size: int, evidence: Evidence) -> list[str]:
    from dragon_ledger.cli.verdict_view import network_words  # noqa: PLC0415 (start-up)
    from dragon_ledger.provenance.to_json import as_of_json  # noqa: PLC0415

    as_of = evidence.as_of
    lines = [
        f"{output}: {size} bytes, as of block {as_of.block}, hash 0x{as_of.block_hash.hex()}",
        *(_known(evidence, digest) for digest in evidence.bundle.digests),
        as_of.seals.detail + ".",
        *network_words(as_of_json(as_of)),
    ]
    if as_of.seals.verified is None:
        lines.append(
            "Whoever takes that word verifies with --accept-checkpoint and the block's hash, from a"
            " source of their own."
        )
    return lines


def _known(evidence: Evidence, digest: bytes) -> str:
    facts = evidence.facts(digest)
    if not facts.releases and not facts.origins:
        return f"{digest.hex()}: proved to be recorded nowhere"
    counts = f"{len(facts.releases)} releases, {len(facts.runs)} runs"
    return f"{digest.hex()}: {counts}, {len(facts.versions)} dataset versions"


def _digests(what: str) -> list[bytes]:
    if _DIGEST.fullmatch(what) and not Path(what).exists():
        return [bytes.fromhex(what.removeprefix("0x"))]
    if not Path(what).is_file():
        raise InputError(f"{what}: neither a file nor a digest of 64 hexadecimal digits")
    from dragon_ledger.cli.verify import digests_of_file  # noqa: PLC0415 (start-up stays light)

    presented = digests_of_file(Path(what))
    found = [presented.file_digest]
    return found if presented.content is None else [presented.content, *found]


def _fetch(exchange: str | None, token_file: Path | None) -> Fetch | None:
    if exchange is None:
        return None
    from dragon_ledger.cli.session import exchange_at  # noqa: PLC0415 (start-up stays light)

    return exchange_at(exchange, token_file).get
