from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from dragon_ledger.chain.client import Client, identify
from dragon_ledger.chain.embedded import (
    EmbeddedNode,
    find_anvil,
    running_pid,
    stop_running,
)
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.chain.network import Network
from dragon_ledger.chain.sender import receipts
from dragon_ledger.errors import AlreadyRunning, ConfigurationError, NodeUnavailable, StaleState
from tests.chain.history import populate, tell_history
from tests.chain.world import fresh_world


def _chain(node: EmbeddedNode) -> Client:
    chain_id, genesis = identify(node.url)
    return Client(Network(chain_id, genesis, {}, (node.url,)))


def test_the_chain_goes_on_at_the_same_address(tmp_path: Path) -> None:
    with EmbeddedNode(tmp_path) as node:
        first = node.url
        client = _chain(node)
        client.call("evm_mine")
        head = client.block()
    assert running_pid(tmp_path) is None
    with EmbeddedNode(tmp_path) as node:
        assert node.url == first
        assert client.block() == head


def test_a_second_node_on_the_same_folder_is_refused_with_the_pid(tmp_path: Path) -> None:
    with EmbeddedNode(tmp_path) as node:
        with pytest.raises(AlreadyRunning, match=f"process {node.pid}"):
            EmbeddedNode(tmp_path).start()
        assert identify(node.url)


def test_its_death_is_noticed_and_its_folder_can_be_used_again(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path)
    node.start()
    assert node.pid is not None
    os.kill(node.pid, signal.SIGKILL)
    with pytest.raises(NodeUnavailable, match="ended by itself"):
        node.wait(10)
    assert not node.alive
    with EmbeddedNode(tmp_path) as again:
        assert again.alive


def test_a_node_of_another_process_can_be_stopped(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path)
    node.start()
    assert stop_running(tmp_path)
    assert not stop_running(tmp_path)
    assert node.wait(10)


def test_a_stale_pid_file_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "node.pid").write_text(f"{os.getpid()}\n")
    assert running_pid(tmp_path) is None


def test_nothing_listens_beyond_loopback(tmp_path: Path) -> None:
    with EmbeddedNode(tmp_path) as node:
        assert node.pid is not None
        assert _listening(node.pid) == {"0100007F"}


def _listening(pid: int) -> set[str]:
    """Local addresses (hexadecimal, as /proc/net/tcp has them) on which a process listens."""
    folder = Path(f"/proc/{pid}/fd")
    if not folder.exists():
        pytest.skip("needs /proc to see what a process listens on")
    links = [str(entry.readlink()) for entry in folder.iterdir()]
    sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                found.add(fields[1].split(":")[0])
    return found


@pytest.mark.slow
def test_a_port_in_use_is_an_error_with_the_log(tmp_path: Path) -> None:
    with EmbeddedNode(tmp_path / "one") as node:
        port = int(node.url.rsplit(":", 1)[1])
        with pytest.raises(NodeUnavailable, match=r"in use|another node"):
            EmbeddedNode(tmp_path / "two", port=port).start()


def test_a_missing_program_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no program"):
        find_anvil(tmp_path / "anvil")


@pytest.mark.slow
def test_two_networks_have_chain_ids_of_their_own(tmp_path: Path) -> None:
    with EmbeddedNode(tmp_path / "one") as one, EmbeddedNode(tmp_path / "two") as two:
        assert identify(one.url)[0] != identify(two.url)[0]


@pytest.mark.slow
def test_stopping_waits_until_the_state_is_written(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path)
    node.start()
    client = _chain(node)
    for _ in range(20):
        client.call("evm_mine")
    began = time.time()
    node.stop()
    node.stop()
    assert (tmp_path / "state.json").stat().st_mtime >= began - 1
    with EmbeddedNode(tmp_path):
        assert client.block().number == 20


@pytest.mark.slow
def test_logs_receipts_and_facts_are_the_same_after_a_restart(tmp_path: Path) -> None:
    with EmbeddedNode(tmp_path) as node:
        world = populate(fresh_world(node.url))
        aggregate = tell_history(world)
        before = facts_for(world.client, aggregate)
    released = before.releases[0].act.where.transaction
    assert released is not None
    with EmbeddedNode(tmp_path):
        client = Client(world.client.network)
        assert facts_for(client, aggregate) == before
        (receipt,) = receipts(client, [released])
        assert receipt is not None
        assert receipt.block == before.releases[0].act.where.block
        with pytest.raises(StaleState, match="cannot answer for block"):
            facts_for(client, aggregate, before.as_of.block - 2)
