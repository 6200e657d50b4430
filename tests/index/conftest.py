from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.index.database import open_database
from dragon_ledger.records import Role
from tests.chain.world import World, digest, new_signer

SITES = (1, 2, 3)
REVIEWER, AGGREGATOR, RELEASER = 10, 20, 30


@pytest.fixture
def node(tmp_path: Path) -> Iterator[EmbeddedNode]:
    """A chain of the test's own, so that it may be reorganised."""
    with EmbeddedNode(tmp_path / "node") as running:
        yield running


@pytest.fixture
def world(node: EmbeddedNode) -> World:
    """Three sites, a reviewer, an aggregator, a releaser, and accepted rules."""
    admin = new_signer()
    network = deploy([node.url], new_signer(), admin=admin.address, root_delay=60)
    made = World(Client(network), admin)
    for number in SITES:
        made.add(number, Role.SITE)
    made.add(REVIEWER, Role.REVIEWER)
    made.add(AGGREGATOR, Role.AGGREGATOR)
    made.add(RELEASER, Role.RELEASER)
    made.accept_rules()
    return made


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path}/index.sqlite")


def train(world: World, label: str, rounds: int = 2) -> bytes:
    """A run with an absence, a repeated attempt and a dispute; its last aggregate."""
    versions = {site: world.register(site, label) for site in SITES}
    for site in SITES:
        world.approve(REVIEWER, site, label)
    run = world.open_run(AGGREGATOR, label, list(SITES))
    aggregate = b""
    for number in range(1, rounds + 1):
        world.commit(1, run, number, versions[1])
        world.commit(2, run, number, versions[2])
        world.commit(2, run, number, versions[2], "again")
        aggregate = world.close(AGGREGATOR, run, number, [1, 2])
    world.send(world.members[3], "TrainingLedger", "dispute", run, 1, 2, digest("left out"))
    return aggregate


@pytest.fixture
def trained(world: World) -> Callable[..., bytes]:
    return lambda label="first", rounds=2: train(world, label, rounds)
