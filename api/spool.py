"""Bodies that arrive: hashed while they come, in a private file of limited size.

A file is deleted when its request ends. HDF5 opens files by their real path, so it cannot lose its
name earlier; what a killed process leaves behind is deleted at the next start, before it listens.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from api.problems import Problem
from dragon_ledger.errors import StorageError

PIECE = 1 << 20
RESERVE = 256 << 20  # of the disk, left to everything else


@dataclass(slots=True)
class Spooled:
    """A body that has arrived: a path that leads to it, its size, its SHA-256."""

    path: Path
    size: int
    digest: bytes


def prepare(folder: Path) -> None:
    """Make the folder, private, and delete what a killed process left in it.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        for left in folder.iterdir():
            left.unlink()
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror}") from error


@contextmanager
def _private(folder: Path) -> Iterator[tuple[int, Path]]:
    """An open private file, and a path by which a child process can read it."""
    handle, name = tempfile.mkstemp(dir=folder, prefix="body-")
    file = Path(name)
    try:
        yield handle, file
    finally:
        os.close(handle)
        file.unlink(missing_ok=True)


class Spool:
    """The private folder in which bodies lie while they are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @asynccontextmanager
    async def receive(self, body: AsyncIterator[bytes], limit: int) -> AsyncIterator[Spooled]:
        """Take a body in; its file is deleted when the context ends.

        Raises:
            Problem: it is larger than `limit` bytes, or the disk is full.
        """
        with _private(self.folder) as (handle, path):
            writer = _Writer(handle, self.folder)
            async for chunk in body:
                if writer.size + len(chunk) > limit:
                    raise Problem("too-large", f"at most {limit} bytes are taken")
                if writer.take(chunk):
                    await to_thread.run_sync(writer.flush)
            await to_thread.run_sync(writer.flush)
            yield Spooled(path, writer.size, writer.hash.digest())


class _Writer:
    """Hashes and writes a body in large pieces, off the event loop."""

    def __init__(self, handle: int, folder: Path) -> None:
        self.hash = hashlib.sha256()
        self.size = 0
        self._handle = handle
        self._folder = folder
        self._waiting = bytearray()

    def take(self, chunk: bytes) -> bool:
        """Keep a chunk; whether it is time to flush."""
        self._waiting += chunk
        self.size += len(chunk)
        return len(self._waiting) >= PIECE

    def flush(self) -> None:
        """Hash and write what waits."""
        piece, self._waiting = self._waiting, bytearray()
        if shutil.disk_usage(self._folder).free < RESERVE + len(piece):
            raise Problem("storage-full", "the disk of the service is full; tell its operator")
        self.hash.update(piece)
        view = memoryview(piece)
        while view:
            try:
                view = view[os.write(self._handle, view) :]
            except OSError as error:
                detail = f"the body cannot be kept: {error.strerror}"
                raise Problem("storage-full", detail) from error
