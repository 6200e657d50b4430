"""Cutting a dataset into hyperslabs that follow one another in row-major order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slab:
    """A hyperslab: where it starts and how many elements it has along each axis."""

    start: Shape
    count: Shape


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to read a dataset: axes before `axis` one index at a time, `axis` in steps."""

    dims: Shape
    axis: int
    step: int

    def slabs(self) -> Iterator[Slab]:
        """Give the slabs in row-major order; a scalar is one slab."""
        if not self.dims:
            yield Slab((), ())
            return
        behind = self.dims[self.axis + 1 :]
        for outer in product(*map(range, self.dims[: self.axis])):
            for first in range(0, self.dims[self.axis], self.step):
                count = min(self.step, self.dims[self.axis] - first)
                start = (*outer, first, *(0 for _ in behind))
                yield Slab(start, (*(1 for _ in outer), count, *behind))

    def visits(self, chunk: Shape) -> int:
        """How often each chunk is read at most, when slabs are read one after another."""
        if not chunk or not self.dims:
            return 1
        outer = prod(map(min, chunk[: self.axis], self.dims[: self.axis]))
        if self.step >= self.dims[self.axis] or self.step % chunk[self.axis] == 0:
            return outer
        return outer * (ceil(chunk[self.axis] / self.step) + 1)


def cut(dims: Shape, element: int, chunk: Shape, budget: int) -> Cut:
    """Choose slabs of at most `budget` bytes, of whole chunks along the axis that is cut.

    Args:
        dims: the dataset's extents, none of them zero.
        element: bytes of one element, at most `budget`.
        chunk: the extents of a chunk; empty when the dataset is not chunked.
        budget: bytes that one slab may take.
    """
    axis, row = 0, element * prod(dims[1:])
    while row > budget and axis < len(dims) - 1:
        axis += 1
        row //= dims[axis]
    step = max(1, budget // row)
    if chunk and step > chunk[axis]:
        step -= step % chunk[axis]
    return Cut(dims, axis, step)


def chunk_slabs(dims: Shape, chunk: Shape) -> Iterator[Slab]:
    """Give one slab for each chunk, cut off where the dataset ends."""
    for corner in product(*map(range, [0] * len(dims), dims, chunk)):
        yield Slab(
            corner, tuple(map(min, chunk, (d - c for d, c in zip(dims, corner, strict=True))))
        )


def slab_at(dims: Shape, position: int, most: int) -> Slab:
    """Give the longest slab of at most `most` elements that starts at a row-major position."""
    start, rest = [], position
    for axis in range(len(dims)):
        index, rest = divmod(rest, prod(dims[axis + 1 :]))
        start.append(index)
    axis = len(dims) - 1
    while axis > 0 and start[axis] == 0 and prod(dims[axis:]) <= most:
        axis -= 1
    if axis < 0:
        return Slab((), ())
    behind = dims[axis + 1 :]
    run = min(dims[axis] - start[axis], max(1, most // prod(behind)))
    return Slab(tuple(start), (*(1 for _ in dims[:axis]), run, *behind))
