"""Where a dataset's values are: what HDF5's creation properties say about it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from h5py import h5d, h5p, h5t, h5z

from dragon_ledger.digests.hdf5.datatypes import Datatype
from dragon_ledger.digests.hdf5.slabs import Shape
from dragon_ledger.digests.hdf5.space import Space
from dragon_ledger.errors import UnsupportedContent

_UNWRITTEN_SHARE = 64
_CHUNK_COST = 4096


@dataclass(frozen=True, slots=True)
class Storage:
    """Layout of a dataset in its file; sizes in bytes.

    `size` is what its values take there, 0 when none was ever written: then all read as the fill
    value. `offset` is where a contiguous dataset starts, else None; `chunk` is empty unless it is
    chunked.
    """

    size: int
    offset: int | None
    chunk: Shape
    filtered: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A dataset's values: its identifier, their type and extents, and its name for messages."""

    dataset: h5d.DatasetID
    tid: h5t.TypeID
    datatype: Datatype
    space: Space
    storage: Storage
    where: str

    @property
    def dims(self) -> Shape:
        """Extents; empty for a scalar and for a null dataspace."""
        return self.space.dims or ()

    def cost(self, size: int) -> int:
        """Bytes of values that take as long to digest as these `size` bytes.

        Small chunks are dear, and what was never written is cheap.
        """
        if not self.storage.size:
            return size // _UNWRITTEN_SHARE
        chunks = prod(map(_steps, self.dims, self.storage.chunk)) if self.storage.chunk else 0
        return max(size, chunks * _CHUNK_COST)


def read_storage(dataset: h5d.DatasetID, where: str) -> Storage:
    """Describe where a dataset's values are.

    Raises:
        UnsupportedContent: in other files, or behind a filter that this HDF5 does not have.
    """
    creation = dataset.get_create_plist()
    layout = creation.get_layout()
    if layout == h5d.VIRTUAL:
        raise UnsupportedContent(where, "a virtual dataset: its values are in other files")
    if creation.get_external_count():
        raise UnsupportedContent(where, "external storage: its values are in other files")
    return Storage(
        size=dataset.get_storage_size(),
        offset=dataset.get_offset() if layout == h5d.CONTIGUOUS else None,
        chunk=tuple(creation.get_chunk()) if layout == h5d.CHUNKED else (),
        filtered=_filters(creation, where) > 0,
    )


def _filters(creation: h5p.PropDCID, where: str) -> int:
    count: int = creation.get_nfilters()
    for at in range(count):
        code, _, _, name = creation.get_filter(at)
        if not h5z.filter_avail(code):
            raise UnsupportedContent(where, f"filter {code} ({name.decode(errors='replace')})")
    return count


def _steps(extent: int, step: int) -> int:
    return ceil(extent / step)
