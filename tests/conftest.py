"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests that take minutes, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes minutes: ./scripts/test --long"))


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(
            f"needs the folder ../shared/{name} beside the checkout, which a user's clone has not"
        )
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real CT series, SDTM sets, HDF5 files and QBFT headers; absent in a user's clone."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_spec() -> Path:
    """What the quality check implements; absent in a user's clone."""
    return _folder("spec")


@pytest.fixture(scope="session")
def node_binary() -> Path:
    """A user's Besu or GoQuorum geth, for tests on real QBFT validators."""
    named = os.environ.get("DRAGON_NODE_BINARY")
    if not named:
        pytest.skip("needs DRAGON_NODE_BINARY: the path of Besu or of GoQuorum's geth")
    return Path(named)
