"""The object store of a folder: files by the SHA-256 of their content.

`files/` holds what transfers brought, in plain (the training reads it), mode 0444. `sealed/` holds
documents and reports, encrypted under the folder's data key. Everything is written under another
name, forced to disk and renamed, so that a name in the store always means the whole content.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dragon_ledger.errors import InputError, StorageError
from dragon_ledger.site.vault import Vault

_CHUNK = 2**20


class UnusableTransfer(InputError):
    """A transfer can never become a version as it is; another one has to be sent."""


class Store:
    """Objects below one folder, which only its owner may enter."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Make the folder, unless it is there.

        Raises:
            StorageError: it cannot be made.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder}: {error.strerror}") from error
        self._folder = folder
        self._parts = folder / "parts"
        self._vault = vault

    def sweep(self) -> None:
        """Remove what a killed process left half written; only for who alone works here."""
        for part in self._parts.glob(".*.part"):
            part.unlink(missing_ok=True)

    def put(self, data: bytes) -> bytes:
        """Keep a document, encrypted; its SHA-256.

        Raises:
            StorageError: it cannot be written.
        """
        digest = hashlib.sha256(data).digest()
        path = self._sealed(digest)
        if not path.exists():
            with _new_file(path, 0o600, self._parts) as file:
                file.write(self._vault.seal(data, _context(digest)))
        return digest

    def has(self, digest: bytes) -> bool:
        """Whether a document is there."""
        return self._sealed(digest).exists()

    def get(self, digest: bytes) -> bytes:
        """A document.

        Raises:
            StorageError: it is not there, or damaged.
        """
        try:
            sealed = self._sealed(digest).read_bytes()
        except OSError as error:
            raise StorageError(f"{self._sealed(digest)}: {error.strerror}") from error
        return self._vault.open(sealed, _context(digest))

    def put_file(self, source: Path, sha256: bytes) -> Path:
        """Copy a file of a transfer into the store, unless it is there.

        Raises:
            UnusableTransfer: its content is another one than was checked.
            StorageError: it cannot be written.
        """
        path = self.file(sha256)
        if path.exists():
            return path
        with _new_file(path, 0o444, self._parts) as target, source.open("rb") as file:
            found = _copy(file, target)
            if found != sha256:
                raise UnusableTransfer(
                    f"{source}: changed after it was checked (SHA-256 {found.hex()}, checked"
                    f" {sha256.hex()}); transfers are never changed: send a new one"
                )
        return path

    def file(self, sha256: bytes) -> Path:
        """Where a file of a transfer is kept."""
        name = sha256.hex()
        return self._folder / "files" / name[:2] / name

    def forget(self, digest: bytes) -> None:
        """Remove a document (erasure)."""
        self._sealed(digest).unlink(missing_ok=True)

    def forget_file(self, sha256: bytes) -> None:
        """Remove a file of a transfer (erasure)."""
        self.file(sha256).unlink(missing_ok=True)

    def _sealed(self, digest: bytes) -> Path:
        return self._folder / "sealed" / digest.hex()


@contextlib.contextmanager
def _new_file(path: Path, mode: int, parts: Path | None = None) -> Iterator[BinaryIO]:
    """A file that gets its name only when everything is written; nothing is left otherwise.

    `parts` is where it is written meanwhile, on the same disk; beside its place when None.
    """
    folder = parts or path.parent
    part = folder / f".{path.name}.{secrets.token_hex(4)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(mode)
        part.replace(path)
    except OSError as error:
        raise StorageError(f"{error.filename or path}: {error.strerror}") from error
    finally:
        # Where the folder itself is gone, the error above says so.
        with contextlib.suppress(OSError):
            part.unlink()


def sweep(folder: Path, pattern: str = ".*.part") -> None:
    """Remove what a killed process left half written; only for who alone writes there."""
    for part in list(folder.glob(pattern)):
        if part.is_dir():
            remove_tree(part)
        else:
            part.unlink(missing_ok=True)


def remove_tree(folder: Path) -> None:
    """Remove a folder tree, read-only folders included; nothing when there is none."""
    if not folder.exists():
        return
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o700)
    shutil.rmtree(folder)


def copy_whole(source: Path, target: Path, mode: int = 0o644) -> None:
    """Copy a file so that its name never means half of it.

    Raises:
        StorageError: it cannot be read, or the disk cannot hold it.
    """
    with _new_file(target, mode) as out, source.open("rb") as file:
        shutil.copyfileobj(file, out, _CHUNK)


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file so that its name never means half of it.

    Raises:
        StorageError: it cannot be written.
    """
    with _new_file(path, mode) as file:
        file.write(data)


def _copy(source: BinaryIO, target: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.digest()


def _context(digest: bytes) -> str:
    return f"store/{digest.hex()}"
