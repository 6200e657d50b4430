from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.chain.qbft.programs import Program, find_program
from tests.network.place import Place
from tests.network.working import Working
from tests.site.running import Processes


@pytest.fixture(scope="session")
def program(node_binary: Path) -> Program:
    """The user's node program."""
    return find_program(node_binary)


@pytest.fixture(scope="session")
def founded(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Four validators and a deployed consortium, for all tests of one process."""
    folder = tmp_path_factory.mktemp("validators") / "net"
    try:
        yield Place.build(folder, program, spare=1)
    finally:
        processes.stop(Layout.load(folder))


@pytest.fixture
def place(founded: Place) -> Place:
    """The same with everybody at work."""
    founded.recover()
    return founded


@pytest.fixture(scope="module")
def working(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Working]:
    """A training under way, on a network of its own."""
    folder = tmp_path_factory.mktemp("working")
    try:
        place = Place.build(folder / "net", program, spare=1)
        (folder / "stage").mkdir()
        with Processes(folder / "stage") as running:
            yield Working.build(place, folder / "stage", running)
    finally:
        processes.stop(Layout.load(folder / "net"))
