"""Sealed documents by digest: plans, QC summaries, statements, model cards."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

from api.problems import Problem
from api.spool import Spooled
from dragon_ledger.errors import StorageError


class ArtefactStore:
    """A folder with a file for each artefact, named by its SHA-256; nothing is overwritten."""

    def __init__(self, folder: Path, total_bytes: int) -> None:
        self._folder = folder
        self._limit = total_bytes
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._used = sum(file.stat().st_size for file in folder.glob("??/*"))
        except OSError as error:
            raise StorageError(f"{folder}: {error.strerror}") from error

    def path(self, digest: bytes) -> Path | None:
        """Where an artefact lies; None when there is none of this digest."""
        file = self._file(digest)
        return file if file.is_file() else None

    def add(self, body: Spooled) -> bool:
        """Keep a body under its digest; whether it is new.

        Raises:
            Problem: there is no room left.
        """
        target = self._file(body.digest)
        with self._lock:
            if target.is_file():
                return False
            if self._used + body.size > self._limit:
                raise Problem("storage-full", f"artefacts may take {self._limit} bytes together")
            self._write(body, target)
            self._used += body.size
        return True

    def _write(self, body: Spooled, target: Path) -> None:
        partial = target.with_name(target.name + ".part")
        try:
            target.parent.mkdir(exist_ok=True, mode=0o700)
            with body.path.open("rb") as source, partial.open("wb") as sink:
                shutil.copyfileobj(source, sink)
                sink.flush()
                os.fsync(sink.fileno())
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            detail = f"the artefact cannot be kept: {error.strerror}"
            raise Problem("storage-full", detail) from error

    def _file(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._folder / name[:2] / name
