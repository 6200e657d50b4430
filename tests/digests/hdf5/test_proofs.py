"""A proof of one object stands alone, and nothing else passes for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.digests.hdf5 import (
    METHOD,
    Hdf5Worker,
    ObjectProof,
    hdf5_content_digest,
    merkle,
    prove_object,
    verify_object,
)
from dragon_ledger.errors import InputError, ProofError
from dragon_ledger.records import Digest

WEIGHTS = np.arange(600_000, dtype="<f4")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.h5"
    with h5py.File(path, "w") as file:
        for layer in range(9):
            file[f"layer{layer}/w"] = WEIGHTS[layer:]
        file["layer3/w"].attrs["unit"] = "none"
        file["alias"] = file["layer3/w"]
        file["soft"] = h5py.SoftLink("layer3")
    return path


def test_each_object_is_proved(model: Path, worker: Hdf5Worker) -> None:
    digest = worker.digest(model)
    with h5py.File(model) as file:
        # h5py visits an object once, and no soft link.
        names = ["/", "/soft", "/layer3/w"]
        file.visit(lambda name: names.append("/" + name))
    assert len(names) == 1 + 9 + 9 + 2
    proofs = [worker.prove(model, name) for name in names]
    assert sorted(proof.index for proof in proofs) == list(range(proofs[0].count))
    for name, proof in zip(names, proofs, strict=True):
        assert verify_object(digest, proof).path == name.encode()


def test_values_are_checked(model: Path, worker: Hdf5Worker) -> None:
    digest, proof = worker.digest(model), worker.prove(model, "/layer2/w")
    assert verify_object(digest, proof, WEIGHTS[2:].tobytes()).kind == 2
    changed = bytearray(WEIGHTS[2:].tobytes())
    changed[-1] ^= 1
    with pytest.raises(ProofError, match="/layer2/w: the values are not those"):
        verify_object(digest, proof, bytes(changed))


def test_a_proof_travels_as_json(model: Path, worker: Hdf5Worker) -> None:
    proof = worker.prove(model, "/layer5/w")
    again = ObjectProof.from_json(json.loads(json.dumps(proof.to_json())))
    assert again == proof
    verify_object(worker.digest(model), again)


def test_one_shot_functions_agree_with_a_worker(model: Path, worker: Hdf5Worker) -> None:
    assert hdf5_content_digest(model) == worker.digest(model)
    assert prove_object(model, "/alias") == worker.prove(model, "/alias")


def test_what_is_not_there_has_no_proof(model: Path, worker: Hdf5Worker) -> None:
    for name in ("/layer9", "layer1/w", "/soft/w", ""):
        with pytest.raises(InputError, match=r"holds no object"):
            worker.prove(model, name)


def test_forged_proofs_fail(model: Path, worker: Hdf5Worker) -> None:
    digest, proof = worker.digest(model), worker.prove(model, "/layer2/w")
    sibling = bytes(32)
    forged = [
        replace(proof, index=proof.index + 1),
        replace(proof, index=-1),
        replace(proof, count=proof.count + 1),
        replace(proof, count=0),
        replace(proof, entry=proof.entry[:-1] + bytes([proof.entry[-1] ^ 1])),
        replace(proof, siblings=proof.siblings[1:]),
        replace(proof, siblings=(*proof.siblings, sibling)),
        replace(proof, siblings=(sibling, *proof.siblings[1:])),
        replace(proof, siblings=(b"", *proof.siblings[1:])),
    ]
    for one in forged:
        with pytest.raises(ProofError):
            verify_object(digest, one)
    with pytest.raises(ProofError, match="does not lead to"):
        verify_object(Digest(METHOD, bytes(32)), proof)
    with pytest.raises(ProofError, match="digest of method sha256"):
        verify_object(Digest("sha256", digest.value), proof)


def test_an_inner_node_is_no_entry(model: Path, worker: Hdf5Worker) -> None:
    """An inner node's 64 bytes, presented as an entry one level up, must not verify."""
    digest, proof = worker.digest(model), worker.prove(model, "/layer2/w")
    leaf = merkle.leaf_hash(proof.entry)
    pair = (proof.siblings[0] + leaf) if proof.index % 2 else (leaf + proof.siblings[0])
    half = ObjectProof(pair, proof.index // 2, (proof.count + 1) // 2, proof.siblings[1:])
    with pytest.raises(ProofError):
        verify_object(digest, half)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"method": "other"},
        {"index": "1"},
        {"count": None},
        {"siblings": "00"},
        {"siblings": [1]},
        {"entry": "zz"},
    ],
)
def test_malformed_json_is_a_proof_error(broken: dict[str, object]) -> None:
    good: dict[str, object] = {
        "method": METHOD,
        "entry": "",
        "index": 0,
        "count": 1,
        "siblings": [],
    }
    with pytest.raises(ProofError):
        ObjectProof.from_json({**good, **broken} if broken else {})


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return merkle.root_hash(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=3), max_size=70))
def test_the_tree_is_that_of_rfc_9162(data: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(one) for one in data]
    root = merkle.root_hash(b"".join(leaves))
    assert root == naive_root(leaves)
    for index, leaf in enumerate(leaves):
        path = merkle.inclusion_path(b"".join(leaves), index)
        assert merkle.root_from_path(leaf, index, len(leaves), path) == root
