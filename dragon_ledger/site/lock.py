"""One writer for a folder: a lock that dies with its process, and says whose it is."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from dragon_ledger.errors import AlreadyRunning, StorageError


class FolderLock:
    """Holds `agent.lock` in a folder; the kernel releases it when the process ends, however.

    The file holds the owner's process id for people; what excludes is `flock`, so a file that a
    killed process left behind locks nobody out.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "agent.lock"
        self._file: int | None = None

    def __enter__(self) -> FolderLock:
        """Take the lock.

        Raises:
            AlreadyRunning: another process has it; the message names its process id.
            StorageError: the folder cannot be written.
        """
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"{self._path}: {error.strerror}") from error
        if not _lock(file):
            os.close(file)
            raise AlreadyRunning(
                f"{self._path.parent}: process {holder(self._path.parent)} already works on this"
                " folder; stop it first, or leave the work to it"
            )
        self._file = file
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release it. The file stays: removing it would let two processes lock two files."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def _lock(file: int) -> bool:
    # `holder` takes a shared lock for an instant; a second look tells it from an owner.
    for _ in range(5):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def holder(folder: Path) -> int | None:
    """The process id that works on a folder now; None when nobody does."""
    path = folder / "agent.lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(file, 32).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(file)
    return None
