"""What a site already knows when it checks a transfer, and what it may keep of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    """

    path: str
    size: int
    sha256: bytes
    mtime_ns: int
    inode: int
    subject: str | None = None
    memo: bytes = b""


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """A series that this site transferred before."""

    patient: str
    study_uid: str


@dataclass(frozen=True, slots=True)
class KnownTransfers:
    """Everything that this site transferred before, from its records database.

    Attributes:
        files: by path: files read before; one whose size, mtime and inode are unchanged is not read
            again (give none to make the check read everything: `--rehash`).
        series: by SeriesInstanceUID.
        instances: by SOPInstanceUID: the file's SHA-256.
    """

    files: Mapping[str, FileRecord] = field(default_factory=dict)
    series: Mapping[str, KnownSeries] = field(default_factory=dict)
    instances: Mapping[str, bytes] = field(default_factory=dict)


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
