"""Small files with large claims, and large files, cost little and are refused by name."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from dragon_ledger.cli.evidence_check import read_bundle
from dragon_ledger.errors import InputError, ProofError
from dragon_ledger.provenance.bundle.fields import MAX_BUNDLE_BYTES
from dragon_ledger.provenance.bundle.parse import parse
from tests.provenance.bundle.corpus import cases, document
from tests.provenance.bundle.make_vectors import answer
from tests.provenance.bundle.mutants import apply

MIB = 1 << 20
GIGABYTE = {
    "a string of a gigabyte": "bb40000000",
    "a list of a gigabyte": "fb40000000",
    "a length of eight bytes": "bf4000000000000000",
    "a list of 16 exabytes": "ffffffffffffffffff",
}
TEXTS = {
    "nested lists": (b"[" * MIB, "nested deeper"),
    "many lists": (b"[" + b"[]," * (3 * MIB) + b"[]]", "brackets and commas"),
    "many numbers": (b"[" + b"0," * (5 * MIB) + b"0]", "brackets and commas"),
    "a long number": (b"9" * MIB, "no JSON in ASCII"),
    "a long exponent": (b"1e" + b"9" * MIB, "whole number"),
    "zeros": (bytes(MIB), "no JSON in ASCII"),
}


@pytest.mark.parametrize("name", GIGABYTE)
@pytest.mark.parametrize("member", ["nodes", "headers"])
def test_a_claim_in_a_small_file_does_no_harm(name: str, member: str) -> None:
    case, bundle = cases()["valid"], document("valid")
    claim = GIGABYTE[name] + "00" * 400
    data = apply(bundle, [{"op": "set", "path": [member], "value": [claim]}])
    tracemalloc.start()
    found = answer(case, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["outcome"] == "refused"
    assert ("node" if member == "nodes" else "header") in found["error"]
    assert peak < 16 * MIB


@pytest.mark.parametrize("name", TEXTS)
def test_structure_is_bounded_before_parsing(name: str) -> None:
    data, words = TEXTS[name]
    with pytest.raises(ProofError, match=words):
        parse(data)


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(InputError, match="this is no bundle"):
        read_bundle(path)
    with pytest.raises(ProofError, match="bytes, more than"):
        parse(bytes(MAX_BUNDLE_BYTES + 1))


def test_parents_that_go_in_circles_end() -> None:
    """Ids do not bind the parent, so a forged circle is only found by walking it."""
    case, bundle = cases()["valid"], document("valid")
    child = next(run for run in bundle["runs"] if run["opening"]["parent_run"])
    place = 1 - bundle["runs"].index(child)
    changed = json.loads(json.dumps(bundle))
    changed["runs"][place]["opening"] |= {"parent_run": child["id"], "parent_round": 1}
    found = answer(case, apply(changed, []))
    assert found["outcome"] == "refused"
    assert "its ancestors have no end" in found["error"]
