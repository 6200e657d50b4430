"""Versions are built from what changed, and what is kept suffices to prove what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon_ledger.digests.dataset_json import read_manifest
from dragon_ledger.digests.dataset_proof import verify_absent, verify_present
from dragon_ledger.digests.manifest import ClinicalRow, FileRecord, Record
from dragon_ledger.errors import InputError, StorageError
from dragon_ledger.site.dataset import (
    DatasetBuilder,
    NewVersion,
    PreviousDataset,
    read_stems,
    write_stems,
)
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.vault import Vault

FIRST, SECOND = bytes([1]) * 32, bytes([2]) * 32


@pytest.fixture
def database(tmp_path: Path) -> Iterator[RecordsDatabase]:
    database = RecordsDatabase(tmp_path / "records.sqlite", Vault(bytes(range(32))))
    yield database
    database.close()


@pytest.fixture
def builder(database: RecordsDatabase) -> DatasetBuilder:
    return DatasetBuilder(database, Vault(bytes(range(32))))


def records(subject: str, marker: int = 0) -> list[Record]:
    return [
        FileRecord(f"{subject}/study/series/1.dcm", 100, bytes([marker]) * 32),
        ClinicalRow("DM", {"usubjid": subject, "age": "60"}),
    ]


def keep(database: RecordsDatabase, identifier: bytes, version: NewVersion) -> None:
    with database.session() as session:
        database.add_version(session, identifier, {}, version.members, version.manifests)


def test_what_did_not_change_is_neither_read_nor_salted_again(
    database: RecordsDatabase, builder: DatasetBuilder
) -> None:
    first = builder.build({name: records(name) for name in "abc"}, None)
    keep(database, FIRST, first)
    stems = write_stems(first.dataset.tree)
    second = builder.build(
        {"a": records("a"), "b": records("b", marker=1), "d": records("d")},
        PreviousDataset(FIRST, stems),
    )
    assert len(first.manifests) == 3
    # b changed, d is new, c is gone; a keeps its manifest.
    assert len(second.manifests) == 2
    assert len(second.members) == 3
    assert first.dataset.commitment() != second.dataset.commitment()
    whole = builder.build({"a": records("a"), "b": records("b"), "c": records("c")}, None)
    assert whole.dataset.commitment() != first.dataset.commitment(), "salts are drawn anew"


def test_an_unchanged_record_of_a_changed_subject_keeps_its_salt(
    database: RecordsDatabase, builder: DatasetBuilder
) -> None:
    first = builder.build({"a": records("a")}, None)
    keep(database, FIRST, first)
    previous = PreviousDataset(FIRST, write_stems(first.dataset.tree))
    second = builder.build({"a": records("a", marker=1)}, previous)
    (old,), (new,) = (map(read_manifest, one.manifests.values()) for one in (first, second))
    salts = {salted.record: salted.salt for salted in new.records if _is_file(salted.record)}
    assert old.records[1].salt == new.records[1].salt
    assert old.records[0].salt not in salts.values()
    assert old.salt == new.salt


def _is_file(record: Record) -> bool:
    return isinstance(record, FileRecord)


def test_an_incremental_transfer_adds_corrects_and_withdraws(
    database: RecordsDatabase, builder: DatasetBuilder
) -> None:
    first = builder.build({name: records(name) for name in "abc"}, None)
    keep(database, FIRST, first)
    scan = FileRecord("a/study/series/2.dcm", 5, bytes([9]) * 32)
    corrected = FileRecord("b/study/series/1.dcm", 7, bytes([8]) * 32)
    again = ClinicalRow("DM", {"usubjid": "a", "age": "60"})
    second = builder.build(
        {"a": [scan, again], "b": [corrected], "d": records("d")},
        PreviousDataset(FIRST, write_stems(first.dataset.tree)),
        adds=True,
        withdrawn=frozenset({"c/study/series/1.dcm"}),
    )
    keep(database, SECOND, second)
    found = {
        manifest.subject: [salted.record for salted in manifest.records]
        for manifest in map(read_manifest, database.manifests(SECOND))
    }
    assert found == {
        "a": [*records("a"), scan],
        "b": [records("b")[1], corrected],
        "c": [records("c")[1]],
        "d": records("d"),
    }


def test_whom_an_incremental_transfer_does_not_touch_is_not_read(
    database: RecordsDatabase, builder: DatasetBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = builder.build({f"subject {number}": records("x") for number in range(50)}, None)
    keep(database, FIRST, first)

    def refuse(digest: bytes) -> bytes:
        raise AssertionError(f"manifest {digest.hex()} was read")

    monkeypatch.setattr(database, "manifest", refuse)
    second = builder.build(
        {"new": records("new")},
        PreviousDataset(FIRST, write_stems(first.dataset.tree)),
        adds=True,
    )
    assert len(second.members) == 51
    assert len(second.manifests) == 1


def test_a_subject_of_whom_everything_is_withdrawn_is_not_in_the_version(
    database: RecordsDatabase, builder: DatasetBuilder
) -> None:
    only: list[Record] = [FileRecord("c/1.dcm", 1, bytes(32))]
    first = builder.build({"a": records("a"), "c": only}, None)
    keep(database, FIRST, first)
    second = builder.build(
        {},
        PreviousDataset(FIRST, write_stems(first.dataset.tree)),
        adds=True,
        withdrawn=frozenset({"c/1.dcm"}),
    )
    commitment = second.dataset.commitment()
    verify_absent(commitment, "c", second.dataset.prove_absent("c"))
    assert len(second.members) == 1


def test_after_a_restart_presence_and_absence_can_be_proved(
    database: RecordsDatabase, builder: DatasetBuilder
) -> None:
    first = builder.build({"a": records("a"), "b": records("b")}, None)
    keep(database, FIRST, first)
    stems, randomness = write_stems(first.dataset.tree), first.dataset.randomness
    again = DatasetBuilder(database, Vault(bytes(range(32)))).reopen(stems, randomness)
    commitment = first.dataset.commitment()
    assert again.commitment() == commitment
    manifest = next(
        found for found in map(read_manifest, database.manifests(FIRST)) if found.subject == "a"
    )
    verify_present(commitment, "a", again.prove_present(manifest))
    verify_absent(commitment, "somebody", again.prove_absent("somebody"))


def test_a_dataset_of_nobody_is_refused(builder: DatasetBuilder) -> None:
    with pytest.raises(InputError, match="no subject"):
        builder.build({}, None)


@pytest.mark.parametrize("data", [b"", b"[1]", b"[[1]]", b'[["zz","00",1,"00"]]'])
def test_a_damaged_tree_is_named(data: bytes) -> None:
    with pytest.raises(StorageError, match="damaged"):
        read_stems(data)
