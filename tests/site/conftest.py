from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.records import Role
from tests.chain.world import World, new_signer
from tests.site.place import Stage

SITES = (1, 2, 3, 4, 5)
REVIEWER, AGGREGATOR = 10, 20


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNode]:
    """One Anvil process for all tests that only add to the chain."""
    with EmbeddedNode(tmp_path_factory.mktemp("node")) as running:
        yield running


def populate(url: str) -> World:
    admin = new_signer()
    world = World(Client(deploy([url], new_signer(), admin=admin.address, root_delay=60)), admin)
    for number in SITES:
        world.add(number, Role.SITE)
    world.add(REVIEWER, Role.REVIEWER)
    world.add(AGGREGATOR, Role.AGGREGATOR)
    world.accept_rules()
    return world


@pytest.fixture
def stage(node: EmbeddedNode, tmp_path: Path) -> Stage:
    return Stage.build(populate(node.url), tmp_path)
