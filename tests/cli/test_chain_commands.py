from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dragon_ledger.chain.accounts import Keystore
from dragon_ledger.chain.client import Client, identify
from dragon_ledger.chain.embedded import EmbeddedNode, running_pid
from dragon_ledger.chain.network import Network
from tests.chain.world import World, new_signer
from tests.cli.command_line import PASSWORD, CommandLine


def test_deployment_writes_a_network_file_and_is_not_done_twice(
    cli: CommandLine, node: EmbeddedNode
) -> None:
    signer = new_signer()
    network = cli.folder / "network.json"
    arguments = [
        *("chain", "deploy", "--rpc", node.url, "--network", network, "--approvals", 2),
        *("--root-delay", 60, "--keystore", cli.keystore("admin", signer)),
        *("--password-file", cli.password),
    ]
    deployed = cli(*arguments)
    assert deployed.code == 0
    first = network.read_bytes()
    assert hashlib.sha256(first).hexdigest() in deployed.out
    again = cli(*arguments)
    assert again.code == 0
    assert "Already deployed" in again.out
    assert network.read_bytes() == first
    found = Network.load(network)
    assert found.rpc == (node.url,)
    assert found.checkpoint is not None
    ended = cli("chain", "verify-code", "--network", network, "--json")
    assert ended.code == 0
    checks = json.loads(ended.out)
    assert [check["matches"] for check in checks] == [True] * 4
    assert checks[0]["immutables"] == {"requiredApprovals": 2, "rootDelay": 60}


def test_a_deployment_over_a_network_file_that_does_not_fit_is_refused(
    cli: CommandLine, empty_world: World
) -> None:
    file = cli.folder / "network.json"
    document = json.loads(file.read_text())
    document["contracts"]["ModelRegistry"]["address"] = "0x" + "01" * 20
    file.write_text(json.dumps(document))
    keystore = cli.keystore("admin", empty_world.admin)
    options = ("--keystore", keystore, "--password-file", cli.password, "--network", file)
    ended = cli("chain", "deploy", "--rpc", empty_world.client.url, *options)
    assert ended.code == 3
    assert "Move it away" in ended.err
    ended = cli("chain", "verify-code", "--network", file)
    assert ended.code == 1
    assert "there is no code at this address" in ended.out


def test_a_network_file_without_contracts_is_completed(
    cli: CommandLine, node: EmbeddedNode
) -> None:
    chain_id, genesis = identify(node.url)
    members = {"block": 0, "members": []}
    file = cli.folder / "network.json"
    Network(chain_id, genesis, {}, (node.url,), validators=members).save(file)
    early = cli("consortium", "show", "--network", file)
    assert early.code == 3
    assert "not deployed yet" in early.err
    keystore = ("--keystore", cli.keystore("admin", new_signer()))
    ended = cli("chain", "deploy", "--network", file, *keystore, "--password-file", cli.password)
    assert ended.code == 0
    found = Network.load(file)
    assert found.validators == members
    assert len(found.contracts) == 4


def test_a_deployment_never_goes_to_another_chain_than_the_files(
    cli: CommandLine, node: EmbeddedNode
) -> None:
    """`--rpc` beside a network file that exists: used when it is that chain, else refused."""
    chain_id, genesis = identify(node.url)
    file = cli.folder / "planned.json"
    keystore = ("--keystore", cli.keystore("admin", new_signer()), "--password-file", cli.password)
    deploy = ("chain", "deploy", "--network", file, *keystore, "--rpc", node.url)
    Network(chain_id + 1, genesis, {}, ("http://127.0.0.1:9",)).save(file)
    ended = cli(*deploy)
    assert ended.code == 3
    assert f"chain id is {chain_id}" in ended.err
    assert "another --network file" in ended.err
    assert not Network.load(file).contracts
    Network(chain_id, genesis, {}, ("http://127.0.0.1:9",)).save(file)
    for option in (("--fees", "eip1559"), ("--finality", 3), ("--gas-price", 5)):
        ended = cli(*deploy, *option)
        assert ended.code == 3
        assert "how transactions pay" in ended.err
    assert cli(*deploy).code == 0
    found = Network.load(file)
    assert len(found.contracts) == 4
    assert found.rpc == ("http://127.0.0.1:9",)
    assert "Already deployed" in cli(*deploy).out


def test_deployment_needs_to_know_the_chain(cli: CommandLine) -> None:
    keystore = ("--keystore", cli.keystore("admin", new_signer()))
    file = cli.folder / "none.json"
    ended = cli("chain", "deploy", "--network", file, *keystore, "--password-file", cli.password)
    assert ended.code == 3
    assert "--rpc" in ended.err


@pytest.mark.usefixtures("empty_world")
def test_status_shows_each_node_and_ends_with_2_when_one_is_away(cli: CommandLine) -> None:
    network = ("--network", cli.folder / "network.json")
    assert cli("chain", "status", *network).code == 0
    ended = cli("chain", "status", *network, "--rpc", "http://127.0.0.1:9")
    assert ended.code == 2


@pytest.mark.slow
def test_the_node_runs_until_it_is_told_to_stop(cli: CommandLine) -> None:
    folder = cli.folder / "node"
    program = Path(sys.executable).parent / "dragon-ledger"
    running = subprocess.Popen(
        [program, "chain", "node", "--state", folder], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    url = running.stdout.readline().split()[2].rstrip(",")
    pid = running_pid(folder)
    assert pid is not None
    assert url.startswith("http://127.0.0.1:")
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 0
    assert running_pid(folder) is None
    assert (folder / "state.json").exists()


@pytest.mark.slow
def test_the_nodes_death_ends_the_command_with_2(cli: CommandLine) -> None:
    folder = cli.folder / "node"
    program = Path(sys.executable).parent / "dragon-ledger"
    running = subprocess.Popen(
        [program, "chain", "node", "--state", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    running.stdout.readline()
    pid = running_pid(folder)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 2
    assert "ended by itself" in said


def test_stop_ends_a_node_that_another_command_runs(cli: CommandLine) -> None:
    node = EmbeddedNode(cli.folder / "node")
    node.start()
    assert "Stopped" in cli("chain", "stop", "--state", cli.folder / "node").out
    assert node.wait(10)
    assert "No node runs" in cli("chain", "stop", "--state", cli.folder / "node").out


def test_accounts_are_given_funds(cli: CommandLine, empty_world: World) -> None:
    rich, poor = new_signer(), new_signer().address
    client: Client = empty_world.client
    client.call("anvil_setBalance", "0x" + rich.address.hex(), hex(10**19))
    ended = cli(
        *("chain", "fund", "0x" + poor.hex(), "--ether", 2),
        *("--keystore", cli.keystore("rich", rich), "--password-file", cli.password),
        *("--network", cli.folder / "network.json"),
    )
    assert ended.code == 0
    assert int(client.call("eth_getBalance", "0x" + poor.hex(), "latest"), 16) == 2 * 10**18


@pytest.mark.slow
def test_a_new_key_is_written_once(cli: CommandLine) -> None:
    file = cli.folder / "new.json"
    arguments = ("consortium", "new-key", file, "--password-file", cli.password)
    began = time.time()
    made = cli(*arguments)
    assert made.code == 0
    assert "0x" + Keystore(file).unlock(PASSWORD).address.hex() in made.out
    assert file.stat().st_mtime >= began - 1
    again = cli(*arguments)
    assert again.code == 3
    assert "exists already" in again.err
