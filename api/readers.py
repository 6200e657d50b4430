"""The processes that read uploaded HDF5 files."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from dragon_ledger.digests.hdf5.worker import Hdf5Worker
from dragon_ledger.records import Digest

READERS = 2  # each uses all cores; the second lets a small file pass a large one


class Readers:
    """A few workers that share the files between them; use it as a context manager."""

    def __init__(self, count: int = READERS) -> None:
        self._stack = ExitStack()
        self._free: SimpleQueue[Hdf5Worker] = SimpleQueue()
        for _ in range(count):
            self._free.put(self._stack.enter_context(Hdf5Worker()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def digest(self, path: Path) -> Digest:
        """A file's content digest; waits while all workers are busy. Errors as `Hdf5Worker`."""
        worker = self._free.get()
        try:
            return worker.digest(path)
        finally:
            self._free.put(worker)
