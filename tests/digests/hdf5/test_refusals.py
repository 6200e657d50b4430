"""What the method has no encoding for is refused, with where and what."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5s, h5t

from dragon_ledger.digests.hdf5 import (
    Hdf5Worker,
    Limits,
    all_digests,
    looks_like_hdf5,
)
from dragon_ledger.digests.hdf5.content import content_tree
from dragon_ledger.errors import InputError, UnsupportedContent


def external_link(file: h5py.File) -> None:
    file["a/b"] = h5py.ExternalLink("other.h5", "/x")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("d", (4,), "<i4", external=[("raw.bin", 0, 16)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "<i4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("d", layout)


def region_reference(file: h5py.File) -> None:
    dataset = file.create_dataset("d", data=np.arange(4))
    file.attrs["r"] = dataset.regionref[1:2]


def time_class(file: h5py.File) -> None:
    h5d.create(file.id, b"d", h5t.UNIX_D32LE, h5s.create_simple((1,)))


def name_in_latin_1(file: h5py.File) -> None:
    file.create_group(b"caf\xe9")


def attribute_name_in_latin_1(file: h5py.File) -> None:
    file.attrs.create(b"caf\xe9", 1)


def sequence_of_bfloat16(file: h5py.File) -> None:
    tid = h5t.IEEE_F16LE.copy()
    tid.set_fields(15, 7, 8, 0, 7)
    tid.set_ebias(127)
    dataset = h5d.create(file.id, b"d", h5t.vlen_create(tid), h5s.create_simple((1,)))
    assert dataset.get_storage_size() == 0


def sequence_of_texts_in_compounds(file: h5py.File) -> None:
    dtype = np.dtype([("t", h5py.string_dtype())])
    file.create_dataset("d", (1,), dtype=h5py.vlen_dtype(dtype))


def large_compressed_chunks(file: h5py.File) -> None:
    file.create_dataset("d", (2**27,), "i1", chunks=(2**27,), compression="gzip")
    file["d"][0] = 1


def deep_groups(file: h5py.File) -> None:
    file.create_group("/".join(["g"] * 501))


def deep_types(file: h5py.File) -> None:
    dtype: np.dtype[Any] = np.dtype("i1")
    for _ in range(33):
        dtype = np.dtype([("m", dtype)])
    file["d"] = np.zeros(1, dtype)


CASES: list[tuple[Callable[[h5py.File], None], str, str]] = [
    (external_link, "/a/b", "an external link"),
    (external_storage, "/d", "external storage"),
    (virtual, "/d", "a virtual dataset"),
    (region_reference, "/@r", "a region reference"),
    (time_class, "/d", "a datatype of class time"),
    (name_in_latin_1, r"b'/caf\xe9'", "a name that is not UTF-8"),
    (attribute_name_in_latin_1, r"b'caf\xe9'", "a name that is not UTF-8"),
    (sequence_of_bfloat16, "/d", "sequences of Float"),
    (sequence_of_texts_in_compounds, "/d", "sequences whose compound or array elements"),
    (large_compressed_chunks, "/d", "compressed chunks of 134217728 bytes"),
    (deep_types, "/d", "a datatype nested deeper than 32 levels"),
    (deep_groups, "/g" * 500, "more than 500 levels of groups"),
]


@pytest.mark.parametrize(("fill", "where", "what"), CASES)
def test_refused_by_name(
    fill: Callable[[h5py.File], None], where: str, what: str, tmp_path: Path, worker: Hdf5Worker
) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        fill(file)
    with pytest.raises(UnsupportedContent) as caught:
        worker.digest(path)
    assert caught.value.where.startswith(f"{path}: {where}")
    assert caught.value.what.startswith(what)


def test_a_filter_that_is_not_there(tmp_path: Path, worker: Hdf5Worker) -> None:
    """Blosc's number is written into the place of gzip's, which h5py cannot do."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", data=np.arange(100), chunks=(10,), compression="gzip")
    message = b"\x01\x00\x08\x00\x01\x00\x01\x00deflate"
    raw = path.read_bytes()
    assert raw.count(message) == 1
    path.write_bytes(raw.replace(message, b"\x01\x7d" + message[2:]))
    with pytest.raises(UnsupportedContent, match="/d: filter 32001"):
        worker.digest(path)


def test_limits_are_refusals(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        for at in range(20):
            file.create_group(f"g{at}")
        file.attrs["a"] = np.zeros(3000)
    with pytest.raises(UnsupportedContent, match="more than 20 objects"):
        content_tree(path, Limits(objects=20))
    with pytest.raises(UnsupportedContent, match="/@a: more than 1000 bytes"):
        content_tree(path, Limits(attribute=1000))
    assert content_tree(path, Limits(objects=21)).count == 21


def test_what_is_no_file_or_no_hdf5(tmp_path: Path, worker: Hdf5Worker) -> None:
    text = tmp_path / "text.h5"
    text.write_text("\x89HDF is not all")
    empty = tmp_path / "empty.h5"
    empty.touch()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in [
        (text, "not an HDF5 file"),
        (empty, "not an HDF5 file"),
        (pipe, "expected a regular file"),
        (tmp_path, "expected a regular file"),
        (tmp_path / "none", "no such file"),
    ]:
        with pytest.raises(InputError, match=f"{path}: {words}"):
            worker.digest(path)
    assert not looks_like_hdf5(text)


def test_all_digests_of_any_file(tmp_path: Path, worker: Hdf5Worker) -> None:
    path = tmp_path / "file.h5"
    path.write_bytes(b"abc")
    nist = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert [str(one) for one in all_digests(path)] == [f"sha256:{nist}"]
    with h5py.File(path, "w", userblock_size=512) as file:
        file["d"] = 1
    methods = [one.method for one in all_digests(path, worker=worker)]
    assert methods == ["sha256", "hdf5-content-v1"]
    assert list(all_digests(path, worker=worker)) == list(all_digests(path))
