from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon_ledger.chain.embedded import EmbeddedNode
from tests.federation.training import Training
from tests.site.conftest import populate
from tests.site.place import Stage
from tests.site.running import Processes


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNode]:
    """One Anvil process for all tests that only add to the chain."""
    with EmbeddedNode(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path) as running:
        yield running


@pytest.fixture
def training(node: EmbeddedNode, processes: Processes, tmp_path: Path) -> Training:
    return Training(Stage.build(populate(node.url), tmp_path), processes)
