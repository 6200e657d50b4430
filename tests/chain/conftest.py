from __future__ import annotations

from collections.abc import Iterator

import pytest

from dragon_ledger.chain.embedded import EmbeddedNode
from tests.chain.history import populate
from tests.chain.world import World, fresh_world


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
    return populate(empty_world)
