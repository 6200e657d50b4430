from __future__ import annotations

from collections.abc import Iterator

import pytest

from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.records import Role
from tests.chain.world import World, fresh_world

SITES = (1, 2, 3)
REVIEWER, AGGREGATOR, RELEASER = 10, 20, 30


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNode]:
    """One Anvil process for all tests that only add to the chain."""
    with EmbeddedNode(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest.fixture
def empty_world(node: EmbeddedNode) -> World:
    """Four contracts, freshly deployed, and an admin."""
    return fresh_world(node.url)


@pytest.fixture
def world(empty_world: World) -> World:
    """Three sites, a reviewer, an aggregator, a releaser, and accepted rules."""
    for number in SITES:
        empty_world.add(number, Role.SITE)
    empty_world.add(REVIEWER, Role.REVIEWER)
    empty_world.add(AGGREGATOR, Role.AGGREGATOR)
    empty_world.add(RELEASER, Role.RELEASER)
    empty_world.accept_rules()
    return empty_world
