"""Each type of section 5: what counts, and what is layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import h5py
import numpy as np
import pytest
from h5py import h5d, h5s, h5t

from dragon_ledger.digests.hdf5.datatypes import Bitfield
from dragon_ledger.digests.hdf5.typereader import read_type
from tests.digests.hdf5.conftest import DigestOf


def raw_dataset(tid: h5t.TypeID, raw: bytes) -> Callable[[h5py.File], None]:
    """Write bytes as values of a type, without any conversion."""

    def fill(file: h5py.File) -> None:
        count = len(raw) // tid.get_size()
        dataset = h5d.create(file.id, b"d", tid, h5s.create_simple((count,)))
        values = np.frombuffer(raw, dtype=np.dtype((np.void, tid.get_size())))
        dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(values), tid)

    return fill


def custom_float(size: int, exponent: int, mantissa: int, bias: int) -> h5t.TypeFloatID:
    tid = h5t.IEEE_F32LE.copy()
    bits = 1 + exponent + mantissa
    tid.set_fields(bits - 1, mantissa, exponent, 0, mantissa)
    tid.set_ebias(bias)
    tid.set_precision(bits)
    tid.set_size(size)
    return tid


def fixed_string(size: int, padding: int, charset: int = h5t.CSET_ASCII) -> h5t.TypeStringID:
    tid = h5t.C_S1.copy()
    tid.set_size(size)
    tid.set_strpad(padding)
    tid.set_cset(charset)
    return tid


BFLOAT16 = custom_float(2, 8, 7, 127)
FLOAT8_E4M3 = custom_float(1, 4, 3, 7)
FLOAT8_E5M2 = custom_float(1, 5, 2, 15)


@pytest.mark.parametrize("tid", [BFLOAT16, FLOAT8_E4M3, FLOAT8_E5M2, h5t.IEEE_F16LE])
def test_custom_floats_are_read_bit_for_bit(digest_of: DigestOf, tid: h5t.TypeID) -> None:
    raw = bytes(range(256)) * tid.get_size()
    changed = raw[:-1] + b"\x00"
    assert digest_of(raw_dataset(tid, raw)) == digest_of(raw_dataset(tid, raw))
    assert digest_of(raw_dataset(tid, raw)) != digest_of(raw_dataset(tid, changed))


def test_equal_bits_of_different_floats_differ(digest_of: DigestOf) -> None:
    two_bytes = {digest_of(raw_dataset(tid, b"\x00\x3c")) for tid in (BFLOAT16, h5t.IEEE_F16LE)}
    one_byte = {digest_of(raw_dataset(tid, b"\x3c")) for tid in (FLOAT8_E4M3, FLOAT8_E5M2)}
    assert len(two_bytes) == len(one_byte) == 2


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", ["i", "u", "f"])
def test_byte_order_is_layout(digest_of: DigestOf, kind: str, size: int) -> None:
    if (kind, size) == ("f", 1):
        pytest.skip("NumPy has no such type")
    values = np.arange(3000, dtype=f"<{kind}{size}")
    little = digest_of(lambda file: file.create_dataset("d", data=values))
    swapped = values.astype(f">{kind}{size}")
    assert little == digest_of(lambda file: file.create_dataset("d", data=swapped))


def test_nan_payloads_and_signed_zeros_are_values(digest_of: DigestOf) -> None:
    bits = [0x00000000, 0x80000000, 0x7FC00000, 0x7FC00001, 0xFFC00000, 0x7F800001]
    digests = {digest_of(raw_dataset(h5t.IEEE_F32LE, bit.to_bytes(4, "little"))) for bit in bits}
    assert len(digests) == len(bits)


def test_padding_bits_of_numbers_are_layout(digest_of: DigestOf) -> None:
    twelve = h5t.STD_U16LE.copy()
    twelve.set_precision(12)
    quiet = digest_of(raw_dataset(twelve, b"\x34\x02"))
    assert quiet == digest_of(raw_dataset(twelve, b"\x34\xf2"))
    assert quiet != digest_of(raw_dataset(twelve, b"\x34\x03"))
    assert quiet != digest_of(raw_dataset(h5t.STD_U16LE, b"\x34\x02"))


def test_extended_precision_ignores_its_padding_bytes(digest_of: DigestOf) -> None:
    if np.dtype(np.longdouble).itemsize != 16:
        pytest.skip("needs the 80-bit numbers of x86")
    value = np.longdouble(1.5).tobytes()[:10]
    quiet = digest_of(raw_dataset(h5t.NATIVE_LDOUBLE, value + bytes(6)))
    assert quiet == digest_of(raw_dataset(h5t.NATIVE_LDOUBLE, value + b"\xff" * 6))


def compound(size: int, *members: tuple[bytes, int, h5t.TypeID]) -> h5t.TypeCompoundID:
    tid = h5t.create(h5t.COMPOUND, size)
    for name, offset, member in members:
        tid.insert(name, offset, member)
    return tid


def test_compound_padding_and_order_of_insertion_are_layout(digest_of: DigestOf) -> None:
    packed = compound(5, (b"a", 0, h5t.STD_I8LE), (b"b", 1, h5t.STD_I32BE))
    padded = compound(12, (b"b", 4, h5t.STD_I32LE), (b"a", 1, h5t.STD_I8LE))
    want = digest_of(raw_dataset(packed, b"\x07\x00\x00\x00\x09"))
    assert want == digest_of(raw_dataset(padded, b"\xee\x07\xee\xee\x09\x00\x00\x00" + b"\xee" * 4))


def test_members_names_and_order_are_content(digest_of: DigestOf) -> None:
    one, other = h5t.STD_I8LE, h5t.STD_I8LE
    types = [
        compound(2, (b"a", 0, one), (b"b", 1, other)),
        compound(2, (b"a", 1, one), (b"b", 0, other)),
        compound(2, (b"a", 0, one), (b"c", 1, other)),
    ]
    assert len({digest_of(raw_dataset(tid, b"\x01\x01")) for tid in types}) == 3


def test_nested_compounds_and_arrays(digest_of: DigestOf) -> None:
    inner = [("x", "<f4"), ("y", "<i2", (3,))]
    little = np.dtype([("p", inner, (2,)), ("q", "S3")])
    values = np.zeros(700, dtype=little)
    values["p"]["x"] = np.arange(1400).reshape(700, 2)
    values["p"]["y"] = np.arange(4200).reshape(700, 2, 3)
    values["q"] = b"ab"
    aligned = np.dtype([("p", [("x", ">f4"), ("y", ">i2", (3,))], (2,)), ("q", "S3")], align=True)
    same = np.zeros(700, dtype=aligned)
    for field in ("x", "y"):
        same["p"][field] = values["p"][field]
    same["q"] = values["q"]
    want = digest_of(lambda file: file.create_dataset("d", data=values))
    assert want == digest_of(lambda file: file.create_dataset("d", data=same))


def test_enumeration_members_are_content_in_any_order(digest_of: DigestOf) -> None:
    def enum(*members: tuple[bytes, int]) -> h5t.TypeEnumID:
        tid = h5t.enum_create(h5t.STD_I16LE)
        for name, value in members:
            tid.enum_insert(name, value)
        return tid

    want = digest_of(raw_dataset(enum((b"a", 1), (b"b", -2)), b"\x01\x00"))
    assert want == digest_of(raw_dataset(enum((b"b", -2), (b"a", 1)), b"\x01\x00"))
    assert want != digest_of(raw_dataset(enum((b"a", 1), (b"b", 2)), b"\x01\x00"))
    assert want != digest_of(raw_dataset(h5t.STD_I16LE, b"\x01\x00"))


def test_text_after_the_end_of_a_terminated_string_is_layout(digest_of: DigestOf) -> None:
    terminated = fixed_string(4, h5t.STR_NULLTERM)
    want = digest_of(raw_dataset(terminated, b"a\x00xy"))
    assert want == digest_of(raw_dataset(terminated, b"a\x00\x00\x00"))
    filled = fixed_string(4, h5t.STR_NULLPAD)
    assert digest_of(raw_dataset(filled, b"a\x00xy")) != digest_of(raw_dataset(filled, b"a\0\0\0"))


def test_kinds_of_string_are_types(digest_of: DigestOf) -> None:
    text = b"ab  "
    paddings = (h5t.STR_NULLTERM, h5t.STR_NULLPAD, h5t.STR_SPACEPAD)
    types = [fixed_string(4, padding, cset) for padding in paddings for cset in (0, 1)]
    digests = {digest_of(raw_dataset(tid, text)) for tid in types}
    for encoding in ("ascii", "utf-8"):
        dtype = h5py.string_dtype(encoding)
        digests.add(digest_of(lambda f, t=dtype: f.create_dataset("d", data=["ab  "], dtype=t)))
    assert len(digests) == 8


def test_opaque_tags_are_content(digest_of: DigestOf) -> None:
    def opaque(tag: bytes) -> h5t.TypeOpaqueID:
        tid = h5t.create(h5t.OPAQUE, 3)
        tid.set_tag(tag)
        return tid

    assert digest_of(raw_dataset(opaque(b"x"), b"abc")) != digest_of(
        raw_dataset(opaque(b"y"), b"abc")
    )


@pytest.mark.parametrize("width", [8, 16, 32, 64])
def test_bit_fields(digest_of: DigestOf, width: int) -> None:
    little, big = getattr(h5t, f"STD_B{width}LE"), getattr(h5t, f"STD_B{width}BE")
    raw = bytes(range(1, width // 8 + 1))
    assert digest_of(raw_dataset(little, raw)) == digest_of(raw_dataset(big, raw[::-1]))
    assert digest_of(raw_dataset(little, raw)) != digest_of(raw_dataset(little, bytes(len(raw))))
    assert read_type(big, "/d") == Bitfield(width // 8, width, 0, big_endian=True)
    number = getattr(h5t, f"STD_U{width}LE")
    assert digest_of(raw_dataset(little, raw)) != digest_of(raw_dataset(number, raw))


def test_native_complex(digest_of: DigestOf) -> None:
    little, big = h5t.COMPLEX_IEEE_F32LE, h5t.COMPLEX_IEEE_F32BE
    raw = np.array([1 + 2j], dtype="<c8")
    swapped = raw.astype(">c8").tobytes()
    assert digest_of(raw_dataset(little, raw.tobytes())) == digest_of(raw_dataset(big, swapped))


SEQUENCES: list[tuple[str, Any]] = [
    ("<i4", [np.arange(3), np.arange(0), np.arange(700)]),
    ("<f8", [np.array([np.nan, -0.0])]),
    ("S5", [np.array([b"a", b"bcd"], dtype="S5")]),
    ("?", [np.array([True, False])]),
]


@pytest.mark.parametrize(("base", "values"), SEQUENCES)
def test_sequences(digest_of: DigestOf, base: str, values: list[Any]) -> None:
    def fill(last: Any, order: Literal["<", ">"] = "<") -> Callable[[h5py.File], None]:
        def write(file: h5py.File) -> None:
            dtype = np.dtype(base).newbyteorder(order)
            dataset = file.create_dataset("d", (len(values),), dtype=h5py.vlen_dtype(dtype))
            for at, value in enumerate([*values[:-1], last]):
                dataset[at] = value.astype(dtype)

        return write

    want = digest_of(fill(values[-1]))
    assert want == digest_of(fill(values[-1], ">"))
    assert want != digest_of(fill(values[-1][::-1]))
    assert want != digest_of(fill(values[-1][:-1]))


def test_sequences_of_terminated_strings(digest_of: DigestOf) -> None:
    def fill(padding: int, *texts: bytes) -> Callable[[h5py.File], None]:
        def write(file: h5py.File) -> None:
            tid = h5t.vlen_create(fixed_string(5, padding))
            h5d.create(file.id, b"d", tid, h5s.create_simple((1,)))
            file["d"][0] = np.array(texts, dtype="S5")

        return write

    want = digest_of(fill(h5t.STR_NULLTERM, b"a", b"bcd"))
    assert want != digest_of(fill(h5t.STR_NULLTERM, b"a", b"bce"))
    assert want != digest_of(fill(h5t.STR_NULLPAD, b"a", b"bcd"))


def test_sequences_are_not_confused_at_their_borders(digest_of: DigestOf) -> None:
    def fill(*parts: list[int]) -> Callable[[h5py.File], None]:
        def write(file: h5py.File) -> None:
            dataset = file.create_dataset("d", (2,), dtype=h5py.vlen_dtype("<i8"))
            for at, part in enumerate(parts):
                dataset[at] = part

        return write

    assert digest_of(fill([1, 2], [3])) != digest_of(fill([1], [2, 3]))


def test_text_and_numbers_in_one_compound(digest_of: DigestOf) -> None:
    def fill(number: str, align: bool, text: str) -> Callable[[h5py.File], None]:
        dtype = np.dtype(
            [("n", number), ("t", h5py.string_dtype()), ("a", number, (2,))], align=align
        )

        def write(file: h5py.File) -> None:
            dataset = file.create_dataset("d", (300,), dtype=dtype)
            dataset[...] = np.array([(at, text, (at, at)) for at in range(300)], dtype=dtype)

        return write

    want = digest_of(fill("<i2", False, "é"))
    assert want == digest_of(fill(">i2", True, "é"))
    assert want != digest_of(fill("<i2", False, "e"))


def test_empty_scalar_and_null_are_different(digest_of: DigestOf) -> None:
    spaces = [
        h5s.create(h5s.NULL),
        h5s.create(h5s.SCALAR),
        h5s.create_simple((0,)),
        h5s.create_simple((1,)),
    ]
    digests = {
        digest_of(lambda f, space=space: h5d.create(f.id, b"d", h5t.STD_I32LE, space))
        for space in spaces
    }
    assert len(digests) == 4


def test_values_never_written_equal_the_fill_value_written(digest_of: DigestOf) -> None:
    def unwritten(file: h5py.File) -> None:
        file.create_dataset("d", (1000, 1000), "<f4", chunks=(100, 100), fillvalue=2.5)

    def written(file: h5py.File) -> None:
        file.create_dataset("d", data=np.full((1000, 1000), 2.5, "<f4"))

    assert digest_of(unwritten) == digest_of(written)


@pytest.mark.parametrize("dtype", ["S3", "<i8", "V7", [("a", "S5"), ("b", "<i2")]])
def test_unwritten_values_of_any_size(digest_of: DigestOf, dtype: Any) -> None:
    count = 2**21 + 5
    fill = digest_of(lambda file: file.create_dataset("d", (count,), dtype))
    zeros = np.zeros(count, dtype)
    assert fill == digest_of(lambda file: file.create_dataset("d", data=zeros))


def test_committed_and_own_datatypes_are_equal_content(digest_of: DigestOf) -> None:
    def fill(own: bool) -> Callable[[h5py.File], None]:
        def write(file: h5py.File) -> None:
            file["t"] = np.dtype("<f8")
            file["t"].attrs["unit"] = "mm"
            file.create_dataset("d", data=np.arange(3.0), dtype="<f8" if own else file["t"])

        return write

    def other(file: h5py.File) -> None:
        fill(True)(file)
        del file["t"]
        file["t"] = np.dtype("<f4")
        file["t"].attrs["unit"] = "mm"

    assert digest_of(fill(True)) == digest_of(fill(False))
    assert digest_of(fill(True)) != digest_of(other)
