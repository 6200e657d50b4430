"""`dragon-ledger network`: a permissioned network of QBFT validators."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from dragon_ledger.chain.embedded import running_pid
from dragon_ledger.chain.network import Network
from dragon_ledger.chain.qbft import creation, processes, signatures, watch
from dragon_ledger.chain.qbft.layout import LOOPBACK, Layout
from dragon_ledger.chain.qbft.programs import find_program
from dragon_ledger.cli.network_view import Picture, fingerprint, show
from dragon_ledger.cli.values import parse_address, shown
from dragon_ledger.errors import ConfigurationError, NodeUnavailable
from dragon_ledger.provenance.qbft.header import QbftHeader, encode_rpc_header, parse_header
from dragon_ledger.provenance.qbft.trust_root import read_trust_root

app = typer.Typer(
    no_args_is_help=True,
    help="A permissioned network of QBFT validators: files, processes, status, votes."
    "\n\nExample: dragon-ledger network create --validators 4 ./consortium",
)

Folder = Annotated[Path, typer.Argument(help="The network's folder.")]
NodeBinary = Annotated[
    Path | None,
    typer.Option(
        "--node-binary",
        help="Hyperledger Besu, or GoQuorum's geth (default: 'besu' on the PATH).",
    ),
]
Only = Annotated[
    list[str] | None, typer.Option("--member", help="Only this member's node; repeatable.")
]
Host = Annotated[
    list[str] | None,
    typer.Option(help="IP address of each validator's node, in order (default: this machine)."),
]


@app.command()
def create(
    folder: Folder,
    validators: Annotated[int, typer.Option(min=1, max=100, help="How many validators.")] = 4,
    name: Annotated[
        list[str] | None,
        typer.Option(help="Each validator's name, in order (default: member-1, member-2, ...)."),
    ] = None,
    host: Host = None,
    base_port: Annotated[
        int, typer.Option(help="First port; each member takes two: p2p and JSON-RPC.")
    ] = creation.BASE_PORT,
    block_period: Annotated[int, typer.Option(min=1, help="Seconds between blocks.")] = 1,
    request_timeout: Annotated[
        int, typer.Option(min=1, help="Seconds until the next proposer's turn.")
    ] = 1,
    account: Annotated[
        list[bytes] | None,
        typer.Option(
            parser=parse_address,
            help="Besu nodes take transactions of these accounts only; repeatable.",
        ),
    ] = None,
) -> None:
    """Write genesis, node keys, static peers, permissions and network.json into a new folder.

    FOLDER/NAME holds everything that one member's node needs; its key is readable by the owner
    only. Hand each folder to its member alone, and network.json to everybody.

    Example: dragon-ledger network create --validators 4 ./consortium
    """
    names = name or [f"member-{number}" for number in range(1, validators + 1)]
    choices = creation.Choices(
        names, host or (), base_port, block_period, request_timeout, account or ()
    )
    layout = creation.create(folder, choices)
    console = Console(soft_wrap=True)
    for member in layout.members:
        console.print(f"{member.name:16} 0x{member.address}  {member.url}")
    console.print(f"Chain {layout.chain_id}; written to {layout.network_file}.")
    console.print(f"SHA-256 of the network file: {fingerprint(layout.network_file)}")


@app.command("add-node")
def add_node(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="The new member's name.")],
    host: Annotated[str, typer.Option(help="IP address of its node.")] = LOOPBACK,
) -> None:
    """Write a further member's folder; the others' lists of peers get the new node.

    It takes part as a node, not as a validator, until the validators vote it in.

    Example: dragon-ledger network add-node ./consortium member-5
    """
    member = creation.add_member(Layout.load(folder), name, host).members[-1]
    Console(soft_wrap=True).print(f"{member.name}  0x{member.address}  {member.url}")


@app.command("remove-node")
def remove_node(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="The member that leaves.")],
) -> None:
    """Take a member's node out of every list of peers, after it was voted out and stopped.

    Its folder, with its key, stays where it is. Refused while it validates or runs.

    Example: dragon-ledger network remove-node ./consortium member-5
    """
    layout = Layout.load(folder)
    leaving = layout.member(name)
    if running_pid(layout.home(leaving)) is not None:
        raise ConfigurationError(f"{name}: its node runs; 'network down --member {name}' first")
    if bytes.fromhex(leaving.address) in _newest(layout).validators:
        raise ConfigurationError(
            f"{name}: validates; 'network vote drop 0x{leaving.address}' by more than half first"
        )
    creation.remove_member(layout, name)
    Console(soft_wrap=True).print(f"{name} is in no list any more; its folder is as it was.")


@app.command()
def up(folder: Folder, node_binary: NodeBinary = None, member: Only = None) -> None:
    """Start the nodes as plain processes that listen on this machine only.

    Each writes node.log and node.pid into its member's folder. Nodes that run already are left
    alone.

    Example: dragon-ledger network up ./consortium --node-binary ./besu/bin/besu
    """
    layout, console = Layout.load(folder), Console(soft_wrap=True)
    program = find_program(node_binary)
    with console.status(Text(f"starting {program.kind} nodes")):
        started = processes.start(layout, program, member or ())
    for one in started:
        console.print(f"{one.name:16} {one.url}")
    console.print(f"{len(started)} started ({program.kind}).")


@app.command()
def down(folder: Folder, member: Only = None) -> None:
    """Stop the nodes; their chain stays on disk.

    Example: dragon-ledger network down ./consortium
    """
    stopped = processes.stop(Layout.load(folder), member or ())
    Console(soft_wrap=True).print(f"{len(stopped)} stopped.")


@app.command()
def status(
    folder: Folder,
    blocks: Annotated[int, typer.Option(min=1, max=500, help="How many blocks to look at.")] = 50,
) -> None:
    """Show validators, height, round changes, who sealed and who is behind.

    Exit status 0: every node keeps up and blocks are sealed; 2: not so.

    Example: dragon-ledger network status ./consortium
    """
    layout = Layout.load(folder)
    network = Network.load(layout.network_file)
    nodes = {one.name: watch.look(network, one.url) for one in layout.members}
    found = _blocks(network, nodes, blocks)
    names = {bytes.fromhex(one.address): one.name for one in layout.members}
    picture = Picture.of(found, nodes, names, int(time.time()))
    show(Console(soft_wrap=True), layout, network, picture)
    raise typer.Exit(0 if picture.is_well else 2)


def _blocks(
    network: Network, nodes: Mapping[str, watch.NodeState], count: int
) -> list[dict[str, Any]]:
    """The newest blocks of the node that is furthest, oldest first."""
    best = max(nodes.values(), key=lambda node: -1 if node.height is None else node.height)
    if best.height is None:
        reasons = "\n".join(f"{name}: {node.trouble}" for name, node in nodes.items())
        raise NodeUnavailable(f"no node answers:\n{reasons}")
    return watch.newest_headers(network, best.url, best.height, count)


def _newest(layout: Layout) -> QbftHeader:
    network = Network.load(layout.network_file)
    nodes = {one.name: watch.look(network, one.url) for one in layout.members}
    return parse_header(encode_rpc_header(_blocks(network, nodes, 1)[-1]))


@app.command()
def vote(
    folder: Folder,
    ballot: Annotated[watch.Ballot, typer.Argument(help="What to vote.")],
    validator: Annotated[
        bytes, typer.Argument(parser=parse_address, help="The address that is voted on.")
    ],
    member: Only = None,
) -> None:
    """Vote a validator in or out, each member through its own node on its own machine.

    More than half of the validators decide. The new set seals from the next block on; withdraw
    the votes when it is decided.

    Example: dragon-ledger network vote ./consortium add 0x… --member member-1
    """
    layout = Layout.load(folder)
    chosen = [layout.member(name) for name in member or ()] or list(layout.members)
    network = Network.load(layout.network_file)
    watch.vote(network, [one.url for one in chosen], validator, ballot)
    names = ", ".join(one.name for one in chosen)
    Console(soft_wrap=True).print(f"{names}: {ballot} {shown(validator)}")


@app.command()
def sign(
    network_file: Annotated[Path, typer.Argument(metavar="NETWORK", help="The network file.")],
    node_key: Annotated[Path, typer.Option("--node-key", help="The member's own node key.")],
) -> None:
    """Sign the network file with a validator's key; the signature is kept beside the file.

    Sign when the contracts are deployed: any change of the file makes earlier signatures void.

    Example: dragon-ledger network sign network.json --node-key ./member-1/nodekey
    """
    signer = signatures.sign(network_file, node_key)
    kept = signatures.signatures_file(network_file)
    Console(soft_wrap=True).print(f"{shown(signer)} signed {network_file}; see {kept}.")


@app.command()
def signers(
    network_file: Annotated[Path, typer.Argument(metavar="NETWORK", help="The network file.")],
) -> None:
    """Show which of the validators that a network file names have signed it.

    Exit status 0: all of them; 1: not all; 3: nobody has, or it names no validators.

    Example: dragon-ledger network signers network.json
    """
    network = Network.load(network_file)
    if network.validators is None:
        raise ConfigurationError(
            f"{network_file} names no validators: its chain has a single operator, and there is "
            "nobody who could sign it; compare its SHA-256 with what that operator tells you: "
            f"{fingerprint(network_file)}"
        )
    members = read_trust_root(network.validators).names
    signed = set(signatures.signers(network_file))
    console = Console(soft_wrap=True)
    console.print(f"SHA-256 of the network file: {fingerprint(network_file)}")
    for address, name in members.items():
        said = "signed" if address in signed else "not signed"
        console.print(f"{name:16} {shown(address)}  {said}")
    raise typer.Exit(0 if signed >= members.keys() else 1)
