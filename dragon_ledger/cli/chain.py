"""`dragon-ledger chain`: the embedded node, deployment, and what is deployed."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dragon_ledger.chain.accounts import Keystore, read_password
from dragon_ledger.chain.client import Client, identify
from dragon_ledger.chain.deploy import deploy_into
from dragon_ledger.chain.embedded import EmbeddedNode, stop_running
from dragon_ledger.chain.network import FeeKind, Fees, Network
from dragon_ledger.chain.transact import transfer
from dragon_ledger.chain.verify_code import CodeCheck, verify_code
from dragon_ledger.cli.session import (
    NETWORK_DEFAULT,
    KeystoreFile,
    NetworkFile,
    PasswordFile,
    RpcUrls,
    open_client,
)
from dragon_ledger.cli.values import parse_address, shown, shown_time
from dragon_ledger.cli.verdict_view import print_network_file
from dragon_ledger.errors import ConfigurationError, LedgerError, WrongChain

app = typer.Typer(
    no_args_is_help=True,
    help="The chain: run the embedded node, deploy the contracts, check what is deployed."
    "\n\nExample: dragon-ledger chain node --state ./chain",
)

StateFolder = Annotated[
    Path, typer.Option("--state", help="Folder with the node's chain; made when absent.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def node(
    state: StateFolder = Path("node"),
    port: Annotated[int, typer.Option(help="A port (default: the last one, or a free one).")] = 0,
) -> None:
    """Run the embedded node until Ctrl-C or `chain stop`; its chain stays on disk.

    The next start on the same folder goes on with it. For demonstrations and single-operator use:
    it listens on this machine only, and whoever runs it is to be trusted.

    Example: dragon-ledger chain node --state ./node
    """
    stopping = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stopping.set())
    console = Console(soft_wrap=True)
    with EmbeddedNode(state, port=port or None) as running:
        console.print(f"Node at {running.url}, process {running.pid}. Ctrl-C stops it.")
        while not stopping.wait(0.5) and not running.wait(0):
            continue
    console.print("Stopped; the chain is on disk.")


@app.command()
def stop(state: StateFolder = Path("node")) -> None:
    """Stop the node that runs on a folder.

    Example: dragon-ledger chain stop --state ./node
    """
    running = stop_running(state)
    Console(soft_wrap=True).print("Stopped." if running else f"No node runs on {state}.")


@app.command()
def deploy(
    keystore: KeystoreFile,
    rpc: Annotated[
        list[str] | None,
        typer.Option(
            help="A node's address; repeatable. With a network file that exists it is used instead"
            " of the file's nodes, and must be on the file's chain."
        ),
    ] = None,
    password_file: PasswordFile = None,
    network: Annotated[
        Path,
        typer.Option(
            help="Network file to write; one without contracts is completed, one with them is left"
            " alone."
        ),
    ] = NETWORK_DEFAULT,
    admin: Annotated[
        bytes | None,
        typer.Option(parser=parse_address, help="The admin (default: the keystore's account)."),
    ] = None,
    approvals: Annotated[
        int, typer.Option(min=1, max=5, help="Organisations that approve a dataset version.")
    ] = 1,
    root_delay: Annotated[
        int, typer.Option(min=0, help="Seconds before a root that the admin proposed may accept.")
    ] = 7 * 24 * 3600,
    fees: Annotated[FeeKind, typer.Option(help="Transactions of type 0 or 2.")] = FeeKind.LEGACY,
    gas_price: Annotated[
        int | None, typer.Option(min=0, help="Fixed price in wei, legacy only (default: 0).")
    ] = None,
    ask_gas_price: Annotated[
        bool, typer.Option("--ask-gas-price", help="Legacy: ask the node for the price.")
    ] = False,
    finality: Annotated[
        int, typer.Option(min=0, help="Blocks on top that make a block final; 0: at once.")
    ] = 0,
) -> None:
    """Deploy the four contracts and write the network file.

    Example: dragon-ledger chain deploy --rpc http://127.0.0.1:8545 --keystore admin.json
    """
    console = Console(soft_wrap=True)
    chosen = _fees(fees, gas_price, ask_gas_price)
    planned = _existing(network, rpc or [], chosen, finality) if network.exists() else None
    if planned is not None and planned.contracts:
        _already_deployed(network, planned, rpc, console)
        return
    if planned is None:
        planned = _described(rpc or [], chosen, finality)
    signer = Keystore(keystore).unlock(read_password(password_file, f"Password of {keystore}: "))
    with console.status("deploying") as status:
        made = deploy_into(
            replace(planned, rpc=tuple(rpc or planned.rpc)),
            signer,
            admin=admin or signer.address,
            approvals=approvals,
            root_delay=root_delay,
            report=lambda step: status.update(Text(step)),
        )
    replace(made, rpc=planned.rpc).save(network)
    _print_deployed(network, console)


def _print_deployed(file: Path, console: Console) -> None:
    made = Network.load(file)
    for name, contract in made.contracts.items():
        console.print(f"{name:16} {shown(contract.address)}  block {contract.block}")
    console.print(f"Chain {made.chain_id}; written to {file}.")
    print_network_file(made.fingerprint, console)


def _fees(kind: FeeKind, gas_price: int | None, ask: bool) -> Fees:
    if kind is FeeKind.EIP1559:
        if gas_price is not None or ask:
            raise ConfigurationError("--gas-price and --ask-gas-price go with --fees legacy only")
        return Fees(kind, None)
    return Fees(kind, None if ask else gas_price or 0)


def _described(rpc: list[str], fees: Fees, finality: int) -> Network:
    """Describe the chain of these nodes, before anything is deployed to it."""
    if not rpc:
        raise ConfigurationError(
            "give a node's address with --rpc ('chain node' prints it),"
            " or a network file that has one"
        )
    chain_id, genesis = identify(rpc[0])
    return Network(chain_id, genesis, {}, tuple(rpc), fees, finality)


def _existing(file: Path, rpc: list[str], fees: Fees, finality: int) -> Network:
    """The network file that is there; what the command line says must not contradict it."""
    network = Network.load(file)
    if (fees, finality) not in ((Fees(), 0), (network.fees, network.finality_blocks)):
        raise ConfigurationError(
            f"{file}: exists, and says itself how transactions pay and what is final: leave these"
            " options out, or give another --network file"
        )
    if rpc:
        client = Client(network, rpc)
        try:
            client.block()
        except WrongChain as error:
            raise ConfigurationError(
                f"{file}: exists, and is not of the chain of --rpc: {error} To deploy there, give"
                " another --network file."
            ) from error
        finally:
            client.close()
    return network


def _already_deployed(
    file: Path, network: Network, rpc: list[str] | None, console: Console
) -> None:
    """Deploying twice makes a second consortium: a network file that works is left alone."""
    client = Client(network, rpc)
    try:
        checks = verify_code(client)
    finally:
        client.close()
    if not all(check.matches for check in checks):
        raise ConfigurationError(
            f"{file}: exists, and its contracts are not those published. "
            "Move it away to deploy anew."
        )
    console.print(f"Already deployed: {file} names contracts that are the published ones.")


@app.command("verify-code")
def verify(
    network: NetworkFile = NETWORK_DEFAULT, rpc: RpcUrls = None, as_json: AsJson = False
) -> None:
    """Compare the code at the network file's addresses with the published contracts.

    Immutables are filled in and wiring is compared, contract by contract. Exit status 0: all match;
    1: one does not; 2: no node answers.

    Example: dragon-ledger chain verify-code --network network.json
    """
    client = open_client(network, rpc)
    try:
        checks = verify_code(client)
    finally:
        client.close()
    if as_json:
        typer.echo(json.dumps([_check_json(check) for check in checks], indent=2))
    else:
        _print_checks(checks)
        print_network_file(client.network.fingerprint, Console(soft_wrap=True))
    raise typer.Exit(0 if all(check.matches for check in checks) else 1)


def _check_json(check: CodeCheck) -> dict[str, Any]:
    return {
        "contract": check.contract,
        "address": shown(check.address),
        "code_hash": shown(check.code_hash),
        "matches": check.matches,
        "problems": list(check.problems),
        "immutables": {name: _immutable(name, value) for name, value in check.immutables.items()},
    }


def _immutable(name: str, value: int) -> int | str:
    return value if name in {"requiredApprovals", "rootDelay"} else f"0x{value:040x}"


def _print_checks(checks: list[CodeCheck]) -> None:
    console = Console(soft_wrap=True)
    for check in checks:
        verdict = "exactly the published code" if check.matches else "; ".join(check.problems)
        line = f"{check.contract:16} {shown(check.address)}  {verdict}"
        console.print(Text(line, style="green" if check.matches else "red"))
        for name, value in check.immutables.items():
            console.print(f"{'':16} {name} = {_immutable(name, value)}")


@app.command()
def status(network: NetworkFile = NETWORK_DEFAULT, rpc: RpcUrls = None) -> None:
    """Show each node of the network file: does it answer, is it on this chain, how far is it.

    Exit status 0: all are well; 2: one is not.

    Example: dragon-ledger chain status --network network.json
    """
    found = Network.load(network)
    table = Table("node", "block", "time (UTC)", "state")
    well = True
    for url in rpc or found.rpc:
        row = _node_row(found, url)
        well = well and row[-1] == "on this chain"
        table.add_row(url, *row)
    console = Console()
    console.print(f"Chain {found.chain_id}, genesis {shown(found.genesis_hash)}", table)
    print_network_file(found.fingerprint, console)
    raise typer.Exit(0 if well else 2)


def _node_row(network: Network, url: str) -> tuple[str, str, str]:
    client = Client(network, [url], timeout=5.0)
    try:
        block = client.block("latest")
    except LedgerError as error:
        return "-", "-", str(error)
    finally:
        client.close()
    return str(block.number), shown_time(block.time), "on this chain"


@app.command()
def fund(
    address: Annotated[
        list[bytes], typer.Argument(parser=parse_address, help="Accounts that need funds for gas.")
    ],
    keystore: KeystoreFile,
    password_file: PasswordFile = None,
    ether: Annotated[int, typer.Option(min=1, help="How much each gets.")] = 1,
    network: NetworkFile = NETWORK_DEFAULT,
    rpc: RpcUrls = None,
) -> None:
    """Send accounts what they need to pay for gas, on a chain where gas has a price.

    Example: dragon-ledger chain fund 0x… 0x… --ether 1 --keystore rich.json
    """
    signer = Keystore(keystore).unlock(read_password(password_file, f"Password of {keystore}: "))
    client = open_client(network, rpc)
    try:
        for one in address:
            transfer(client, signer, one, ether * 10**18)
            Console(soft_wrap=True).print(f"{shown(one)} got {ether} ether")
    finally:
        client.close()
