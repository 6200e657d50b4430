"""Types and structures, one by one: the same digest as Python's, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5d, h5s, h5t

from tests.digests.hdf5.test_types import custom_float, fixed_string
from tests.verify_js.verifier import compared

pytestmark = pytest.mark.slow
Fill = Callable[[h5py.File], object]


def raw_values(tid: h5t.TypeID, count: int = 5) -> Fill:
    """A dataset of a type, over bytes that are not converted."""

    def fill(file: h5py.File) -> None:
        raw = np.random.default_rng(7).bytes(count * tid.get_size())
        dataset = h5d.create(file.id, b"d", tid, h5s.create_simple((count,)))
        values = np.frombuffer(raw, dtype=np.dtype((np.void, tid.get_size())))
        dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(values), tid)

    return fill


def number(base: h5t.TypeID, precision: int, offset: int) -> h5t.TypeID:
    """A number of fewer bits than its bytes have."""
    tid = base.copy()
    tid.set_precision(precision)
    tid.set_offset(offset)
    return tid


def compound(*members: h5t.TypeID) -> h5t.TypeID:
    tid = h5t.create(h5t.COMPOUND, sum(member.get_size() for member in members))
    offset = 0
    for at, member in enumerate(members):
        tid.insert(f"m{at}".encode(), offset, member)
        offset += member.get_size()
    return tid


def enumeration(base: h5t.TypeID) -> h5t.TypeID:
    tid = h5t.enum_create(base)
    tid.enum_insert(b"one", 1)
    tid.enum_insert(b"minus", -2)
    return tid


def sequences(kind: str) -> Fill:
    def fill(file: h5py.File) -> None:
        dataset = file.create_dataset("d", (3,), dtype=h5py.vlen_dtype(np.dtype(kind)))
        dataset[0], dataset[2] = [1, 2, 3], [4]
        file.attrs.create("a", dataset[...], dtype=dataset.dtype)

    return fill


def references(file: h5py.File) -> None:
    file["x"] = np.arange(3)
    refs = file.create_dataset("refs", (2, 2), dtype=h5py.ref_dtype)
    refs[0, 1] = file["x"].ref
    many = file.create_dataset("many", (2,), dtype=h5py.vlen_dtype(h5py.ref_dtype))
    many[1] = np.array([file["x"].ref, file.ref], dtype=h5py.ref_dtype)
    file.attrs["own"] = file["x"].ref
    file["x"].dims[0].label = "i"
    file["scale"] = np.arange(3.0)
    file["scale"].make_scale("s")
    file["x"].dims[0].attach_scale(file["scale"])


def texts(file: h5py.File) -> None:
    kind = np.dtype(
        [("n", "<i4"), ("t", h5py.string_dtype()), ("p", h5py.string_dtype("ascii"), (2,))]
    )
    rows = np.array([(1, "é", ["a", ""]), (2, "", ["b", "cc"])], dtype=kind)
    file.create_dataset("table", data=rows, dtype=kind)
    file.attrs.create("scalar", "\N{EARTH GLOBE EUROPE-AFRICA}", dtype=h5py.string_dtype())
    file.create_dataset("grid", data=[["a", "bb"], ["ccc", ""]], dtype=h5py.string_dtype())
    for name, shape in {"column": (3000, 1), "cube": (7, 30, 11), "thin": (5, 1, 700)}.items():
        words = np.array([f"t{at}" for at in range(int(np.prod(shape)))], dtype=object)
        file.create_dataset(name, data=words.reshape(shape), dtype=h5py.string_dtype())
    file.create_dataset("unwritten", (3,), dtype=h5py.string_dtype())


def many_links(file: h5py.File) -> None:
    for at in range(300):
        file[f"group {at}"] = h5py.SoftLink(f"/no/{at}")
        file[f"data {at}"] = at
    file["z"] = file["data 7"]
    file["loop"] = file


def committed(file: h5py.File) -> None:
    file["type"] = np.dtype([("a", "<f2"), ("b", "<u8", (2, 2))])
    file.create_dataset("uses", (2,), dtype=file["type"])
    file["uses"].attrs.create("also", np.zeros((), file["type"].dtype), dtype=file["type"])


def chunks(file: h5py.File) -> None:
    data = np.random.default_rng(1).normal(size=(700, 900)).astype(">f4")
    options = {"shuffle": True, "fletcher32": True, "compression": "gzip"}
    for at, shape in enumerate([(700, 1), (1, 900), (64, 64), (699, 899)]):
        file.create_dataset(f"d{at}", data=data, chunks=shape, **options)
    file.create_dataset("partly", (4000, 4000), "<i2", chunks=(500, 500), fillvalue=9)[:3] = 1
    file.create_dataset("scaled", data=np.arange(999), scaleoffset=0, chunks=(100,))


def never_filled(file: h5py.File, kind: h5t.TypeID = h5t.STD_I64LE) -> None:
    """HDF5 leaves the reader's memory as it is where no chunk was ever written."""
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_fill_time(h5d.FILL_TIME_NEVER)
    creation.set_chunk((2**18,))
    space = h5s.create_simple((2**22,))
    dataset = h5py.Dataset(h5d.create(file.id, b"d", kind, space, creation))
    dataset[:10] = 7
    dataset[2**21 :] = np.arange(2**21)[::-1]
    dataset[-(2**20) :] = 5
    undefined = creation.copy()
    undefined.set_alloc_time(h5d.ALLOC_TIME_LATE)
    h5d.create(file.id, b"empty", kind, h5s.create_simple((2**20,)), undefined)


SAME: dict[str, Fill] = {
    "bfloat16": raw_values(custom_float(2, 8, 7, 127)),
    "integer of 12 bits": raw_values(number(h5t.STD_U16LE, 12, 3)),
    "big-endian integer of 16 bits in 4 bytes": raw_values(number(h5t.STD_I32BE, 16, 0)),
    "bit field": raw_values(h5t.STD_B32LE),
    "enumeration": raw_values(enumeration(h5t.STD_I16LE)),
    "compound of both byte orders": raw_values(
        compound(h5t.STD_I16BE, h5t.IEEE_F64LE, fixed_string(3, 1), h5t.STD_B16BE)
    ),
    "big-endian compound": raw_values(
        compound(h5t.STD_I16BE, h5t.IEEE_F32BE, h5t.array_create(h5t.STD_U64BE, (2, 3)))
    ),
    "array of strings": raw_values(h5t.array_create(fixed_string(4, 0), (3,))),
    "big-endian floats with every bit": raw_values(h5t.IEEE_F32BE, 4000),
    "array of compounds": raw_values(h5t.array_create(compound(h5t.STD_I8LE, h5t.STD_I64LE), (2,))),
    "sequences": sequences("<f8"),
    "big-endian sequences": sequences(">i4"),
    "references": references,
    "texts": texts,
    "many links": many_links,
    "committed types": committed,
    "chunks": chunks,
    "never filled": never_filled,
    "name of a link that is no ASCII": lambda file: file.create_dataset("é\U0001f600", data=1),
}
REFUSED: dict[str, tuple[Fill, str]] = {
    "big-endian enumeration": (raw_values(enumeration(h5t.STD_I16BE)), "big-endian numbers"),
    "big-endian compound with a string": (
        raw_values(compound(h5t.STD_I16BE, fixed_string(3, 1))),
        "big-endian numbers",
    ),
    "big-endian integer that does not start at bit 0": (
        raw_values(number(h5t.STD_I32BE, 16, 8)),
        "big-endian numbers",
    ),
    "big-endian and never filled": (
        lambda file: never_filled(file, h5t.STD_I64BE),
        "have no fill value",
    ),
}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_types_and_structures_have_pythons_digest(tmp_path: Path, libver: str) -> None:
    files = [tmp_path / name.replace(" ", "-") for name in SAME]
    for path, fill in zip(files, SAME.values(), strict=True):
        with h5py.File(path, "w", libver=libver) as file:
            fill(file)
    outcomes, refused = compared(files)
    expected = {str(tmp_path / "many-links")} if libver == "latest" else set()
    assert set(refused) == expected, refused
    assert outcomes["same"] == len(SAME) - len(expected)


def test_what_h5wasm_would_convert_is_refused(tmp_path: Path) -> None:
    files = [tmp_path / name.replace(" ", "-") for name in REFUSED]
    for path, (fill, _) in zip(files, REFUSED.values(), strict=True):
        with h5py.File(path, "w") as file:
            fill(file)
    _, refused = compared(files)
    for path, (_, why) in zip(files, REFUSED.values(), strict=True):
        assert why in refused[str(path)]
