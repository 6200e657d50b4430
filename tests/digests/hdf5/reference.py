"""The specification once more, naively, from h5py's high-level interface and NumPy types.

It shares no code with the product and covers what the vectors need. Types are written from NumPy's
dtypes, not from HDF5's datatypes; strings and bit layouts that NumPy does not show are not covered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

# size: (sign, exponent position, exponent bits, mantissa bits, bias), IEEE 754-2019 table 3.5
IEEE = {2: (15, 10, 5, 10, 15), 4: (31, 23, 8, 23, 127), 8: (63, 52, 11, 52, 1023)}


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def u8(number: int) -> bytes:
    return bytes([number])


def u64(number: int) -> bytes:
    return number.to_bytes(8, "little")


def sized(data: bytes) -> bytes:
    return u64(len(data)) + data


def listed(items: list[bytes]) -> bytes:
    return u64(len(items)) + b"".join(items)


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return sha256(b"\x00", leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def digest(path: Path) -> str:
    entries = list(file_entries(path))
    root = mth(entries)
    return sha256(b"hdf5-content-v1", b"\x00", u64(len(entries)), root).hex()


def file_entries(path: Path) -> Iterator[bytes]:
    with h5py.File(path) as file:
        known = {file["/"]: b"/"}
        yield sized(b"/") + u8(1) + attributes(file, known)
        yield from group_entries(file["/"], b"", known)


def group_entries(group: h5py.Group, above: bytes, known: dict[Any, bytes]) -> Iterator[bytes]:
    for name in sorted(group, key=str.encode):
        path = above + b"/" + name.encode()
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            yield sized(path) + u8(4) + sized(link.path.encode())
        elif group[name] in known:
            yield sized(path) + u8(5) + sized(known[group[name]])
        else:
            known[group[name]] = path
            yield from object_entries(group[name], path, known)


def object_entries(node: Any, path: bytes, known: dict[Any, bytes]) -> Iterator[bytes]:
    paths = canonical_paths(node.file)
    if isinstance(node, h5py.Group):
        yield sized(path) + u8(1) + attributes(node, paths)
        yield from group_entries(node, path, known)
    elif isinstance(node, h5py.Dataset):
        padded = top_level(node.dtype, node.id.get_type())
        head = sized(path) + u8(2) + attributes(node, paths) + sized(padded)
        yield head + sized(space(node)) + data(node[()], node.dtype, paths)
    else:
        yield sized(path) + u8(3) + attributes(node, paths) + sized(datatype(node.dtype))


def canonical_paths(file: h5py.File) -> dict[Any, bytes]:
    found = {file["/"]: b"/"}

    def visit(group: h5py.Group, above: bytes) -> None:
        for name in sorted(group, key=str.encode):
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.SoftLink) or group[name] in found:
                continue
            found[group[name]] = above + b"/" + name.encode()
            if isinstance(group[name], h5py.Group):
                visit(group[name], found[group[name]])

    visit(file["/"], b"")
    return found


def attributes(node: Any, paths: dict[Any, bytes]) -> bytes:
    leaves = []
    for name in sorted(node.attrs, key=str.encode):
        handle = node.attrs.get_id(name)
        kind = handle.dtype
        value = np.empty(handle.shape or (), dtype=kind)
        if handle.shape is not None:
            handle.read(value)
        padded = top_level(kind, handle.get_type())
        part = sized(name.encode()) + sized(padded) + sized(space(handle))
        values = encoded(value, kind, paths, node.file) if handle.shape is not None else []
        if name == "REFERENCE_LIST" and kind.names == ("dataset", "dimension"):
            values.sort()
        leaves.append(part + blocks(b"".join(values)))
    return mth(leaves)


def space(node: Any) -> bytes:
    if node.shape is None:
        return u8(0)
    largest = getattr(node, "maxshape", node.shape)
    bounds = [u64(2**64 - 1 if extent is None else extent) for extent in largest]
    return u8(1) + listed([u64(extent) for extent in node.shape]) + b"".join(bounds)


def datatype(kind: np.dtype[Any]) -> bytes:
    if kind.subdtype:
        base, dims = kind.subdtype
        return u8(9) + listed([u64(extent) for extent in dims]) + datatype(base)
    if kind.names:
        by_offset = sorted(kind.names, key=lambda name: kind.fields[name][1])  # type: ignore[index]
        return u8(8) + listed([sized(name.encode()) + datatype(kind[name]) for name in by_offset])
    members = {"FALSE": 0, "TRUE": 1} if kind.kind == "b" else h5py.check_enum_dtype(kind)
    if members:
        base = np.dtype("i1") if kind.kind == "b" else np.dtype(kind.str)
        named = [
            sized(name.encode()) + np.array(value, base.newbyteorder("<")).tobytes()
            for name, value in sorted(members.items())
        ]
        return u8(7) + datatype(base) + listed(named)
    return simple(kind)


def top_level(kind: np.dtype[Any], tid: Any) -> bytes:
    """NumPy does not know how a fixed string is padded."""
    text = h5py.check_string_dtype(kind)
    if text is None or text.length is None:
        return datatype(kind)
    return u8(3) + u64(text.length) + u8(tid.get_strpad()) + u8(tid.get_cset())


def simple(kind: np.dtype[Any]) -> bytes:
    if kind.kind in "iu":
        return u8(1) + u8(kind.kind == "i") + u64(kind.itemsize) + u64(8 * kind.itemsize) + u64(0)
    if kind.kind == "f":
        sign, exponent, bits, mantissa, bias = IEEE[kind.itemsize]
        places = (kind.itemsize, 8 * kind.itemsize, 0, sign, exponent, bits, 0, mantissa, bias)
        return u8(2) + b"".join(map(u64, places)) + u8(0)
    text = h5py.check_string_dtype(kind)
    if text is not None:
        charset = u8(text.encoding == "utf-8")
        return (
            u8(4) + charset if text.length is None else u8(3) + u64(text.length) + u8(1) + charset
        )
    if kind.kind == "V":
        return u8(6) + u64(kind.itemsize) + sized(b"")
    if h5py.check_ref_dtype(kind) is h5py.Reference:
        return u8(11)
    return u8(10) + datatype(h5py.check_vlen_dtype(kind))


def data(value: Any, kind: np.dtype[Any], paths: dict[Any, bytes]) -> bytes:
    if isinstance(value, h5py.Empty):
        return blocks(b"")
    file = next(iter(paths)).file
    return blocks(b"".join(encoded(np.array(value, dtype=kind), kind, paths, file)))


def blocks(canonical: bytes) -> bytes:
    return mth([canonical[at : at + 2**20] for at in range(0, len(canonical), 2**20)])


def encoded(
    values: Any, kind: np.dtype[Any], paths: dict[Any, bytes], file: h5py.File
) -> list[bytes]:
    if kind.kind in "iufb":
        return [np.asarray(values).astype(kind.newbyteorder("<")).tobytes()]
    return [one(value, kind, paths, file) for value in np.asarray(values).reshape(-1)]


def one(value: Any, kind: np.dtype[Any], paths: dict[Any, bytes], file: h5py.File) -> bytes:
    if kind.names:
        by_offset = sorted(kind.names, key=lambda name: kind.fields[name][1])  # type: ignore[index]
        return b"".join(part(value[name], kind[name], paths, file) for name in by_offset)
    if h5py.check_ref_dtype(kind):
        return sized(paths[file[value]] if value else b"")
    text = h5py.check_string_dtype(kind)
    if text is not None and text.length is None:
        return sized(value if isinstance(value, bytes) else value.encode())
    inner = h5py.check_vlen_dtype(kind)
    if inner is not None:
        return u64(len(value)) + b"".join(encoded(value, inner, paths, file))
    return np.array(value, dtype=kind.newbyteorder("<")).tobytes()


def part(value: Any, kind: np.dtype[Any], paths: dict[Any, bytes], file: h5py.File) -> bytes:
    if kind.subdtype:
        return b"".join(encoded(value, kind.subdtype[0], paths, file))
    return one(value, kind, paths, file)
