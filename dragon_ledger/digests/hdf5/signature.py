"""Is it HDF5 at all (HDF5 File Format Specification, II.A)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from dragon_ledger.digests.file import regular_file
from dragon_ledger.errors import InputError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIRST_USER_BLOCK = 512


def looks_like_hdf5(path: Path) -> bool:
    """Tell whether HDF5's signature is at byte 0, 512, 1024, 2048 ... of a file.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    try:
        with regular_file(path).open("rb") as stream:
            return _has_signature(stream, os.fstat(stream.fileno()).st_size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _has_signature(stream: BinaryIO, size: int) -> bool:
    at = 0
    while at + len(_SIGNATURE) <= size:
        stream.seek(at)
        if stream.read(len(_SIGNATURE)) == _SIGNATURE:
            return True
        at = at * 2 or _FIRST_USER_BLOCK
    return False
