"""web3 takes most of a second to import; what asks no node does not wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # an interpreter starts for every test

BUNDLES = Path(__file__).parents[1] / "vectors" / "evidence-bundle"
PROGRAM = """
import sys
from dragon_ledger.cli.main import command
try:
    command(sys.argv[1:], prog_name="dragon-ledger")
except SystemExit as ended:
    loaded = {"web3", "eth_account"} & set(sys.modules)
    print(f"{ended.code} {sorted(loaded)}")
"""
ASKING = """
import sys
from dragon_ledger.chain.client import identify
from dragon_ledger.errors import NodeUnavailable
before = "web3" in sys.modules
try:
    identify("http://127.0.0.1:1")
except NodeUnavailable:
    print(before, "web3" in sys.modules)
"""


def ended(*arguments: object) -> str:
    """Run a command in a process of its own; gives its exit code and what it had to load."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("group", ["site", "aggregator", "consortium", "chain"])
def test_the_help_of_a_group_that_acts_on_chain_loads_no_web3(group: str) -> None:
    assert ended(group, "--help") == "0 []"


def test_a_digest_loads_no_web3() -> None:
    assert ended("digest", BUNDLES / "model.h5") == "0 []"


def test_a_check_of_a_transfer_loads_no_web3(tmp_path: Path) -> None:
    transfer = tmp_path / "transfer"
    small = ("--subjects", 1, "--slices", 30, "--size", 32)
    assert ended("sample-transfer", transfer, *small) == "0 []"
    assert ended("site", "check", transfer) == "0 []"


def test_a_bundle_is_verified_without_web3() -> None:
    evidence, network = BUNDLES / "attached.evidence.json", BUNDLES / "attached.network.json"
    model = BUNDLES / "model.h5"
    assert ended("verify", model, "--bundle", evidence, "--network", network) == "0 []"


def test_a_client_loads_it() -> None:
    command = [sys.executable, "-c", ASKING]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
