"""One writer for an index: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from dragon_ledger.errors import AlreadyRunning, StorageError

ADVISORY_KEY = 0x647261676F6E  # "dragon", in PostgreSQL's space of advisory locks


@contextmanager
def writer_lock(engine: Engine) -> Iterator[None]:
    """Be the only one who writes this index.

    Raises:
        AlreadyRunning: another process writes it.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(engine):
            yield
    else:
        with _advisory_lock(engine):
            yield


@contextmanager
def _file_lock(engine: Engine) -> Iterator[None]:
    name = engine.url.database
    if not name or name == ":memory:":
        yield
        return
    path = Path(name + ".lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            raise AlreadyRunning(
                f"{name}: process {holder} already fills this index; leave it to that one"
                " (follow = false), or stop it first"
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


@contextmanager
def _advisory_lock(engine: Engine) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        key = {"key": ADVISORY_KEY}
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
            raise AlreadyRunning("another process already fills this index; leave it to that one")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
