"""What a site remembers of earlier transfers, and of one whose check was cut off.

A site may have a million images. They are found by keyed tags of SOPInstanceUID and pixel hash
(`ReadFiles.find`), and of the last version only the paths are read that a new transfer
has or withdraws, unless it is cumulative and has to hold all of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dragon_ledger.quality.known import (
    FileRecord,
    KnownImage,
    KnownSeries,
    KnownTransfers,
    PreviousVersion,
)
from dragon_ledger.quality.transfer import TreeFile, walk
from dragon_ledger.site.lineage import Lineage
from dragon_ledger.site.read_files import ReadFile
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.store import Store

_OLD_SERIES = 2  # patient and study only, as versions were written before dates were kept


class EarlierTransfers:
    """Reads and writes what checks of one site remember."""

    def __init__(self, database: RecordsDatabase, store: Store, lineage: Lineage) -> None:
        self._database = database
        self._files = database.read_files
        self._store = store
        self._lineage = lineage

    def upgrade(self, told: Callable[[int, int], None]) -> None:
        """Complete what an older package wrote: tags of images, dates of series. Once; resumes.

        `told` hears how many files are done, of how many; nothing when all are.
        """
        self._files.complete(lambda data: _keys(_read(data)), told)
        for version, facts in self._database.versions():
            if any(len(entry) == _OLD_SERIES for entry in facts["series"].values()):
                series = {**facts["series"], **self._series_of(facts["transfer"])}
                self._database.put_facts(version, {**facts, "series": series})

    def remember(self, transfer: str, records: Iterable[FileRecord]) -> None:
        """Keep what a check read, so that it is not read again."""
        self._files.put(
            transfer,
            (
                ReadFile(record.path, _write(record), record.memo, record.instance, record.pixels)
                for record in records
            ),
        )

    def known(self, transfer: str, *, reread: bool) -> KnownTransfers:
        """What is known before a transfer is checked; with `reread` no file is taken as read."""
        read = () if reread else self._files.with_memos(transfer)
        files = {record.path: record for record in (_read(data, memo) for data, memo in read)}
        return KnownTransfers(files, self._series(), lambda *keys: self._recall(transfer, *keys))

    def previous(
        self, transfer: Path, *, whole: bool, also: Collection[str]
    ) -> PreviousVersion | None:
        """Files of the last accepted version: all, or those that a transfer has, and `also`."""
        accepted = self._lineage.accepted()
        if not accepted:
            return None
        paths = None if whole else {*_paths(transfer), *also}
        files: dict[str, bytes] = {}
        for version in self._lineage.transfers_of(accepted[-1]):
            for record in self._records(version.facts["transfer"], paths):
                files[record.path] = record.sha256
            for path in version.facts["withdrawn"]:
                files.pop(path, None)
        return PreviousVersion(files)

    def _records(self, transfer: str, paths: Collection[str] | None = None) -> Iterator[FileRecord]:
        for data in self._files.of_transfer(transfer, paths):
            yield _read(data)

    def _series(self) -> dict[str, KnownSeries]:
        series: dict[str, list[Any]] = {}
        gone: dict[str, set[str]] = {}
        for version in self._lineage.accepted():
            for path in version.facts["withdrawn"]:
                gone.setdefault(path.rpartition("/")[0], set()).add(path)
            for uid, entry in version.facts["series"].items():
                series[uid] = entry
                gone.pop(_folder(uid, entry), None)
        return {
            uid: replace(KnownSeries(*entry[:5]), withdrawn=_is_gone(uid, entry, gone))
            for uid, entry in series.items()
        }

    def _recall(
        self, transfer: str, instances: Collection[str], pixels: Collection[str]
    ) -> Iterator[KnownImage]:
        names = [version.facts["transfer"] for version in self._lineage.accepted()]
        earlier = [name for name in names if name != transfer]
        for data in self._files.find(earlier, instances, pixels):
            record = _read(data)
            instance, hashed = _keys(record)
            copy = self._store.file(record.sha256)
            yield KnownImage(record.path, instance, record.sha256, hashed, copy)

    def _series_of(self, transfer: str) -> dict[str, list[Any]]:
        """Series of an earlier transfer with their dates, from what is remembered of its images."""
        # Half of an agent's start-up time, and most starts have nothing to check.
        from dragon_ledger.quality.dicom.image_facts import from_any_memo  # noqa: PLC0415 (above)

        found: dict[str, list[Any]] = {}
        for record in self._records(transfer):
            facts = from_any_memo(record.memo) if record.memo else None
            if facts is not None and record.subject is not None:
                tags = facts.tags
                names = ("StudyInstanceUID", "SeriesDate", "SeriesTime")
                study, day, clock = (tags.get(name, "") for name in names)
                uid = tags.get("SeriesInstanceUID", "")
                entry = found.setdefault(uid, [record.subject, study, day, clock, "", 0])
                entry[-1] += 1
        return found


def series_facts(series: Mapping[str, KnownSeries], slices: Mapping[str, int]) -> dict[str, Any]:
    """What a version's facts say of its series; `slices` tells when all of one is withdrawn."""
    return {
        uid: [each.patient, each.study_uid, each.date, each.time, each.table, slices[uid]]
        for uid, each in series.items()
    }


def _folder(uid: str, entry: list[Any]) -> str:
    return f"{entry[0]}/{entry[1]}/{uid}"


def _is_gone(uid: str, entry: list[Any], gone: Mapping[str, set[str]]) -> bool:
    withdrawn = gone.get(_folder(uid, entry))
    return withdrawn is not None and (len(entry) == _OLD_SERIES or len(withdrawn) >= entry[-1])


def _paths(transfer: Path) -> Iterator[str]:
    return (entry.path for entry in walk(transfer) if isinstance(entry, TreeFile))


def _keys(record: FileRecord) -> tuple[str, str]:
    """SOPInstanceUID and pixel hash of an image; empty for a table."""
    if record.instance or not record.memo:
        return record.instance, record.pixels
    # Half of an agent's start-up time, and most starts have nothing to check.
    from dragon_ledger.quality.dicom.image_facts import from_any_memo  # noqa: PLC0415 (see above)

    facts = from_any_memo(record.memo)
    return (facts.sop_instance, facts.pixel_hash) if facts else ("", "")


def _write(record: FileRecord) -> bytes:
    return json.dumps(
        [
            record.path,
            record.size,
            record.sha256.hex(),
            record.mtime_ns,
            record.inode,
            record.subject,
            "",  # where an older package wrote the memo
            record.instance,
            record.pixels,
        ]
    ).encode()


def _read(data: bytes, memo: bytes = b"") -> FileRecord:
    path, size, sha256, mtime_ns, inode, subject, old_memo, *keys = json.loads(data)
    content = bytes.fromhex(sha256)
    memo = memo or base64.b64decode(old_memo)
    return FileRecord(path, size, content, mtime_ns, inode, subject, memo, *keys)
