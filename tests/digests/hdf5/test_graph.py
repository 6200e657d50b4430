"""Links, aliases, cycles, references: what leads where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from dragon_ledger.digests.hdf5 import Limits
from dragon_ledger.digests.hdf5.content import content_tree
from dragon_ledger.errors import UnsupportedContent
from tests.digests.hdf5.conftest import DigestOf

Fill = Callable[[h5py.File], None]


def test_an_alias_is_not_a_copy(digest_of: DigestOf) -> None:
    def alias(file: h5py.File) -> None:
        file["a"] = np.arange(3)
        file["b"] = file["a"]

    def copy(file: h5py.File) -> None:
        file["a"] = np.arange(3)
        file["b"] = np.arange(3)

    assert digest_of(alias) != digest_of(copy)


def test_which_link_came_first_is_layout(digest_of: DigestOf) -> None:
    def forwards(file: h5py.File) -> None:
        file["a/x"] = np.arange(3)
        file["b"] = file["a/x"]

    def backwards(file: h5py.File) -> None:
        file["b"] = np.arange(3)
        file["a/x"] = file["b"]

    assert digest_of(forwards) == digest_of(backwards)


def test_cycles_end_and_count(digest_of: DigestOf) -> None:
    def cycle(target: str) -> Fill:
        def fill(file: h5py.File) -> None:
            file.create_group("a/b/c")
            file["a/b/c/up"] = file[target]

        return fill

    assert len({digest_of(cycle(target)) for target in ("/", "/a", "/a/b", "/a/b/c")}) == 4


def test_many_aliases_cost_no_more_than_they_are(tmp_path: Path) -> None:
    """Followed as copies, forty doubly linked levels would be 2**40 paths."""
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        group = file["/"]
        for _ in range(40):
            below = group.create_group("a")
            group["b"] = below
            group = below
    assert content_tree(path, Limits()).count == 1 + 2 * 40


def test_soft_links_are_their_text(digest_of: DigestOf) -> None:
    def soft(target: str) -> Fill:
        def fill(file: h5py.File) -> None:
            file["d"] = 1
            file["l"] = h5py.SoftLink(target)

        return fill

    assert len({digest_of(soft(target)) for target in ("d", "/d", "nowhere", "l")}) == 4


def test_references_are_paths(digest_of: DigestOf) -> None:
    def fill(first: str, second: str, target: str, block: int) -> Fill:
        def write(file: h5py.File) -> None:
            for name in (first, second):
                file[name] = np.zeros(block)
                file[name][0] = len(name)
            refs = file.create_dataset("refs", (2, 2), dtype=h5py.ref_dtype)
            refs[0, 0] = file[target].ref
            file.attrs["one"] = file[target].ref
            lists = file.create_dataset("lists", (1,), dtype=h5py.vlen_dtype(h5py.ref_dtype))
            lists[0] = np.array([file[target].ref], dtype=h5py.ref_dtype)

        return write

    want = digest_of(fill("a", "bb", "a", 3))
    assert want == digest_of(fill("bb", "a", "a", 3))
    assert want != digest_of(fill("a", "bb", "bb", 3))


def test_references_to_an_alias_name_the_canonical_path(digest_of: DigestOf) -> None:
    def fill(through: str) -> Fill:
        def write(file: h5py.File) -> None:
            file["a"] = 1
            file["z"] = file["a"]
            file.attrs["r"] = file[through].ref

        return write

    assert digest_of(fill("a")) == digest_of(fill("z"))


def test_dimension_scales_in_any_order_of_attaching(digest_of: DigestOf) -> None:
    def fill(axes: tuple[int, ...], label: str = "x") -> Fill:
        def write(file: h5py.File) -> None:
            file["d"] = np.zeros((2, 2))
            file["s"] = np.arange(2)
            file["s"].make_scale(label)
            for axis in axes:
                file["d"].dims[axis].attach_scale(file["s"])

        return write

    want = digest_of(fill((0, 1)))
    assert want == digest_of(fill((1, 0)))
    assert want != digest_of(fill((0,)))
    assert want != digest_of(fill((0, 1), "y"))


def test_a_reference_to_nothing_is_refused(digest_of: DigestOf) -> None:
    def gone(file: h5py.File) -> None:
        file["a"] = 1
        file.attrs["r"] = file["a"].ref
        del file["a"]

    with pytest.raises(UnsupportedContent, match="/@r: a reference to an object that"):
        digest_of(gone)


def test_names_are_bytes_in_order(digest_of: DigestOf) -> None:
    names = ["a", "a.", "a-b", "a b", "é", "e\u0301", "Z", "𝄞", "\uffff"]

    def fill(file: h5py.File) -> None:
        for name in names:
            file[name] = 1

    def backwards(file: h5py.File) -> None:
        for name in reversed(names):
            file.create_dataset(name, data=1)

    assert digest_of(fill) == digest_of(backwards, track_order=True)


def test_thousands_of_links_and_hundreds_of_attributes(digest_of: DigestOf) -> None:
    def fill(step: int) -> Fill:
        def write(file: h5py.File) -> None:
            for at in range(3000)[::step]:
                file.create_group(f"g{at}")
            for at in range(300)[::step]:
                file.attrs[f"a{at}"] = at

        return write

    assert digest_of(fill(1)) == digest_of(fill(-1), track_order=True, libver="latest")
