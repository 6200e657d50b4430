"""The method's name, and how it seals a tree into a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from dragon_ledger.digests.hdf5.encoding import u64

METHOD = "hdf5-content-v1"
"""Name of the method; another encoding gets another name."""

Progress = Callable[[int, int], None]
"""Called with the bytes of the file done so far, and the file's size."""


def seal(count: int, root: bytes) -> bytes:
    """Bind a tree's root to the method's name and to the number of leaves."""
    return hashlib.sha256(METHOD.encode() + b"\x00" + u64(count) + root).digest()
