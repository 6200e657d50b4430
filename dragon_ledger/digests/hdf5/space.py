"""Dataspaces: the extents of a value."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from h5py import h5s

from dragon_ledger.digests.hdf5.encoding import listed, u8, u64

_WORD = 2**64


@dataclass(frozen=True, slots=True)
class Space:
    """Extents and largest extents, which are 2**64 - 1 where unlimited; `dims` is None when null.

    A scalar has no extents; a null dataspace holds no value at all.
    """

    dims: tuple[int, ...] | None
    largest: tuple[int, ...] = ()

    def encoding(self) -> bytes:
        """Canonical bytes of the dataspace."""
        if self.dims is None:
            return u8(0)
        return u8(1) + listed(map(u64, self.dims)) + b"".join(map(u64, self.largest))

    def elements(self) -> int:
        """Number of values."""
        return 0 if self.dims is None else prod(self.dims)


def read_space(space: h5s.SpaceID) -> Space:
    """Describe an HDF5 dataspace."""
    if space.get_simple_extent_type() == h5s.NULL:
        return Space(None)
    dims = tuple(space.get_simple_extent_dims())
    largest = tuple(extent % _WORD for extent in space.get_simple_extent_dims(True))
    return Space(dims, largest)
