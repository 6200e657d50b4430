"""What the chain says of runs and versions, while it grows and when it is rolled back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.quality.rules import built_in
from dragon_ledger.records import VersionFlag
from dragon_ledger.site.agent import open_agent
from dragon_ledger.site.outbox import State
from dragon_ledger.site.status import read_status
from dragon_ledger.site.watch import ChainWatch
from tests.chain.world import World
from tests.site.conftest import AGGREGATOR, REVIEWER, populate
from tests.site.place import PASSWORD, Stage, deliver

pytestmark = pytest.mark.slow


@pytest.fixture
def own_node(tmp_path: Path) -> Iterator[EmbeddedNode]:
    with EmbeddedNode(tmp_path / "node") as running:
        yield running


@pytest.fixture
def world(own_node: EmbeddedNode) -> World:
    return populate(own_node.url)


def test_it_follows_a_run_from_its_opening_to_its_rounds(world: World) -> None:
    watch = ChainWatch(world.client)
    versions = {site: world.register(site, "data") for site in (1, 2)}
    world.approve(REVIEWER, 1, "data")
    watch.refresh()
    assert VersionFlag.APPROVED in watch.versions[versions[1]].flags
    assert watch.versions[versions[2]].flags == VersionFlag(0)
    run = world.open_run(AGGREGATOR, "one", [1, 2])
    world.commit(1, run, 1, versions[1])
    watch.refresh()
    state = watch.runs[run]
    assert list(watch.runs_of(2)) == [state]
    assert not list(watch.runs_of(3))
    assert (state.open_round, state.update(1, 2)) == (1, None)
    first = state.update(1, 1)
    world.commit(1, run, 1, versions[1], "again")
    world.close(AGGREGATOR, run, 1, [1])
    watch.refresh()
    second = state.update(1, 1)
    assert first is not None
    assert second is not None
    assert second.replaces == first.leaf
    assert state.open_round == 2


def test_what_was_rolled_back_is_forgotten_and_what_came_instead_is_known(world: World) -> None:
    client = Client(world.client.network)
    watch = ChainWatch(world.client)
    stays = world.register(1, "stays")
    snapshot = client.call("evm_snapshot")
    lost = world.register(1, "lost")
    watch.refresh()
    assert set(watch.versions) == {stays, lost}
    client.call("evm_revert", snapshot)
    watch.refresh()
    assert set(watch.versions) == {stays}
    came = world.register(2, "came")
    world.register(2, "too")
    watch.refresh()
    assert {stays, came} < set(watch.versions)
    assert lost not in watch.versions


def test_an_agent_whose_node_is_away_says_so_and_goes_on_afterwards(
    own_node: EmbeddedNode, world: World, tmp_path: Path
) -> None:
    stage = Stage.build(world, tmp_path)
    stage.accept_rules()
    config = stage.site(1)
    deliver(config)
    own_node.stop()
    with open_agent(config, PASSWORD, built_in()) as agent:
        while not read_status(config.folder).count(State.QUEUED):
            agent.tick()
            time.sleep(0.05)
        status = read_status(config.folder)
        assert "no node answers" in status.troubles["chain"][0]
        assert not status.count(State.FINAL)
        own_node.start()
        while not read_status(config.folder).count(State.FINAL):
            agent.tick()
            time.sleep(0.05)
        agent.tick()
    status = read_status(config.folder)
    assert "chain" not in status.troubles
    assert not status.unpublished
