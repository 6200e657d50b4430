"""Bodies that arrive: hashed while they come, in a private file of limited size.

A file is deleted when its request ends. HDF5 opens files by their real path, so it cannot lose its
name earlier; what a killed process leaves behind is deleted at the next start, before it listens.
All files together are limited, too, and who stops sending loses his place.
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

import anyio
from anyio import to_thread
from starlette.requests import Request

from api.problems import Problem, busy
from dragon_ledger.errors import StorageError

PIECE = 1 << 20
RESERVE = 256 << 20  # of the disk, left to everything else
SLOWEST = 16 << 10  # bytes a second, on average: what keeps a place
RETRY_SECONDS = 10


@dataclass(slots=True)
class Spooled:
    """A body that has arrived: a path that leads to it, its size, its SHA-256."""

    path: Path
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What all bodies together may take: bytes, files at once, seconds without a byte."""

    total_bytes: int
    at_once: int
    stall_seconds: float


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
    """The private folder in which bodies lie while they are read; used by one event loop."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        self._files = 0
        self._bytes = 0

    @asynccontextmanager
    async def receive(
        self, body: AsyncIterator[bytes], limit: int, announced: int | None = None
    ) -> AsyncIterator[Spooled]:
        """Take a body in; its file is deleted when the context ends.

        Args:
            body: the bytes as they come.
            limit: the largest size that is taken.
            announced: the size that the client has announced, for which room is kept.

        Raises:
            Problem: it is larger than `limit` bytes, the disk is full, there is no place for it
                now, or it does not come.
        """
        if announced is not None and announced > limit:
            raise Problem("too-large", f"at most {limit} bytes are taken")
        with self._place(announced or 0) as place, _private(self.folder) as (handle, path):
            writer = _Writer(handle, self.folder)
            async for chunk in _in_time(body, self.limits.stall_seconds):
                if writer.size + len(chunk) > limit:
                    raise Problem("too-large", f"at most {limit} bytes are taken")
                place.grow_to(writer.size + len(chunk))
                if writer.take(chunk):
                    await to_thread.run_sync(writer.flush)
            await to_thread.run_sync(writer.flush)
            yield Spooled(path, writer.size, writer.hash.digest())

    @contextmanager
    def _place(self, size: int) -> Iterator[_Place]:
        if self._files >= self.limits.at_once:
            raise busy(f"{self._files} files are being read already", RETRY_SECONDS)
        place = _Place(self)
        self._files += 1
        try:
            place.grow_to(size)
            yield place
        finally:
            self._files -= 1
            self._bytes -= place.size

    def take_bytes(self, count: int) -> None:
        """Keep room for so many more bytes.

        Raises:
            Problem: there is none now.
        """
        if self._bytes + count > self.limits.total_bytes:
            raise busy("the files that are being read take all the room there is", RETRY_SECONDS)
        self._bytes += count


class _Place:
    """The room that one body takes."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.size = 0

    def grow_to(self, size: int) -> None:
        if size > self.size:
            self._spool.take_bytes(size - self.size)
            self.size = size


@asynccontextmanager
async def receive(request: Request, spool: Spool, limit: int) -> AsyncIterator[Spooled]:
    """Take in the body of a request, which must be the bytes of a file and nothing else.

    Raises:
        Problem: it is a form, or compressed, or as `Spool.receive` says.
    """
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/"):
        raise Problem("unsupported-media-type", "the body is a form; send the file as the body")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("unsupported-media-type", "the body is encoded; send the file as it is")
    announced = request.headers.get("content-length")
    size = None if announced is None else int(announced)
    async with spool.receive(request.stream(), limit, size) as body:
        yield body


async def _in_time(body: AsyncIterator[bytes], patience: float) -> AsyncIterator[bytes]:
    """The chunks of a body that comes steadily.

    Raises:
        Problem: nothing came for `patience` seconds, or less than `SLOWEST` all the time.
    """
    started, size = anyio.current_time(), 0
    while True:
        left = patience + size / SLOWEST - (anyio.current_time() - started)
        try:
            with anyio.fail_after(max(0.0, min(patience, left))):
                chunk = await anext(body, None)
        except TimeoutError as error:
            detail = f"the body stopped after {size} bytes"
            raise Problem("too-slow", detail, {"Connection": "close"}) from error
        if chunk is None:
            return
        size += len(chunk)
        yield chunk


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
