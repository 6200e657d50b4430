"""Read-only views of dataset versions for training code: `views/<version id>/`.

A view is made of hard links into the store, so it costs no space; files and folders are read-only,
and the training never sees the inbox.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from dragon_ledger.digests.dataset_json import read_manifest
from dragon_ledger.digests.manifest import FileRecord
from dragon_ledger.errors import InputError, StorageError
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.store import Store, remove_tree

_READ_ONLY = 0o555


def view_path(folder: Path, version: bytes) -> Path:
    """Where the view of a version is."""
    return folder / version.hex()


def build_view(folder: Path, version: bytes, files: Iterable[FileRecord], store: Store) -> Path:
    """Make a version's view, unless it is there; it appears whole or not at all.

    Raises:
        StorageError: the disk cannot hold it, or the store lacks a file.
        InputError: a record's path leads out of the view.
    """
    final = view_path(folder, version)
    if final.exists():
        return final
    part = folder / f".{version.hex()}.{secrets.token_hex(4)}.part"
    try:
        part.mkdir(parents=True)
        for record in files:
            _link(part, record, store)
        for parent, _, _ in os.walk(part, topdown=False):
            Path(parent).chmod(_READ_ONLY)
        part.rename(final)
    except OSError as error:
        raise StorageError(f"view of {version.hex()}: {error}") from error
    finally:
        remove_tree(part)
    return final


def version_files(database: RecordsDatabase, version: bytes) -> list[FileRecord]:
    """The files of a version."""
    return [
        salted.record
        for manifest in database.manifests(version)
        for salted in read_manifest(manifest).records
        if isinstance(salted.record, FileRecord)
    ]


def remove_view(folder: Path, version: bytes) -> None:
    """Remove a version's view."""
    remove_tree(view_path(folder, version))


def _link(root: Path, record: FileRecord, store: Store) -> None:
    relative = PurePosixPath(record.path)
    if relative.is_absolute() or ".." in relative.parts:
        raise InputError(f"record {record.path!r}: its path leads out of the dataset")
    target = root / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(store.file(record.sha256), target)
