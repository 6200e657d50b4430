"""Canonical bytes of a whole dataset or attribute, read with bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from math import prod
from mmap import mmap
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from h5py import h5a, h5s, h5t

from dragon_ledger.digests.hdf5.blocks import DataTree
from dragon_ledger.digests.hdf5.datatypes import file_size
from dragon_ledger.digests.hdf5.elements import Bytes, Canonicalizer, is_plain
from dragon_ledger.digests.hdf5.library import reading
from dragon_ledger.digests.hdf5.limits import Allowance, Limits
from dragon_ledger.digests.hdf5.slabs import Shape, Slab, chunk_slabs, cut, slab_at
from dragon_ledger.digests.hdf5.space import Space
from dragon_ledger.digests.hdf5.storage import Stored
from dragon_ledger.digests.hdf5.variable import Codec, Column
from dragon_ledger.errors import StorageError, UnsupportedContent

_SLAB = 32 * 2**20
"""Bytes of a hyperslab that is read at once."""

_VISITS = 2
"""How often a chunk may be unpacked; above, the chunks are put into order on disk."""

_MAPPED_PIECE = 64 * 2**20
"""Bytes of the map between two reports of progress."""

_BATCH_BYTES = 4 * 2**20
_LARGEST_BATCH = 2**16
"""Canonical bytes, and number, of values of variable size that are read at once."""

_VARIABLE_COST = 16
"""Values of variable size lie in the file uncompressed: more of them only repeat each other."""


class ValueReader:
    """Feeds the canonical bytes of values into data trees."""

    def __init__(
        self, mapped: mmap, limits: Limits, allowance: Allowance, tick: Callable[[int], None]
    ) -> None:
        """Read values of a mapped file; `tick` is told the bytes of a dataset that came next."""
        self._mapped = memoryview(mapped)
        self._limits, self._allowance = limits, allowance
        self._tick = tick

    def feed_fixed(self, stored: Stored, tree: DataTree) -> None:
        """Feed values of a fixed type.

        Raises:
            UnsupportedContent: elements or chunks are larger than the limits allow.
            Damaged: HDF5 cannot read them.
        """
        if file_size(stored.datatype) > self._limits.element:
            raise UnsupportedContent(
                stored.where, f"elements of more than {self._limits.element} bytes"
            )
        canonicalizer = Canonicalizer(stored.datatype, stored.where)
        if not stored.storage.size:
            _feed_unwritten(stored, canonicalizer, tree)
            return
        extent = self._extent(stored)
        if extent is not None and is_plain(stored.datatype):
            self._feed_mapped(extent, tree)
            return
        for raw in self._raw(stored, extent):
            for piece in canonicalizer.canonical(raw):
                tree.add(piece.data)
            self._tick(len(raw))

    def feed_variable(self, stored: Stored, codec: Codec, tree: DataTree) -> None:
        """Feed values whose sizes differ, in batches that adapt to their sizes."""
        position, batch, total = 0, 1, stored.space.elements()
        while position < total:
            slab = slab_at(stored.dims, position, batch)
            column = _read(stored, slab, codec.memory, np.dtype([("value", codec.dtype)]))
            encoded = b"".join(codec.encode(column.reshape(-1)["value"]))
            self._allowance.spend(len(encoded) * _VARIABLE_COST, stored.where)
            tree.add(memoryview(encoded))
            position += prod(slab.count)
            small = len(encoded) * 2 < _BATCH_BYTES
            batch = min(_LARGEST_BATCH, batch * 2) if small else max(1, batch // 2)
            self._tick(prod(slab.count) * stored.tid.get_size())

    def _extent(self, stored: Stored) -> memoryview | None:
        """Where a contiguous dataset lies in the map, or None when HDF5 has to read it."""
        offset, size = stored.storage.offset, stored.storage.size
        expected = stored.space.elements() * file_size(stored.datatype)
        if offset is None or size != expected or offset + size > len(self._mapped):
            return None
        return self._mapped[offset : offset + size]

    def _feed_mapped(self, extent: memoryview, tree: DataTree) -> None:
        for at in range(0, len(extent), _MAPPED_PIECE):
            piece = extent[at : at + _MAPPED_PIECE]
            tree.add(piece, mapped=True)
            self._tick(len(piece))

    def _raw(self, stored: Stored, extent: memoryview | None) -> Iterator[Bytes]:
        """Give the values as the file holds them, in runs of whole elements."""
        if extent is not None:
            yield from _runs(extent, file_size(stored.datatype))
            return
        element, chunk = file_size(stored.datatype), stored.storage.chunk
        way = cut(stored.dims, element, chunk, max(_SLAB, element))
        if stored.storage.filtered:
            self._check_chunk(stored)
            if way.visits(chunk) > _VISITS:
                yield from self._spilled(stored, chunk)
                return
        for slab in way.slabs():
            yield _read_raw(stored, slab)

    def _check_chunk(self, stored: Stored) -> None:
        size = prod(stored.storage.chunk) * file_size(stored.datatype)
        if size > self._limits.filtered_chunk:
            limit = self._limits.filtered_chunk // 2**20
            raise UnsupportedContent(
                stored.where,
                f"compressed chunks of {size} bytes; at most {limit} MiB can be unpacked in "
                "bounded memory; rewrite it with smaller chunks (h5repack -l)",
            )

    def _spilled(self, stored: Stored, chunk: Shape) -> Iterator[Bytes]:
        """Unpack each chunk once into a private temporary file, then read that in order.

        Chunks that reach across many rows would otherwise be unpacked once for every slab.
        """
        element = file_size(stored.datatype)
        with TemporaryFile() as spill:
            room = _room(spill.fileno(), stored.space.elements() * element, stored.where)
            whole = np.ndarray(stored.dims, np.dtype((np.void, element)), buffer=room)
            for slab in chunk_slabs(stored.dims, chunk):
                whole[_slices(slab)] = _read(stored, slab, stored.tid, whole.dtype)
                self._tick(0)
            # Threads may still hash a run when the file is closed: its part keeps the map.
            yield from _runs(memoryview(room), element)


def read_attribute(attribute: h5a.AttrID, space: Space, codec: Codec, where: str) -> list[bytes]:
    """Return the canonical bytes of each value of an attribute."""
    if not space.elements():
        return []
    column = np.zeros(space.dims or (), dtype=np.dtype([("value", codec.dtype)]))
    with reading(where):
        attribute.read(column, codec.memory)
    return codec.encode(column.reshape(-1)["value"])


def _feed_unwritten(stored: Stored, canonicalizer: Canonicalizer, tree: DataTree) -> None:
    first = _read_raw(stored, slab_at(stored.dims, 0, 1))
    pattern = canonicalizer.joined(first)
    tree.add_repeated(pattern, len(pattern) * stored.space.elements())


def _read_raw(stored: Stored, slab: Slab) -> Bytes:
    dtype = np.dtype((np.void, file_size(stored.datatype)))
    return _read(stored, slab, stored.tid, dtype).reshape(-1).view(np.uint8)


def _read(stored: Stored, slab: Slab, memory: h5t.TypeID, dtype: np.dtype[Any]) -> Column:
    column = np.zeros(slab.count, dtype=dtype)
    with reading(stored.where):
        chosen = stored.dataset.get_space()
        if slab.count:
            chosen.select_hyperslab(slab.start, slab.count)
            room = h5s.create_simple(slab.count)
        else:
            room = h5s.create(h5s.SCALAR)
        stored.dataset.read(room, chosen, column, memory)
    return column


def _runs(raw: memoryview, element: int) -> Iterator[Bytes]:
    step = max(1, _BATCH_BYTES // element) * element
    for at in range(0, len(raw), step):
        yield np.frombuffer(raw[at : at + step], dtype=np.uint8)


def _slices(slab: Slab) -> tuple[slice, ...]:
    return tuple(
        slice(first, first + count) for first, count in zip(slab.start, slab.count, strict=True)
    )


def _room(descriptor: int, size: int, where: str) -> mmap:
    """Reserve disk space first: a full disk must be an error, not a signal while it is written."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.ftruncate(descriptor, size)
        return mmap(descriptor, size)
    except OSError as error:
        raise StorageError(f"{where}: needs {size} bytes of temporary disk space") from error
