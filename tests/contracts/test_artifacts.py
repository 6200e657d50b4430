"""What is shipped inside the package is what the sources compile to, by two routes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import solcx

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "dragon_ledger" / "chain" / "artifacts").glob("*.json"))
FIXED_WIDTH = {"address", "bool", "bytes32", "tuple"} | {f"uint{n}" for n in (8, 16, 32, 40, 256)}
LISTS = {"bytes32[]", "uint256[]", "tuple[]"}  # of fixed-width values
CODE_SIZE_LIMIT = 24_576  # EIP-170

needs_npm = pytest.mark.skipif(
    not (ROOT / "node_modules").is_dir(),
    reason="needs the npm packages: run `npm ci` in the checkout",
)


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


@pytest.fixture
def node_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([folder, os.environ["PATH"]]))


def test_four_contracts_are_shipped() -> None:
    names = [path.stem for path in SHIPPED]
    assert names == ["Consortium", "DatasetRegistry", "ModelRegistry", "TrainingLedger"]


@needs_npm
@pytest.mark.slow
def test_hardhat_compiles_to_what_is_shipped() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "build-contracts"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@needs_npm
@pytest.mark.slow
@pytest.mark.usefixtures("node_on_path")
def test_py_solc_x_compiles_to_what_is_shipped() -> None:
    sources = {
        f"project/{path.relative_to(ROOT)}": {"content": path.read_text()}
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
    }
    settings = load(SHIPPED[0])["settings"]
    wanted = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]
    request = {"language": "Solidity", "sources": sources}
    request["settings"] = settings | {"outputSelection": {"*": {"*": wanted}}}
    compiled = solcx.compile_standard(request, solc_binary=ROOT / "scripts" / "solcjs")
    for path in SHIPPED:
        shipped = load(path)
        made = compiled["contracts"][f"project/contracts/{path.stem}.sol"][path.stem]
        assert "0x" + made["evm"]["bytecode"]["object"] == shipped["bytecode"]
        assert "0x" + made["evm"]["deployedBytecode"]["object"] == shipped["deployedBytecode"]
        assert made["abi"] == shipped["abi"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_immutables_are_named_and_empty_in_the_published_code(path: Path) -> None:
    shipped = load(path)
    code = bytes.fromhex(shipped["deployedBytecode"][2:])
    assert len(code) <= CODE_SIZE_LIMIT
    for places in shipped["immutableReferences"].values():
        assert places
        for place in places:
            assert code[place["start"] : place["start"] + place["length"]] == bytes(32)


def values(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every value that a function takes or gives, an event carries, an error names."""
    found = []
    for entry in entries:
        for value in entry.get("inputs", []) + entry.get("outputs", []):
            found += [value, *fields(value)]
    return found


def fields(value: dict[str, Any]) -> list[dict[str, Any]]:
    inner = value.get("components", [])
    return [each for field in inner for each in [field, *fields(field)]]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_free_text_can_reach_the_chain(path: Path) -> None:
    """No string, no bytes; lists only between contracts and in answers."""
    shipped = load(path)
    assert {value["type"] for value in values(shipped["abi"])} <= FIXED_WIDTH | LISTS
    for entry in shipped["abi"]:
        taken = {value["type"] for value in values([{"inputs": entry.get("inputs", [])}])}
        if entry["type"] != "function" or entry["stateMutability"] not in ("view", "pure"):
            assert taken <= FIXED_WIDTH


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_is_payable_and_nothing_can_be_upgraded(path: Path) -> None:
    shipped = load(path)
    assert all(entry.get("stateMutability") != "payable" for entry in shipped["abi"])
    assert not {entry["type"] for entry in shipped["abi"]} & {"fallback", "receive"}
    assert operations(bytes.fromhex(shipped["deployedBytecode"][2:])).isdisjoint(FORBIDDEN)


# CALLCODE, DELEGATECALL, CREATE, CREATE2, SELFDESTRUCT; PUSH0, which London rules lack.
FORBIDDEN = {0xF2, 0xF4, 0xF0, 0xF5, 0xFF, 0x5F}


def operations(code: bytes) -> set[int]:
    """The operations of a contract, push data left out, up to the metadata at its end."""
    end = len(code) - 2 - int.from_bytes(code[-2:], "big")
    found, position = set(), 0
    while position < end:
        found.add(code[position])
        push = code[position] - 0x5F if 0x60 <= code[position] <= 0x7F else 0
        position += 1 + push
    return found
