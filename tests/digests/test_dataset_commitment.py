"""Commitment, tree and manifest against the specification, computed the naive way."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.digests import subject_tree
from dragon_ledger.digests.commitment import CommittedDataset
from dragon_ledger.digests.dataset_json import (
    read_manifest,
    read_proof,
    verify_proof,
    write_manifest,
    write_proof,
)
from dragon_ledger.digests.dataset_proof import verify_absent, verify_present, verify_record
from dragon_ledger.digests.manifest import (
    ClinicalRow,
    FileRecord,
    Record,
    SubjectManifest,
    random_length,
    salt_subject,
)
from dragon_ledger.digests.pseudonym import PseudonymKey
from dragon_ledger.digests.subject_tree import SubjectTree
from dragon_ledger.errors import InputError, ProofError

VECTORS = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "dataset_commitment.json").read_text()
)
TAG = b"dragon-ledger/dataset/1/"
KEY = PseudonymKey(bytes(range(1, 33)))
EMPTY_KEY = bytes(range(3, 35))
RANDOMNESS = bytes(range(5, 37))


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def naive_records_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.1: split at the largest power of two below the number of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    sides = (naive_records_root(leaves[:half]), naive_records_root(leaves[half:]))
    return sha256(TAG + b"records", *sides)


def naive_node(empty_key: bytes, below: Mapping[str, bytes], prefix: str = "") -> bytes:
    """The node at a prefix; prefix and paths written in binary."""
    if not below:
        place = int(prefix.ljust(256, "0"), 2).to_bytes(32, "big")
        salt = hmac.new(empty_key, len(prefix).to_bytes(2, "big") + place, "sha256").digest()
        return sha256(TAG + b"empty", salt)
    if len(prefix) == 256:
        return below[prefix]
    sides = []
    for child in (prefix + "0", prefix + "1"):
        inside = {path: digest for path, digest in below.items() if path.startswith(child)}
        sides.append(naive_node(empty_key, inside, child))
    return sha256(TAG + b"node", *sides)


def naive_root(empty_key: bytes, subjects: Mapping[bytes, bytes]) -> bytes:
    written = {f"{int.from_bytes(path):0256b}": digest for path, digest in subjects.items()}
    return naive_node(empty_key, written)


def manifest_of(subject: str, files: int, source: random.Random) -> SubjectManifest:
    records: list[Record] = [
        FileRecord(f"{subject}/CT/{number:04}.dcm", source.randrange(10**6), source.randbytes(32))
        for number in range(files)
    ]
    records.append(ClinicalRow("DM", {"USUBJID": subject, "AGE": "61"}))
    return salt_subject(subject, records, source.randbytes(random_length(records)))


def dataset_of(count: int, seed: int = 1) -> tuple[CommittedDataset, dict[str, SubjectManifest]]:
    source = random.Random(seed)
    manifests = {f"S-{i}": manifest_of(f"S-{i}", i % 5, source) for i in range(count)}
    changes = {KEY.path(subject): each.digest() for subject, each in manifests.items()}
    tree = SubjectTree(EMPTY_KEY).update(changes)
    return CommittedDataset(tree, KEY, RANDOMNESS), manifests


def test_vectors() -> None:
    manifests = [read_manifest(text.encode()) for text in VECTORS["manifests"]]
    key = PseudonymKey(bytes.fromhex(VECTORS["pseudonym_key"]))
    tree = SubjectTree(bytes.fromhex(VECTORS["empty_key"]))
    for manifest, expected in zip(manifests, VECTORS["subjects"], strict=True):
        assert [leaf.hex() for leaf in manifest.leaves()] == expected["leaves"]
        assert manifest.records_root().hex() == expected["records_root"]
        assert manifest.digest().hex() == expected["digest"]
        assert key.path(manifest.subject).hex() == expected["path"]
        tree = tree.update({key.path(manifest.subject): manifest.digest()})
    dataset = CommittedDataset(tree, key, bytes.fromhex(VECTORS["randomness"]))
    assert tree.root().hex() == VECTORS["root"]
    assert dataset.commitment().hex() == VECTORS["commitment"]
    made = [
        write_proof(manifests[0].subject, dataset.prove_present(manifests[0])),
        write_proof("nobody", dataset.prove_absent("nobody")),
        write_proof(manifests[1].subject, dataset.prove_record(manifests[1], 2)),
    ]
    assert [proof.decode() for proof in made] == VECTORS["proofs"]
    for proof in made:
        verify_proof(dataset.commitment(), proof)


def test_leaves_are_made_as_specified() -> None:
    digest, salt = sha256(b"pixels"), bytes(range(7, 39))
    file = FileRecord("S-1/CT/ä.dcm", 258, digest)
    assert file.leaf(salt) == sha256(
        TAG + b"file", salt, digest, bytes(6) + b"\x01\x02", "S-1/CT/ä.dcm".encode()
    )
    row = ClinicalRow("LB", {"LBTESTCD": "CRP", "LBORRES": "1,2", "LBSEQ": None})
    written = b'["LB",{"LBORRES":"1,2","LBSEQ":null,"LBTESTCD":"CRP"}]'
    assert row.leaf(salt) == sha256(TAG + b"row", salt, written)


@pytest.mark.parametrize("files", range(12))
def test_a_subject_is_a_merkle_tree_of_its_leaves(files: int) -> None:
    manifest = manifest_of("S-1", files, random.Random(files))
    leaves = sorted(salted.record.leaf(salted.salt) for salted in manifest.records)
    root = naive_records_root(leaves)
    assert manifest.records_root() == root
    assert manifest.digest() == sha256(TAG + b"subject", manifest.salt, root)


paths = st.binary(min_size=32, max_size=32) | st.integers(0, 6).map(lambda i: i.to_bytes(32))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(paths, st.none() | st.binary(min_size=32, max_size=32))))
def test_any_sequence_of_changes_gives_the_naive_tree(
    versions: list[dict[bytes, bytes | None]],
) -> None:
    tree, subjects = SubjectTree(EMPTY_KEY), dict[bytes, bytes]()
    for version in versions:
        changes = {path: d for path, d in version.items() if d or path in subjects}
        tree = tree.update(changes)
        merged = subjects | changes
        subjects = {path: digest for path, digest in merged.items() if digest}
        assert tree.root() == naive_root(EMPTY_KEY, subjects)
        assert SubjectTree.from_stems(EMPTY_KEY, tree.stems()).root() == tree.root()
        for path in version:
            assert tree.descend(path).found == subjects.get(path)


def test_stems_of_another_depth_give_the_same_tree() -> None:
    dataset, _ = dataset_of(40)
    alone = [SubjectTree(EMPTY_KEY).update({s.path: s.digest}) for s in dataset.tree.stems()]
    lone = [stem for tree in alone for stem in tree.stems()]
    assert {stem.depth for stem in lone} == {0}
    assert SubjectTree.from_stems(EMPTY_KEY, lone).root() == dataset.tree.root()


def test_a_stem_cannot_be_stored_twice() -> None:
    dataset, _ = dataset_of(3)
    with pytest.raises(InputError, match="same path"):
        SubjectTree.from_stems(EMPTY_KEY, [*dataset.tree.stems()] * 2)


def test_removing_a_subject_that_is_not_there_is_an_error() -> None:
    dataset, _ = dataset_of(3)
    with pytest.raises(InputError, match="not in the tree"):
        dataset.tree.update({bytes(32): None})
    with pytest.raises(InputError, match="32 bytes"):
        dataset.tree.update({b"short": bytes(32)})


def test_a_commitment_binds_root_key_and_randomness() -> None:
    dataset, _ = dataset_of(3)
    parts = (dataset.tree.root(), KEY.public(), RANDOMNESS)
    assert dataset.commitment() == sha256(TAG + b"commitment", *parts)


@pytest.mark.parametrize("count", [1, 2, 3, 60])
def test_every_subject_record_and_stranger_can_be_proved(count: int) -> None:
    dataset, manifests = dataset_of(count)
    commitment = dataset.commitment()
    for subject, manifest in manifests.items():
        verify_present(commitment, subject, dataset.prove_present(manifest))
        for index, salted in enumerate(manifest.records):
            proof = dataset.prove_record(manifest, index)
            assert verify_record(commitment, subject, proof) == salted.record
        stranger = subject + "x"
        verify_absent(commitment, stranger, dataset.prove_absent(stranger))


def test_the_site_cannot_be_made_to_prove_what_is_not_so() -> None:
    dataset, manifests = dataset_of(3)
    with pytest.raises(InputError, match="is in this dataset version"):
        dataset.prove_absent("S-1")
    with pytest.raises(InputError, match="is not in"):
        dataset.prove_present(manifest_of("S-9", 1, random.Random(2)))
    with pytest.raises(InputError, match="another version"):
        dataset.prove_present(manifest_of("S-1", 1, random.Random(2)))
    assert manifests["S-1"].digest() != manifest_of("S-1", 1, random.Random(2)).digest()


def test_a_version_without_subjects_or_with_undrawn_secrets_is_refused() -> None:
    dataset, _ = dataset_of(1)
    with pytest.raises(InputError, match="no subject"):
        CommittedDataset(SubjectTree(EMPTY_KEY), KEY, RANDOMNESS)
    with pytest.raises(InputError, match="never drawn"):
        CommittedDataset(dataset.tree, KEY, bytes(32))
    with pytest.raises(InputError, match="empty nodes"):
        SubjectTree(bytes(32))


def test_a_new_version_keeps_the_salts_of_what_did_not_change() -> None:
    source = random.Random(4)
    first = manifest_of("S-1", 4, source)
    changed = FileRecord("S-1/CT/0000.dcm", 1, sha256(b"sent again"))
    records = [changed, *(salted.record for salted in first.records[1:])]
    second = salt_subject("S-1", records, source.randbytes(random_length(records)), first)
    kept = [old.salt == new.salt for old, new in zip(first.records, second.records, strict=True)]
    assert kept == [False, True, True, True, True]
    assert second.salt == first.salt
    again = salt_subject(
        "S-1",
        [salted.record for salted in reversed(first.records)],
        source.randbytes(random_length(records)),
        first,
    )
    assert again.digest() == first.digest()


def test_equal_rows_get_salts_of_their_own_and_keep_them() -> None:
    row = ClinicalRow("LB", {"LBTESTCD": "CRP"})
    source = random.Random(5)
    first = salt_subject("S-1", [row, row], source.randbytes(96))
    assert len({salted.salt for salted in first.records}) == 2
    third = salt_subject("S-1", [row, row, row], source.randbytes(128), first)
    assert {salted.salt for salted in first.records} < {salted.salt for salted in third.records}
    assert len({salted.salt for salted in third.records}) == 3


@pytest.mark.parametrize(
    ("records", "length"), [([], 32), ([ClinicalRow("DM", {})], 32), ([ClinicalRow("DM", {})], 96)]
)
def test_salting_asks_for_records_and_the_right_amount_of_randomness(
    records: list[Record], length: int
) -> None:
    with pytest.raises(InputError, match="S-1"):
        salt_subject("S-1", records, bytes(range(1, length + 1)))


def test_salting_refuses_the_manifest_of_someone_else_and_undrawn_salts() -> None:
    row = ClinicalRow("DM", {})
    other = salt_subject("S-2", [row], bytes(range(64)))
    with pytest.raises(InputError, match="S-2"):
        salt_subject("S-1", [row], bytes(range(64)), other)
    with pytest.raises(InputError, match="never drawn"):
        salt_subject("S-1", [row], bytes(64))


@pytest.mark.parametrize("record", [FileRecord("a", -1, bytes(32)), FileRecord("a", 1, b"short")])
def test_refuses_impossible_file_records(record: FileRecord) -> None:
    with pytest.raises(InputError, match="expected a SHA-256"):
        record.leaf(bytes(32))


def test_one_changed_subject_costs_one_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cost counted in hashes: what 500 subjects cost once, one change costs a 300th of."""
    dataset, _ = dataset_of(500)
    changed = dataset_of(500, seed=2)[1]["S-7"]
    counted = [0]
    original = subject_tree.inner_digest

    def counting(left: bytes, right: bytes) -> bytes:
        counted[0] += 1
        return original(left, right)

    monkeypatch.setattr(subject_tree, "inner_digest", counting)
    updated = dataset.tree.update({KEY.path("S-7"): changed.digest()})
    assert counted[0] == 256
    stored = list(updated.stems())
    counted[0] = 0
    assert SubjectTree.from_stems(EMPTY_KEY, stored).root() == updated.root()
    assert counted[0] < 2 * len(stored)
    kept = {id(stem) for stem in dataset.tree.stems()} & {id(stem) for stem in updated.stems()}
    assert len(kept) == 499


def test_manifests_and_proofs_read_back_as_they_were() -> None:
    dataset, manifests = dataset_of(4)
    manifest = manifests["S-3"]
    assert read_manifest(write_manifest(manifest)) == manifest
    proofs = (
        dataset.prove_present(manifest),
        dataset.prove_absent("S-9"),
        dataset.prove_record(manifest, 0),
        dataset.prove_record(manifest, len(manifest.records) - 1),
    )
    for proof in proofs:
        read = read_proof(write_proof("S-3", proof))
        assert (read.subject, read.proof) == ("S-3", proof)


def test_a_proof_for_another_version_does_not_hold() -> None:
    dataset, manifests = dataset_of(4)
    later = CommittedDataset(dataset.tree, KEY, bytes(range(6, 38)))
    proof = write_proof("S-3", dataset.prove_present(manifests["S-3"]))
    with pytest.raises(ProofError, match="commits to"):
        verify_proof(later.commitment(), proof)


def test_erasure_leaves_nothing_that_confirms_a_guess() -> None:
    """Who knows every record and identifier, but no salt, finds none of them in what remains."""
    dataset, manifests = dataset_of(8)
    remains = {dataset.commitment()}
    guesses = {KEY.public(), dataset.tree.root()}
    for subject, manifest in manifests.items():
        guesses |= {sha256(subject.encode()), manifest.records_root(), manifest.digest()}
        guesses |= {salted.record.leaf(bytes(32)) for salted in manifest.records}
    plain = {sha256(guess) for guess in guesses}
    unsalted = {sha256(TAG + b"commitment", guess, KEY.public()) for guess in guesses}
    assert not remains & (guesses | plain | unsalted)
    forgotten = CommittedDataset(dataset.tree, KEY, bytes(range(9, 41)))
    with pytest.raises(ProofError):
        verify_present(dataset.commitment(), "S-1", forgotten.prove_present(manifests["S-1"]))
