"""SHA-256 of a file's bytes (FIPS 180-4), as `sha256sum FILE` prints it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from dragon_ledger.errors import InputError
from dragon_ledger.records import Digest

FILE_METHOD = "sha256"
"""Name of the method that `file_digest` uses."""

_PIECE = 4 * 2**20


def file_digest(path: Path, progress: Callable[[int, int], None] | None = None) -> Digest:
    """Return the SHA-256 of a file's bytes.

    Args:
        path: the file; it must not change while it is read.
        progress: called with the bytes done so far and the file's size, in bytes.

    Raises:
        InputError: there is no such file, it cannot be read, or it is no regular file.
    """
    try:
        return Digest(FILE_METHOD, _hash(regular_file(path), progress))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def regular_file(path: Path) -> Path:
    """Return the path when it names a regular file.

    Raises:
        InputError: there is no such file, or it is a folder, a pipe or a device.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if not path.is_file():
        raise InputError(f"{path}: expected a regular file, found a folder, a pipe or a device")
    return path


def _hash(path: Path, progress: Callable[[int, int], None] | None) -> bytes:
    running, piece = hashlib.sha256(), memoryview(bytearray(_PIECE))
    done, size = 0, path.stat().st_size
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(piece):
            running.update(piece[:count])
            done += count
            if progress:
                progress(done, max(done, size))
    return running.digest()
