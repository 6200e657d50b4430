from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon_ledger.chain.embedded import EmbeddedNode
from tests.chain.history import populate
from tests.chain.world import World, fresh_world
from tests.cli.command_line import CommandLine


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNode]:
    with EmbeddedNode(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


@pytest.fixture
def empty_world(node: EmbeddedNode, cli: CommandLine) -> World:
    """Four contracts and an admin; the network file is in the command line's folder."""
    world = fresh_world(node.url)
    world.client.network.save(cli.folder / "network.json")
    return world


@pytest.fixture
def world(empty_world: World) -> World:
    """Three sites, a reviewer, an aggregator, a releaser, and accepted rules."""
    return populate(empty_world)
