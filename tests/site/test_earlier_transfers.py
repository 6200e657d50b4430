"""What a site remembers of earlier transfers, in a database of today and of an older package."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import UID

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.dicom.image_facts import FACTS_VERSION
from dragon_ledger.quality.known import FileRecord
from dragon_ledger.quality.report import QualityReport
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import make_transfer
from dragon_ledger.site.earlier_transfers import EarlierTransfers, series_facts
from dragon_ledger.site.intake import Interrupted
from dragon_ledger.site.lineage import Lineage
from dragon_ledger.site.quality_check import QualityCheck
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.store import Store
from dragon_ledger.site.vault import Vault
from dragon_ledger.site.watch import ChainWatch

TODAY = date(2026, 11, 22)
VAULT = Vault(bytes(range(32)))


class Undecided(ChainWatch):
    """A chain on which nobody decided anything."""

    def __init__(self) -> None:
        self.versions = {}


@dataclass
class Site:
    """A site's records without an agent, and one transfer that it accepted."""

    folder: Path
    database: RecordsDatabase
    store: Store
    earlier: EarlierTransfers
    first: QualityReport

    @property
    def transfer(self) -> Path:
        return self.folder / "first"

    def accept(self, name: str, series: dict[str, Any], withdrawn: tuple[str, ...] = ()) -> None:
        facts = {
            "transfer": name,
            "outcome": "PASS",
            "series": series,
            "adds": True,
            "withdrawn": list(withdrawn),
            "registration": {"predecessor": "00" * 32},
        }
        ordinal = len(self.database.versions()) + 1
        with self.database.session() as session:
            self.database.add_version(session, bytes([ordinal]) * 32, facts, (), {})

    def series(self) -> dict[str, Any]:
        return series_facts(
            self.first.kept, {row.series_uid: row.slices for row in self.first.series}
        )

    def codes(self, transfer: Path) -> set[str]:
        report = check_transfer(
            transfer,
            built_in(),
            today=TODAY,
            known=self.earlier.known(transfer.name, reread=False),
            previous=self.earlier.previous(transfer, whole=False, also=()),
            workers=1,
        )
        return {each.code for each in report.findings if each.severity == "error"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, QualityReport]:
    folder = tmp_path_factory.mktemp("first") / "first"
    make_transfer(folder, partner="UNIFI", seed=7, subjects=1, slices=25, size=32)
    return folder, check_transfer(folder, built_in(), today=TODAY, workers=1)


@pytest.fixture
def site(tmp_path: Path, first: tuple[Path, QualityReport]) -> Iterator[Site]:
    (tmp_path / "first").symlink_to(first[0])
    database = RecordsDatabase(tmp_path / "records.sqlite", VAULT)
    store = Store(tmp_path / "store", VAULT)
    earlier = EarlierTransfers(database, store, Lineage(database, Undecided()))
    site = Site(tmp_path, database, store, earlier, first[1])
    for record in site.first.files:
        store.put_file(site.transfer / record.path, record.sha256)
    yield site
    database.close()


def images(site: Site) -> list[FileRecord]:
    return [record for record in site.first.files if record.memo]


def sent_again(site: Site, **changes: str) -> Path:
    """A second transfer: one slice of the first, with other values."""
    record = images(site)[5]
    path = site.folder / "second" / record.path
    path.parent.mkdir(parents=True)
    dataset = pydicom.dcmread(site.transfer / record.path)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    dataset.save_as(path)
    return site.folder / "second"


def uniqueness(codes: set[str]) -> set[str]:
    return {code for code in codes if code.startswith(("uniqueness", "changes", "chronology"))}


def test_images_are_found_by_identifier_and_by_pixels(site: Site) -> None:
    site.earlier.remember("first", site.first.files)
    site.accept("first", site.series())
    known = site.earlier.known("second", reread=False)
    one, other = images(site)[0], images(site)[1]
    found = list(known.recall([one.instance], [other.pixels]))
    assert {each.path for each in found} == {one.path, other.path}
    assert {each.copy.read_bytes()[128:132] for each in found} == {b"DICM"}
    assert list(known.recall(["1.2.3"], ["00" * 16])) == []
    assert list(known.recall([""], [""])) == []


def test_what_was_not_accepted_and_the_transfer_itself_are_not_known(site: Site) -> None:
    site.earlier.remember("first", site.first.files)
    uid = images(site)[0].instance
    assert list(site.earlier.known("second", reread=False).recall([uid], [])) == []
    site.accept("first", site.series())
    assert list(site.earlier.known("first", reread=False).recall([uid], [])) == []


def test_the_newest_of_several_comes_last(site: Site) -> None:
    record = images(site)[0]
    for name, content in (("b", b"\1" * 32), ("a", b"\2" * 32)):
        site.earlier.remember(name, [replace(record, sha256=content)])
        site.accept(name, {})
    found = site.earlier.known("c", reread=False).recall([record.instance], [])
    assert [each.sha256[0] for each in found] == [1, 2]


def test_pixels_sent_again_are_found_and_the_same_file_is_not(site: Site) -> None:
    site.earlier.remember("first", site.first.files)
    site.accept("first", site.series())
    assert uniqueness(site.codes(site.transfer)) == set()
    codes = site.codes(sent_again(site, SOPInstanceUID="2.25.99"))
    assert uniqueness(codes) == {"uniqueness.known-pixels", "changes.changed"}


def test_a_table_of_changes_that_is_a_pipe_is_not_opened(site: Site) -> None:
    transfer = site.folder / "second"
    transfer.mkdir()
    os.mkfifo(transfer / "UNIFI_changes.csv")
    report = QualityCheck(built_in(), site.earlier, 1, threading.Event()).report(transfer)
    assert "structure.special" in {each.code for each in report.findings}


def test_identifiers_and_hashes_are_not_on_the_disk(site: Site) -> None:
    site.earlier.remember("first", site.first.files)
    site.accept("first", site.series())
    disk = b"".join(path.read_bytes() for path in site.folder.glob("records.sqlite*"))
    for record in images(site)[:3]:
        for text in (record.instance, record.pixels, record.path, record.subject or "-"):
            assert text.encode() not in disk
        assert bytes.fromhex(record.pixels) not in disk


def make_old(site: Site) -> None:
    """Turn the records into those of a package that kept neither keys nor dates."""
    site.earlier.remember("first", site.first.files)
    series = {uid: entry[:2] for uid, entry in site.series().items()}
    site.accept("first", series)
    with sqlite3.connect(site.folder / "records.sqlite") as raw:
        sought = "SELECT file.tag, file.sealed, memo.sealed FROM file LEFT JOIN memo USING (tag)"
        for tag, sealed, sealed_memo in raw.execute(sought).fetchall():
            context = f"file/{tag.hex()}"
            values = json.loads(VAULT.open(sealed, context))[:7]
            memo = VAULT.open(sealed_memo, f"memo/{tag.hex()}") if sealed_memo else b""
            old_memo = memo.replace(b"[%d," % FACTS_VERSION, b"[3,", 1)
            values[6] = base64.b64encode(old_memo).decode()
            old = VAULT.seal(json.dumps(values).encode(), context)
            raw.execute("UPDATE file SET sealed = ? WHERE tag = ?", (old, tag))
        raw.execute("DROP TABLE memo")
        for name in ("instance", "pixels"):
            raw.execute(f"DROP INDEX ix_file_{name}")
            raw.execute(f"ALTER TABLE file DROP COLUMN {name}")
    raw.close()


def reopened(site: Site) -> Site:
    site.database.close()
    database = RecordsDatabase(site.folder / "records.sqlite", VAULT)
    earlier = EarlierTransfers(database, site.store, Lineage(database, Undecided()))
    return replace(site, database=database, earlier=earlier)


def test_an_older_database_is_completed(site: Site) -> None:
    make_old(site)
    site = reopened(site)
    record = images(site)[0]
    assert list(site.earlier.known("second", reread=False).recall([record.instance], [])) == []
    told: list[tuple[int, int]] = []
    site.earlier.upgrade(lambda done, total: told.append((done, total)))
    assert told[-1] == (len(site.first.files), len(site.first.files))
    known = site.earlier.known("second", reread=False)
    (by_instance,), (by_pixels,) = (
        list(known.recall([record.instance], [])),
        list(known.recall([], [record.pixels])),
    )
    assert by_instance == by_pixels
    assert (by_instance.path, by_instance.pixels) == (record.path, record.pixels)
    for uid, kept in site.first.kept.items():
        assert known.series[uid] == replace(kept, table="")
    before = site.database.versions()
    site.earlier.upgrade(lambda *_: pytest.fail("nothing is left to complete"))
    assert site.database.versions() == before
    site.database.close()


def test_completing_ends_when_the_agent_stops(site: Site) -> None:
    make_old(site)
    site = reopened(site)
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(Interrupted, match="the agent stops"):
        QualityCheck(built_in(), site.earlier, 1, stopping).report(site.transfer)
    site.database.close()


def test_the_memos_of_a_version_are_dropped(site: Site) -> None:
    for name in ("first", "other"):
        site.earlier.remember(name, site.first.files)
    with site.database.session() as session:
        site.database.read_files.drop_memos(session, "first")
    memos = {
        name: [each.memo for each in site.earlier.known(name, reread=False).files.values()]
        for name in ("first", "other")
    }
    assert not any(memos["first"])
    assert sum(map(bool, memos["other"])) == len(images(site))
    found = site.earlier.known("third", reread=False)
    site.accept("first", site.series())
    assert list(found.recall([images(site)[0].instance], []))


def test_a_file_that_changed_keeps_no_memo_of_what_it_was(site: Site) -> None:
    record = images(site)[0]
    site.earlier.remember("first", [record])
    site.earlier.remember("first", [replace(record, memo=b"", mtime_ns=1)])
    assert not site.earlier.known("first", reread=False).files[record.path].memo


def test_completing_an_older_database_goes_on_where_it_was_cut_off(site: Site) -> None:
    make_old(site)
    site = reopened(site)
    calls = 0

    def keys(_: bytes) -> tuple[str, str]:
        nonlocal calls
        calls += 1
        if calls > 30:
            raise KeyboardInterrupt
        return "x", "y"

    with pytest.raises(KeyboardInterrupt):
        site.database.read_files.complete(keys, lambda *_: None)
    site.earlier.upgrade(lambda *_: None)
    assert list(site.earlier.known("2", reread=False).recall([images(site)[0].instance], []))
    site.database.close()


def test_a_series_whose_images_are_all_withdrawn_is_withdrawn(site: Site) -> None:
    site.accept("first", site.series())
    uid = next(iter(site.first.kept))
    paths = [record.path for record in images(site) if f"/{uid}/" in record.path]
    site.accept("second", {}, tuple(paths[:-1]))
    assert not site.earlier.known("3", reread=False).series[uid].withdrawn
    site.accept("third", {}, tuple(paths[-1:]))
    assert site.earlier.known("4", reread=False).series[uid].withdrawn
    site.accept("fourth", {uid: site.series()[uid]})
    assert not site.earlier.known("5", reread=False).series[uid].withdrawn


def test_only_the_paths_of_a_transfer_are_read_of_the_last_version(site: Site) -> None:
    site.earlier.remember("first", site.first.files)
    site.accept("first", site.series())
    again = sent_again(site)
    gone = images(site)[9].path
    some = site.earlier.previous(again, whole=False, also=[gone])
    whole = site.earlier.previous(again, whole=True, also=())
    assert some is not None
    assert whole is not None
    assert set(some.files) == {images(site)[5].path, gone}
    assert whole.files == {record.path: record.sha256 for record in site.first.files}
