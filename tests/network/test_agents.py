"""Faults of real validators, as agents see them that are processes of their own at work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Checkpoint, Network
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import Choices, create, free_base_port
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.chain.qbft.programs import Program
from dragon_ledger.site.status import read_status
from tests.api.conftest import Server
from tests.network.place import NAMES, wait_until
from tests.network.test_faults import ready
from tests.network.working import Working
from tests.site.running import Processes

pytestmark = [pytest.mark.network, pytest.mark.timeout(600)]


@pytest.fixture
def at_work(working: Working) -> Working:
    """The training, with every validator there."""
    working.place.recover()
    return working


def test_with_one_of_four_away_the_training_goes_on(at_work: Working) -> None:
    at_work.place.kill(NAMES[3])
    at_work.goes_on()
    at_work.requires_everything_once()


def test_the_node_that_all_agents_talk_to_dies(at_work: Working) -> None:
    """It is the first of the list in every agent's network file; then the next one dies too."""
    for name in NAMES[:2]:
        at_work.place.kill(name)
        if name == NAMES[1]:
            at_work.place.start(NAMES[0])
        at_work.goes_on()
    at_work.requires_everything_once()


def test_two_away_stops_everything_and_nothing_is_lost(at_work: Working, tmp_path: Path) -> None:
    place = at_work.place
    server = Server(tmp_path, tmp_path / "service" / "api.toml")
    file = str(place.layout.network_file)
    made = server.run("api", "init", str(server.config.parent), "--network", file)
    assert made.returncode == 0, made.stderr
    server.configure("stale_seconds = 10.0", "stale_seconds = 6.0")
    server.configure("port = 8080", "port = 0")
    server.start()
    try:
        wait_until(lambda: ready(server) == "", "the service is not ready")
        place.kill(NAMES[2])
        place.kill(NAMES[3])
        stopped = place.height(NAMES[0])
        wait_until(lambda: "nothing was sealed since 20" in ready(server), "it says nothing")
        wait_until(lambda: at_work.waiting() > 0, "nothing waits")
        assert place.height(NAMES[0]) <= stopped + 1
        place.start(NAMES[2], NAMES[3])
        at_work.goes_on()
        wait_until(lambda: ready(server) == "", "the service is not ready again")
    finally:
        server.stop()
    at_work.requires_everything_once()


def test_a_wiped_disk_catches_up_while_agents_use_another_node(at_work: Working) -> None:
    place = at_work.place
    place.kill(NAMES[0])
    place.wipe(NAMES[0])
    place.start(NAMES[0])
    head = place.height(NAMES[1])
    wait_until(lambda: place.height(NAMES[0]) >= head, "the wiped node does not catch up")
    assert place.client(NAMES[0]).block(head) == place.client(NAMES[1]).block(head)
    at_work.goes_on()
    at_work.requires_everything_once()


@dataclass(frozen=True)
class Stranger:
    """A network of one, by other founders."""

    layout: Layout
    program: Program

    @property
    def url(self) -> str:
        return self.layout.members[0].url

    @property
    def network(self) -> Network:
        return Network.load(self.layout.network_file)

    def height(self) -> int:
        return Client(self.network).block().number

    def forget(self) -> None:
        """Begin another history from the same genesis block."""
        processes.stop(self.layout)
        shutil.rmtree(self.layout.home(self.layout.members[0]) / "data")
        processes.start(self.layout, self.program)


@pytest.fixture
def stranger(program: Program, tmp_path: Path) -> Iterator[Stranger]:
    layout = create(tmp_path / "stranger", Choices(("lonely",), base_port=free_base_port(1)))
    processes.start(layout, program)
    try:
        yield Stranger(layout, program)
    finally:
        processes.stop(layout)


def refusal(at_work: Working, network: Network, folder: Path) -> str:
    """What the agent of a further site says of the chain, with this network file."""
    file = folder / "network.json"
    network.save(file)
    stage = replace(at_work.training.stage, folder=folder, network=file)
    config = stage.site(7, enrol=False)
    with Processes(folder) as running:
        running.command("agent", "site", "run", config.folder)

        def told() -> str:
            if not (config.folder / "outbox.sqlite").exists():
                return ""
            return read_status(config.folder).troubles.get("chain", ("", 0))[0]

        wait_until(lambda: bool(told()), "it says nothing of the chain")
        return told()


def test_a_node_on_another_chain_is_refused_by_name(
    at_work: Working, stranger: Stranger, tmp_path: Path
) -> None:
    """Another chain id; ours with another genesis block; then ours after another history."""
    ours = replace(at_work.place.network, rpc=(stranger.url,))
    told = refusal(at_work, ours, _made(tmp_path / "id"))
    assert f"{stranger.url} is on another chain: chain id is {stranger.network.chain_id}" in told
    posing = replace(ours, chain_id=stranger.network.chain_id)
    told = refusal(at_work, posing, _made(tmp_path / "genesis"))
    assert f"genesis block is {stranger.network.genesis_hash.hex()}" in told
    wait_until(lambda: stranger.height() >= 2, "no block")
    honest = Client(stranger.network).block(2)
    stranger.forget()
    wait_until(lambda: stranger.height() >= 2, "no block after the disk was lost")
    forked = replace(
        posing,
        genesis_hash=stranger.network.genesis_hash,
        checkpoint=Checkpoint(2, honest.hash),
    )
    told = refusal(at_work, forked, _made(tmp_path / "fork"))
    assert f"{stranger.url} is on another chain: block 2 is " in told
    assert honest.hash.hex() in told


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
