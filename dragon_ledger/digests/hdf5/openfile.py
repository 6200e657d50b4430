"""Opening: is it HDF5 at all, one map and one HDF5 handle, and did it change meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO

from h5py import h5f, h5p

from dragon_ledger.digests.hdf5.library import Damaged
from dragon_ledger.digests.hdf5.signature import looks_like_hdf5
from dragon_ledger.errors import InputError


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An HDF5 file that is open for reading: as HDF5 sees it, and as bytes."""

    hdf5: h5f.FileID
    mapped: mmap
    size: int


@contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """Open a file, and check at the end that it is still the same.

    Raises:
        InputError: it is not HDF5, HDF5 cannot open it, or it changed meanwhile.
    """
    if not looks_like_hdf5(path):
        raise InputError(f"{path}: not an HDF5 file: its signature is not there")
    with _bytes(path) as stream:
        before = _identity(stream.fileno())
        # The map is closed by its last user: threads and arrays may hold parts of it.
        mapped = mmap(stream.fileno(), 0, access=ACCESS_READ)
        hdf5 = _open(path)
        try:
            _check(_identity(hdf5.get_vfd_handle()) == before, path)
            yield OpenFile(hdf5, mapped, len(mapped))
            _check(_identity(stream.fileno()) == before, path)
        finally:
            hdf5.close()


def _bytes(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _check(same: bool, path: Path) -> None:
    if not same:
        raise InputError(f"{path}: changed while it was read; try again when its writer is done")


def _identity(descriptor: int) -> tuple[int, int, int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _open(path: Path) -> h5f.FileID:
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fapl_sec2()
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_file_locking(False, True)
    try:
        return h5f.open(os.fsencode(path), h5f.ACC_RDONLY, fapl=access)
    except (OSError, RuntimeError, ValueError) as error:
        raise Damaged(f"{path}: HDF5 cannot open it: {error}") from error
