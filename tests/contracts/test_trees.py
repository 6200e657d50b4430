"""Behaviour trees and Solidity tests say the same: every leaf has its test, every test its leaf."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
SUITES = sorted(path.name.removesuffix(".t.sol") for path in FOLDER.glob("*.t.sol"))
ERROR = re.compile(r"^ +error (\w+)\(", re.MULTILINE)


@pytest.mark.parametrize("suite", SUITES)
def test_every_leaf_has_its_test(suite: str) -> None:
    leaves = re.findall(r": (\w+)$", (FOLDER / f"{suite}.tree").read_text(), re.MULTILINE)
    tests = re.findall(
        r"function ((?:test|testFuzz|invariant)_\w+)", (FOLDER / f"{suite}.t.sol").read_text()
    )
    assert sorted(leaves) == sorted(tests)


def test_every_error_is_expected_by_some_test() -> None:
    interfaces = (FOLDER.parents[1] / "contracts" / "interfaces").glob("*.sol")
    errors = {name for path in interfaces for name in ERROR.findall(path.read_text())}
    tests = "".join(path.read_text() for path in FOLDER.glob("*.t.sol"))
    assert {name for name in errors if f".{name}.selector" not in tests} == set()
