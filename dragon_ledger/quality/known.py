"""What a site already knows when it checks a transfer, and what it may keep of a check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a transfer as it was read: what the dataset's manifest is made from.

    Attributes:
        path: relative to the transfer, with `/`.
        size: bytes.
        sha256: 32 bytes, of the whole file.
        mtime_ns: modification time when read; with `size` and `inode` it tells an unchanged file.
        inode: the file system's number of the file.
        subject: the PatientUID that the file belongs to, None for a table.
        memo: what the check remembers of an image, to be given back unopened in `KnownTransfers`;
            empty for tables, which are read again.
        instance: SOPInstanceUID of an image.
        pixels: XXH3-128 of an image's pixel data, as hexadecimal digits.
    """

    path: str
    size: int
    sha256: bytes
    mtime_ns: int
    inode: int
    subject: str | None = None
    memo: bytes = b""
    instance: str = ""
    pixels: str = ""


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """A series that this site transferred before.

    Attributes:
        patient: PatientUID.
        study_uid: StudyInstanceUID.
        date: SeriesDate; empty when not recorded.
        time: SeriesTime; empty when not recorded.
        table: `series_date_time` of the metadata table; empty when not recorded.
        withdrawn: whether a later transfer took it back.
    """

    patient: str
    study_uid: str
    date: str = ""
    time: str = ""
    table: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image that this site transferred before.

    Attributes:
        path: in its transfer.
        instance: SOPInstanceUID.
        sha256: 32 bytes, of the whole file.
        pixels: XXH3-128 of its pixel data, as hexadecimal digits.
        copy: where the site keeps the file, to confirm that pixels are equal.
    """

    path: str
    instance: str
    sha256: bytes
    pixels: str
    copy: Path


Recall = Callable[[Collection[str], Collection[str]], Iterable[KnownImage]]
"""Gives the images with one of these SOPInstanceUIDs or one of these pixel hashes, oldest first."""


def _nothing(_instances: Collection[str], _pixels: Collection[str]) -> Iterable[KnownImage]:
    return ()


@dataclass(frozen=True, slots=True)
class KnownTransfers:
    """Everything that this site transferred before, from its records database.

    Attributes:
        files: by path: files read before; one whose size, mtime and inode are unchanged is not read
            again (give none to make the check read everything: `--rehash`).
        series: by SeriesInstanceUID.
        recall: finds earlier images; a site may have a million, so they are asked for.
    """

    files: Mapping[str, FileRecord] = field(default_factory=dict)
    series: Mapping[str, KnownSeries] = field(default_factory=dict)
    recall: Recall = _nothing


@dataclass(frozen=True, slots=True)
class PreviousVersion:
    """The last accepted dataset version: SHA-256 of each file by its path."""

    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check is; `new` are the files read since the last call, to be remembered."""

    done_files: int
    total_files: int
    done_bytes: int
    total_bytes: int
    new: tuple[FileRecord, ...] = ()
