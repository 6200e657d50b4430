"""Real validators, real processes, SIGKILL: what agents and auditors see of it."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from dragon_ledger.chain.client import Client, identify
from dragon_ledger.chain.network import Checkpoint, Network
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import Choices, create, free_base_port
from dragon_ledger.chain.qbft.programs import Program
from dragon_ledger.chain.qbft.watch import newest_headers
from dragon_ledger.errors import NodeUnavailable, WrongChain
from dragon_ledger.provenance.qbft.header import encode_rpc_header, parse_header
from dragon_ledger.provenance.qbft.seals import check_sealed
from dragon_ledger.site.outbox import State
from tests.api.conftest import Server
from tests.network.place import NAMES, Place, drain, wait_until

pytestmark = [pytest.mark.network, pytest.mark.timeout(600)]


def commitments(labels: list[str]) -> list[bytes]:
    return [sha256(label.encode()).digest() for label in labels]


def test_one_of_four_away_and_no_commit_is_lost(place: Place, tmp_path: Path) -> None:
    desk = place.desk(tmp_path / "outbox.sqlite")
    place.kill(NAMES[3])
    labels = [f"one away {number}" for number in range(10)]
    for label in labels:
        desk.put(label)
    drain(desk)
    found = [one for one in desk.registered() if one in commitments(labels)]
    assert sorted(found) == sorted(commitments(labels))
    place.grows(blocks=6)
    height = place.height(NAMES[0])
    url = place.layout.member(NAMES[0]).url
    newest = newest_headers(place.network, url, height, 6)
    headers = [parse_header(encode_rpc_header(block)) for block in newest]
    assert max(header.extra.round for header in headers) > 0
    away = bytes.fromhex(place.layout.member(NAMES[3]).address)
    for header in headers:
        assert away not in check_sealed(header, header.validators)


def test_two_away_stops_the_chain_and_all_is_done_once_when_they_are_back(
    place: Place, tmp_path: Path
) -> None:
    desk = place.desk(tmp_path / "outbox.sqlite")
    place.kill(NAMES[2])
    place.kill(NAMES[3])
    stopped = place.height(NAMES[0])
    labels = [f"two away {number}" for number in range(10)]
    for label in labels:
        desk.put(label)
    for _ in range(20):
        desk.pump.step()
    # A block that was under way when the second was killed may still have come.
    assert place.height(NAMES[0]) <= stopped + 1
    assert State.FINAL not in desk.states()
    assert set(desk.states()) <= {State.QUEUED, State.SENT}
    desk = desk.reopen()
    place.start(NAMES[2], NAMES[3])
    drain(desk)
    found = [one for one in desk.registered() if one in commitments(labels)]
    assert sorted(found) == sorted(commitments(labels))


def test_the_service_says_since_when_nothing_was_sealed(place: Place, tmp_path: Path) -> None:
    server = Server(tmp_path, tmp_path / "service" / "api.toml")
    network = place.layout.network_file
    made = server.run("api", "init", str(server.config.parent), "--network", str(network))
    assert made.returncode == 0, made.stderr
    server.configure("stale_seconds = 10.0", "stale_seconds = 6.0")
    server.configure("port = 8080", "port = 0")
    server.start()
    try:
        wait_until(lambda: ready(server) == "", "the service is not ready")
        place.kill(NAMES[2])
        place.kill(NAMES[3])
        wait_until(lambda: "nothing was sealed since 20" in ready(server), "it says nothing")
        place.start(NAMES[2], NAMES[3])
        wait_until(lambda: ready(server) == "", "the service is not ready again")
    finally:
        server.stop()


def ready(server: Server) -> str:
    """Why the service cannot answer; empty when it can."""
    answer = httpx.get(f"{server.url}/readyz", timeout=30.0)
    return "" if answer.is_success else str(answer.json()["detail"])


def test_a_validator_with_a_wiped_disk_catches_up(place: Place) -> None:
    place.kill(NAMES[1])
    place.wipe(NAMES[1])
    assert place.start(NAMES[1])
    head = place.height(NAMES[0])
    wait_until(lambda: place.height(NAMES[1]) >= head, "the wiped node does not catch up")
    ours, theirs = (place.client(name).block(head) for name in (NAMES[0], NAMES[1]))
    assert ours == theirs
    address = place.layout.member(NAMES[1]).address
    url = place.layout.member(NAMES[0]).url

    def proposes() -> bool:
        height = place.height(NAMES[0])
        blocks = newest_headers(place.network, url, height, max(1, height - head))
        return address in {block["miner"][2:] for block in blocks}

    wait_until(proposes, "the wiped node makes no block")


def test_the_agents_node_dies_and_it_goes_on_with_the_next(place: Place, tmp_path: Path) -> None:
    desk = place.desk(tmp_path / "outbox.sqlite")
    labels = [f"node dies {number}" for number in range(4)]
    desk.put(labels[0])
    drain(desk)
    client = place.client(NAMES[0], NAMES[1])
    client.block()
    assert str(place.layout.member(NAMES[0]).rpc_port) in client.url
    for label in labels[1:]:
        desk.put(label)
    desk.pump.step()
    place.kill(NAMES[0])
    client.block()
    assert str(place.layout.member(NAMES[1]).rpc_port) in client.url
    drain(desk)
    found = [one for one in desk.registered() if one in commitments(labels)]
    assert sorted(found) == sorted(commitments(labels))


def test_nobody_answers_and_everybody_is_named(place: Place) -> None:
    ours = Client(place.network, [f"http://127.0.0.1:{free_base_port(1)}"], timeout=2.0)
    with pytest.raises(NodeUnavailable, match=r"no node answers.*\n.*127\.0\.0\.1"):
        ours.block()


def test_another_genesis_is_refused_by_name(place: Place, program: Program, tmp_path: Path) -> None:
    """A network of other founders, with another chain id; and one that took over ours."""
    layout = create(tmp_path / "other", Choices(("lonely",), base_port=free_base_port(1)))
    processes.start(layout, program)
    try:
        url = layout.members[0].url
        with pytest.raises(WrongChain, match=rf"{url}.*chain id is {layout.chain_id}"):
            Client(place.network, [url]).block()
        posing = Network(layout.chain_id, place.network.genesis_hash, {}, (url,))
        _, genesis = identify(url)
        with pytest.raises(WrongChain, match=f"genesis block is {genesis.hex()}"):
            Client(posing).block()
    finally:
        processes.stop(layout)


def test_a_forked_history_is_refused_by_name(program: Program, tmp_path: Path) -> None:
    """One founder's key seals two histories of a network of one; the file vouches for the first."""
    layout = create(tmp_path / "first", Choices(("lonely",), base_port=free_base_port(1)))
    url = layout.members[0].url
    network = Network.load(layout.network_file)
    processes.start(layout, program)
    try:
        wait_until(lambda: Client(network).block().number >= 2, "no block")
        honest = Client(network).block(2)
        processes.stop(layout)
        shutil.rmtree(layout.home(layout.members[0]) / "data")
        processes.start(layout, program)
        wait_until(lambda: Client(network).block().number >= 2, "no block after the disk was lost")
        vouched = Network(
            network.chain_id,
            network.genesis_hash,
            {},
            network.rpc,
            checkpoint=Checkpoint(2, honest.hash),
        )
        with pytest.raises(WrongChain, match=rf"{url}.*block 2 is .*{honest.hash.hex()}"):
            Client(vouched).block()
    finally:
        processes.stop(layout)
