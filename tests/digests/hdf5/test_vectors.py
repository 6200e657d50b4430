"""The published vectors, against the product and against the naive reading of the specification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dragon_ledger.digests.hdf5 import Hdf5Worker, ObjectProof, merkle, method, verify_object
from dragon_ledger.digests.hdf5.entries import parse_entry
from dragon_ledger.errors import UnsupportedContent
from dragon_ledger.records import Digest
from tests.digests.hdf5 import reference

FOLDER = Path(__file__).resolve().parents[2] / "vectors" / "hdf5-content-digest"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))
DIGESTED = [vector for vector in VECTORS if "digest" in vector]

BEYOND_NUMPY = {"padding.h5", "custom-floats.h5", "opaque.h5"}
"""The naive reading goes through NumPy, which does not show these types; see the next table."""

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def u64(*numbers: int) -> str:
    return b"".join(number.to_bytes(8, "little") for number in numbers).hex()


BY_HAND = {
    ("padding.h5", "/0"): ("03" + u64(4) + "0000", b"a\0\0\0abcd"),
    ("padding.h5", "/1"): ("03" + u64(4) + "0100", b"a\0xyabcd"),
    ("padding.h5", "/2"): ("03" + u64(4) + "0200", b"a\0xyabcd"),
    ("custom-floats.h5", "/bfloat16"): (
        "02" + u64(2, 16, 0, 15, 7, 8, 0, 7, 127) + "00",
        bytes(range(4)),
    ),
    ("custom-floats.h5", "/e4m3"): ("02" + u64(1, 8, 0, 7, 3, 4, 0, 3, 7) + "00", bytes(range(4))),
    ("opaque.h5", "/d"): ("06" + u64(2) + u64(5) + b"a tag".hex(), b"abcd"),
}
"""Type and values written down from the specification."""


def ids(vector: dict[str, Any]) -> str:
    return str(vector["file"])


@pytest.mark.parametrize("vector", DIGESTED, ids=ids)
def test_digest(vector: dict[str, Any], worker: Hdf5Worker) -> None:
    assert str(worker.digest(FOLDER / vector["file"])) == vector["digest"]


@pytest.mark.parametrize("vector", DIGESTED, ids=ids)
def test_the_entries_lead_to_the_digest(vector: dict[str, Any]) -> None:
    entries = [bytes.fromhex(entry) for entry in vector["entries"].values()]
    root = reference.mth(entries)
    assert method.METHOD + ":" + method.seal(len(entries), root).hex() == vector["digest"]
    assert [parse_entry(entry).path.decode() for entry in entries] == list(vector["entries"])


@pytest.mark.parametrize("vector", DIGESTED, ids=ids)
def test_the_proof_of_the_last_entry(vector: dict[str, Any], worker: Hdf5Worker) -> None:
    proof = ObjectProof.from_json(vector["proof of the last"])
    name, value = vector["digest"].split(":")
    entry = verify_object(Digest(name, bytes.fromhex(value)), proof)
    assert entry.path.decode() == list(vector["entries"])[-1]
    assert worker.prove(FOLDER / vector["file"], entry.path.decode()) == proof


@pytest.mark.parametrize(
    "vector", [one for one in DIGESTED if one["file"] not in BEYOND_NUMPY], ids=ids
)
def test_the_naive_reading_agrees(vector: dict[str, Any]) -> None:
    entries = [entry.hex() for entry in reference.file_entries(FOLDER / vector["file"])]
    assert entries == list(vector["entries"].values())
    assert "hdf5-content-v1:" + reference.digest(FOLDER / vector["file"]) == vector["digest"]


@pytest.mark.parametrize(("file", "path"), BY_HAND)
def test_types_beyond_numpy_by_hand(file: str, path: str) -> None:
    datatype, values = BY_HAND[file, path]
    vector = next(one for one in VECTORS if one["file"] == file)
    entry = parse_entry(bytes.fromhex(vector["entries"][path]))
    assert entry.datatype.hex() == datatype
    assert entry.data == reference.blocks(values) == merkle.data_root(values)
    assert entry.attributes.hex() == EMPTY


@pytest.mark.parametrize("vector", [one for one in VECTORS if "refused" in one], ids=ids)
def test_refusals(vector: dict[str, Any], worker: Hdf5Worker) -> None:
    path = FOLDER / vector["file"]
    with pytest.raises(UnsupportedContent) as caught:
        worker.digest(path)
    assert caught.value.where == f"{path}: {vector['refused']['where']}"
    assert caught.value.what == vector["refused"]["what"]


def test_vectors_of_one_content_have_one_digest() -> None:
    digests = {vector["file"]: vector["digest"] for vector in DIGESTED}
    for one, other in [
        ("empty.h5", "empty-user-block.h5"),
        ("numbers.h5", "numbers-big-endian.h5"),
        ("compound.h5", "compound-aligned.h5"),
        ("blocks.h5", "blocks-other-chunks.h5"),
    ]:
        assert digests.pop(one) == digests[other]
    assert len(set(digests.values())) == len(digests)


def test_every_file_has_its_vector() -> None:
    assert {path.name for path in FOLDER.glob("*.h5")} == {vector["file"] for vector in VECTORS}
