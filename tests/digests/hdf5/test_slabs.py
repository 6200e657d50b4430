"""Slabs cover a dataset once, in row-major order, within the budget."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dragon_ledger.digests.hdf5.slabs import Slab, chunk_slabs, cut, slab_at

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)


def elements(dims: tuple[int, ...], slab: Slab) -> list[int]:
    numbers = np.arange(prod(dims)).reshape(dims)
    part = tuple(slice(a, a + n) for a, n in zip(slab.start, slab.count, strict=True))
    return [int(number) for number in numbers[part].reshape(-1)]


@given(SHAPES, st.integers(1, 9), st.integers(9, 200), st.data())
def test_cuts(dims: tuple[int, ...], element: int, budget: int, data: st.DataObject) -> None:
    chunk = data.draw(st.one_of(st.just(()), st.tuples(*[st.integers(1, one) for one in dims])))
    way = cut(dims, element, chunk, budget)
    slabs = list(way.slabs())
    assert [one for slab in slabs for one in elements(dims, slab)] == list(range(prod(dims)))
    assert all(prod(slab.count) * element <= budget for slab in slabs)
    if chunk:
        assert visits(dims, chunk, slabs) <= way.visits(chunk)


def visits(dims: tuple[int, ...], chunk: tuple[int, ...], slabs: list[Slab]) -> int:
    """The most slabs that any one chunk has elements in."""
    owner = {
        number: at
        for at, one in enumerate(chunk_slabs(dims, chunk))
        for number in elements(dims, one)
    }
    touched: dict[int, int] = {}
    for slab in slabs:
        for one in {owner[number] for number in elements(dims, slab)}:
            touched[one] = touched.get(one, 0) + 1
    return max(touched.values())


@given(SHAPES, st.data())
def test_chunks_cover_once(dims: tuple[int, ...], data: st.DataObject) -> None:
    chunk = data.draw(st.tuples(*[st.integers(1, one + 2) for one in dims]))
    found = [one for slab in chunk_slabs(dims, chunk) for one in elements(dims, slab)]
    assert sorted(found) == list(range(prod(dims)))


@given(SHAPES, st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_runs_of_changing_length(dims: tuple[int, ...], lengths: list[int]) -> None:
    position, found, turn = 0, [], 0
    while position < prod(dims):
        most = lengths[turn % len(lengths)]
        slab = slab_at(dims, position, most)
        assert 1 <= prod(slab.count) <= most
        found += elements(dims, slab)
        position, turn = position + prod(slab.count), turn + 1
    assert found == list(range(prod(dims)))


def test_a_scalar_is_one_slab() -> None:
    assert list(cut((), 8, (), 100).slabs()) == [Slab((), ())]
    assert slab_at((), 0, 5) == Slab((), ())
