"""The content tree of one file, computed in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.digests.hdf5.blocks import BlockPool
from dragon_ledger.digests.hdf5.library import Damaged
from dragon_ledger.digests.hdf5.limits import Limits
from dragon_ledger.digests.hdf5.merkle import HASH_SIZE, leaf_hash, root_hash
from dragon_ledger.digests.hdf5.method import Progress, seal
from dragon_ledger.digests.hdf5.objects import Meter, ObjectReader, PendingEntry
from dragon_ledger.digests.hdf5.openfile import opened
from dragon_ledger.digests.hdf5.walk import Walker
from dragon_ledger.errors import UnsupportedContent

_WAITING = 256


@dataclass(frozen=True, slots=True)
class ContentTree:
    """A file's leaf hashes, 32 bytes each, and place and bytes of the entry that was asked for."""

    leaves: bytes
    wanted: tuple[int, bytes] | None

    @property
    def count(self) -> int:
        """Number of leaves."""
        return len(self.leaves) // HASH_SIZE

    def digest(self) -> bytes:
        """The content digest, 32 bytes."""
        return seal(self.count, root_hash(self.leaves))


def content_tree(
    path: Path,
    limits: Limits,
    progress: Progress | None = None,
    wanted: bytes | None = None,
) -> ContentTree:
    """Read a file and return its content tree.

    Args:
        path: the file.
        limits: what it may ask of this process.
        progress: called with the bytes of the file done so far, and its size.
        wanted: a path whose entry is kept, for a proof.

    Raises:
        UnsupportedContent: the file holds something that the method refuses, or passes a limit.
        InputError: it cannot be read, is damaged, or changed meanwhile.
    """
    with opened(path) as file, BlockPool() as pool, _naming(path):
        meter = Meter(file.size, progress)
        walker = Walker(file.hdf5, limits, meter.advance)
        reader, builder = ObjectReader(file, walker, pool, limits, meter), _Builder(wanted)
        for step in walker.steps():
            builder.add(step.path, reader.entry(step))
        return builder.tree()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name before the part that an error is about."""
    try:
        yield
    except Damaged as error:
        raise Damaged(f"{path}: {error}") from error
    except UnsupportedContent as error:
        raise UnsupportedContent(f"{path}: {error.where}", error.what) from error


class _Builder:
    """Keeps entries in order while their data are still being hashed."""

    def __init__(self, wanted: bytes | None) -> None:
        self._wanted = wanted
        self._waiting: deque[tuple[bytes, PendingEntry]] = deque()
        self._leaves = bytearray()
        self._kept: tuple[int, bytes] | None = None

    def add(self, path: bytes, entry: PendingEntry) -> None:
        self._waiting.append((path, entry))
        while self._waiting[0][1].is_ready() or len(self._waiting) > _WAITING:
            self._settle()
            if not self._waiting:
                return

    def tree(self) -> ContentTree:
        while self._waiting:
            self._settle()
        return ContentTree(bytes(self._leaves), self._kept)

    def _settle(self) -> None:
        path, pending = self._waiting.popleft()
        entry = pending.entry()
        if path == self._wanted:
            self._kept = len(self._leaves) // HASH_SIZE, entry
        self._leaves += leaf_hash(entry)
