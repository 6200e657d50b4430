"""A site that holds every key tries to prove what its commitment does not say."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.digests.canonical_json import canonical_json
from dragon_ledger.digests.commitment import CommittedDataset
from dragon_ledger.digests.dataset_json import verify_proof, write_proof
from dragon_ledger.digests.dataset_proof import (
    AbsenceProof,
    Opening,
    PresenceProof,
    RecordProof,
    commitment_digest,
    verify_absent,
    verify_present,
    verify_record,
)
from dragon_ledger.digests.manifest import (
    ClinicalRow,
    FileRecord,
    SubjectManifest,
    random_length,
    salt_subject,
)
from dragon_ledger.digests.pseudonym import PseudonymKey
from dragon_ledger.digests.subject_tree import SubjectTree, climb, empty_digest, inner_digest
from dragon_ledger.errors import LedgerError, ProofError

KEY = PseudonymKey(bytes(range(1, 33)))
OTHER_KEY = PseudonymKey(bytes(range(2, 34)))
EMPTY_KEY = bytes(range(3, 35))
RANDOMNESS = bytes(range(5, 37))


def _manifest(subject: str, seed: int) -> SubjectManifest:
    source = random.Random(seed)
    records = [FileRecord(f"{subject}/{i}.dcm", i, source.randbytes(32)) for i in range(5)]
    return salt_subject(subject, records, source.randbytes(random_length(records)))


MANIFESTS = {f"S-{i}": _manifest(f"S-{i}", i) for i in range(30)}
PRESENT, ABSENT = "S-4", "S-99"
TREE = SubjectTree(EMPTY_KEY).update({KEY.path(s): m.digest() for s, m in MANIFESTS.items()})
DATASET = CommittedDataset(TREE, KEY, RANDOMNESS)
COMMITMENT = DATASET.commitment()
IN = DATASET.prove_present(MANIFESTS[PRESENT])
OUT = DATASET.prove_absent(ABSENT)
RECORD = DATASET.prove_record(MANIFESTS[PRESENT], 2)


def opening_of(subject: str, key: PseudonymKey = KEY) -> Opening:
    return Opening(key.public(), RANDOMNESS, key.prove(subject))


def test_the_honest_proofs_hold() -> None:
    verify_present(COMMITMENT, PRESENT, IN)
    verify_absent(COMMITMENT, ABSENT, OUT)
    verify_record(COMMITMENT, PRESENT, RECORD)


def test_a_second_tree_without_the_subject_does_not_open_the_commitment() -> None:
    censored = CommittedDataset(TREE.update({KEY.path(PRESENT): None}), KEY, RANDOMNESS)
    with pytest.raises(ProofError, match="commits to"):
        verify_absent(COMMITMENT, PRESENT, censored.prove_absent(PRESENT))


def test_a_second_tree_with_the_subject_does_not_open_the_commitment() -> None:
    manifest = _manifest(ABSENT, 99)
    padded = CommittedDataset(TREE.update({KEY.path(ABSENT): manifest.digest()}), KEY, RANDOMNESS)
    with pytest.raises(ProofError, match="commits to"):
        verify_present(COMMITMENT, ABSENT, padded.prove_present(manifest))


def test_another_pseudonym_key_does_not_move_a_subject_to_an_empty_path() -> None:
    moved = CommittedDataset(TREE, OTHER_KEY, RANDOMNESS).prove_absent(PRESENT)
    verify_absent(commitment_digest(TREE.root(), OTHER_KEY.public(), RANDOMNESS), PRESENT, moved)
    with pytest.raises(ProofError, match="commits to"):
        verify_absent(COMMITMENT, PRESENT, moved)


def test_the_path_proof_of_another_subject_does_not_help() -> None:
    with pytest.raises(ProofError, match="path proof"):
        verify_absent(COMMITMENT, PRESENT, OUT)
    with pytest.raises(ProofError, match="path proof"):
        verify_present(COMMITMENT, ABSENT, IN)


def test_every_empty_node_of_the_tree_fails_on_an_occupied_path() -> None:
    """All empty nodes that the site can open, at any depth, under the right opening of the path."""
    for stranger in (f"T-{i}" for i in range(40)):
        borrowed = DATASET.prove_absent(stranger)
        for siblings in (borrowed.siblings, IN.siblings[: len(borrowed.siblings)]):
            forged = AbsenceProof(opening_of(PRESENT), siblings, borrowed.empty_salt)
            with pytest.raises(ProofError, match="commits to"):
                verify_absent(COMMITMENT, PRESENT, forged)


def test_a_presence_proof_cannot_end_above_the_leaves() -> None:
    """The site commits to a root whose child is a subject's digest: no path is 1 long."""
    digest = MANIFESTS[PRESENT].digest()
    path = KEY.path(PRESENT)
    root = climb(digest, path, [bytes(32)])
    commitment = commitment_digest(root, KEY.public(), RANDOMNESS)
    short = replace(IN, siblings=(bytes(32),))
    with pytest.raises(ProofError, match="hangs at 256"):
        verify_present(commitment, PRESENT, short)


def test_no_node_is_both_empty_and_full() -> None:
    """The site builds any tree it likes around one path; one of the two proofs must fail."""
    path, digest = KEY.path(PRESENT), MANIFESTS[PRESENT].digest()
    salt = bytes(range(11, 43))
    for depth in (0, 1, 17, 255, 256):
        siblings = tuple(bytes([i % 256]) * 32 for i in range(256))
        root = climb(empty_digest(salt), path, siblings[:depth])
        commitment = commitment_digest(root, KEY.public(), RANDOMNESS)
        opening = opening_of(PRESENT)
        verify_absent(commitment, PRESENT, AbsenceProof(opening, siblings[:depth], salt))
        full = PresenceProof(opening, siblings, MANIFESTS[PRESENT].salt, IN.records_root)
        with pytest.raises(ProofError):
            verify_present(commitment, PRESENT, full)
        filled = commitment_digest(climb(digest, path, siblings), KEY.public(), RANDOMNESS)
        verify_present(filled, PRESENT, full)
        with pytest.raises(ProofError):
            verify_absent(filled, PRESENT, AbsenceProof(opening, siblings[:depth], salt))


def test_an_absence_proof_is_not_deeper_than_the_tree() -> None:
    with pytest.raises(ProofError, match="256 levels"):
        verify_absent(COMMITMENT, ABSENT, replace(OUT, siblings=(bytes(32),) * 257))


def test_values_of_other_lengths_cannot_shift_a_concatenation() -> None:
    """Two fields that are concatenated cannot exchange a byte."""
    moved = replace(IN, salt=IN.salt + IN.records_root[:1], records_root=IN.records_root[1:])
    with pytest.raises(ProofError, match="32 bytes"):
        verify_present(COMMITMENT, PRESENT, moved)
    longer = replace(OUT.opening, randomness=OUT.opening.randomness + b"\x00")
    with pytest.raises(ProofError, match="32 bytes"):
        verify_absent(COMMITMENT, ABSENT, replace(OUT, opening=longer))
    short = replace(OUT.opening, public_key=OUT.opening.public_key[:-1])
    with pytest.raises(ProofError, match="33 bytes"):
        verify_absent(COMMITMENT, ABSENT, replace(OUT, opening=short))


def test_a_record_of_another_subject_is_not_this_ones() -> None:
    borrowed = replace(RECORD, presence=DATASET.prove_present(MANIFESTS["S-5"]))
    with pytest.raises(ProofError, match="not under"):
        verify_record(COMMITMENT, "S-5", borrowed)
    with pytest.raises(ProofError, match="path proof"):
        verify_record(COMMITMENT, "S-5", RECORD)


def test_a_record_with_another_value_salt_or_step_is_not_under_the_root() -> None:
    record = RECORD.record.record
    assert isinstance(record, FileRecord)
    flipped = tuple((not on_left, sibling) for on_left, sibling in RECORD.steps)
    forgeries = [
        replace(RECORD, record=replace(RECORD.record, record=replace(record, size=99))),
        replace(RECORD, record=replace(RECORD.record, record=ClinicalRow("DM", {}))),
        replace(RECORD, record=replace(RECORD.record, salt=bytes(range(32)))),
        replace(RECORD, steps=flipped),
        replace(RECORD, steps=RECORD.steps[1:]),
    ]
    for forged in forgeries:
        with pytest.raises(ProofError, match="record proof"):
            verify_record(COMMITMENT, PRESENT, forged)


def test_the_steps_of_a_record_are_bounded() -> None:
    with pytest.raises(ProofError, match="more than 64 steps"):
        verify_record(COMMITMENT, PRESENT, replace(RECORD, steps=RECORD.steps * 30))


def test_an_inner_node_is_no_record() -> None:
    """The leaf of a record starts with its own tag, so no salt makes it an inner node."""
    leaves = MANIFESTS[PRESENT].leaves()
    inner = b"dragon-ledger/dataset/1/records" + leaves[0] + leaves[1]
    for cut in range(len(inner) - 32):
        record = FileRecord(inner[cut + 32 :].decode("latin-1"), 0, bytes(32))
        salted = replace(RECORD.record, record=record, salt=inner[cut : cut + 32])
        with pytest.raises(ProofError, match="record proof"):
            verify_record(COMMITMENT, PRESENT, RecordProof(IN, salted, ()))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.sampled_from([(PRESENT, IN), (ABSENT, OUT), (PRESENT, RECORD)]), st.data())
def test_no_mutation_of_a_written_proof_holds(
    honest: tuple[str, PresenceProof | AbsenceProof | RecordProof], data: st.DataObject
) -> None:
    """Any member replaced by any other value, or any hexadecimal digit changed."""
    document = json.loads(write_proof(*honest))
    name = data.draw(st.sampled_from(sorted(document)))
    document[name] = data.draw(_mutations(document[name]).filter(lambda new: new != document[name]))
    with pytest.raises(LedgerError):
        verify_proof(COMMITMENT, canonical_json(document))


def _mutations(value: object) -> st.SearchStrategy[object]:
    anything: st.SearchStrategy[object] = st.one_of(
        st.none(), st.text(max_size=3), st.integers(0, 9), st.lists(st.text(max_size=2), max_size=2)
    )
    if isinstance(value, str) and value:
        digits = st.tuples(st.integers(0, len(value) - 1), st.sampled_from("0123456789abcdef"))
        return anything | digits.map(lambda at: value[: at[0]] + at[1] + value[at[0] + 1 :])
    if isinstance(value, list) and value:
        dropped = st.integers(0, len(value) - 1).map(lambda i: value[:i] + value[i + 1 :])
        swapped = st.integers(1, len(value)).map(lambda i: value[i:] + value[:i])
        return anything | dropped | swapped
    return anything


def test_what_a_proof_shows_of_others_is_indistinguishable_from_random() -> None:
    """With 29 neighbours or none: as many siblings, all different, no two of them recognisable."""
    alone = CommittedDataset(
        SubjectTree(EMPTY_KEY).update({KEY.path(PRESENT): MANIFESTS[PRESENT].digest()}),
        KEY,
        RANDOMNESS,
    ).prove_present(MANIFESTS[PRESENT])
    assert len(alone.siblings) == len(IN.siblings)
    assert len({*alone.siblings}) == len({*IN.siblings}) == 256
    assert inner_digest(*alone.siblings[:2]) != inner_digest(*IN.siblings[:2])


def test_limitation_two_identifiers_of_one_person_are_two_subjects() -> None:
    """Known and documented: nothing ties 'S-4' to the same person's 'OLD-0004'."""
    verify_present(COMMITMENT, "S-4", IN)
    verify_absent(COMMITMENT, "OLD-0004", DATASET.prove_absent("OLD-0004"))


def test_limitation_an_absence_proof_shows_how_deep_the_empty_node_lies() -> None:
    """Known and documented: its depth estimates how many subjects there are, and nothing else."""
    assert len(DATASET.prove_absent(ABSENT).siblings) < 20
