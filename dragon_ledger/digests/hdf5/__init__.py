"""Content digest of HDF5 files, method `hdf5-content-v1` (docs/spec/hdf5-content-digest.md).

Equal for equal content however the file was laid out; what cannot be compared is refused by name.
Files are read in a process of their own, which a hostile file may crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from dragon_ledger.digests.file import file_digest
from dragon_ledger.digests.hdf5.entries import Entry
from dragon_ledger.digests.hdf5.limits import Limits
from dragon_ledger.digests.hdf5.method import METHOD, Progress
from dragon_ledger.digests.hdf5.proof import ObjectProof, verify_object
from dragon_ledger.digests.hdf5.signature import looks_like_hdf5
from dragon_ledger.digests.hdf5.worker import Hdf5Worker
from dragon_ledger.records import Digest

__all__ = [
    "METHOD",
    "Entry",
    "Hdf5Worker",
    "Limits",
    "ObjectProof",
    "all_digests",
    "hdf5_content_digest",
    "looks_like_hdf5",
    "prove_object",
    "verify_object",
]


def hdf5_content_digest(path: Path, progress: Progress | None = None) -> Digest:
    """Return the content digest of an HDF5 file.

    Starts a process for this one file; whoever digests several keeps an `Hdf5Worker`.

    Args:
        path: the file; it must not change while it is read.
        progress: called with the bytes of the file done so far, and its size.

    Raises:
        UnsupportedContent: the file holds something that the method refuses; says where and what.
        InputError: the file is missing, no HDF5, damaged, hostile, or changed meanwhile.
        StorageError: no disk space to put a dataset's chunks into order.
    """
    with Hdf5Worker() as worker:
        return worker.digest(path, progress)


def prove_object(path: Path, name: str, progress: Progress | None = None) -> ObjectProof:
    """Return a proof that a file holds one object, checked by `verify_object`.

    Args:
        path: the file.
        name: absolute path of a group, dataset, datatype or soft link in it, such as `/dense/w`.
            The proof for a further path to an object names the object's canonical path.
        progress: as for `hdf5_content_digest`.

    Raises:
        InputError: as `hdf5_content_digest`, or there is no such object.
    """
    with Hdf5Worker() as worker:
        return worker.prove(path, name, progress)


def all_digests(
    path: Path, progress: Progress | None = None, worker: Hdf5Worker | None = None
) -> Iterator[Digest]:
    """Give the file digest, and for an HDF5 file then the content digest.

    Args:
        path: the file.
        progress: called for each digest from the beginning.
        worker: a worker to use instead of a new one.

    Raises:
        InputError: as `file_digest` and `hdf5_content_digest`; the file digest comes first.
    """
    if not looks_like_hdf5(path):
        yield file_digest(path, progress)
        return
    with ExitStack() as stack:
        reader = worker or stack.enter_context(Hdf5Worker())
        reader.start()
        yield file_digest(path, progress)
        yield reader.digest(path, progress)
