"""Canonical bytes of values whose type has no fixed size: strings, sequences, references.

h5py hands such values over as Python objects; what lies beside them in a compound is read as raw
bytes. A `Codec` says how: the type in memory, the array to read into, and how to encode a column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from h5py import h5t

from dragon_ledger.digests.hdf5.datatypes import (
    Array,
    Compound,
    Datatype,
    Enum,
    FixedString,
    ObjectReference,
    Sequence,
    VariableString,
    file_size,
    is_fixed,
)
from dragon_ledger.digests.hdf5.elements import Canonicalizer
from dragon_ledger.digests.hdf5.encoding import listed, sized, u64
from dragon_ledger.errors import UnsupportedContent

Column = npt.NDArray[Any]
Resolve = Callable[[object], bytes]
"""From an object reference as h5py gives it to the object's path; empty for a null reference."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of one type are read (`memory`, `dtype`) and encoded, one item a value."""

    memory: h5t.TypeID
    dtype: np.dtype[Any]
    encode: Callable[[Column], list[bytes]]


def codec(tid: h5t.TypeID, datatype: Datatype, where: str, resolve: Resolve) -> Codec:
    """Say how to read and encode values of a type.

    Args:
        tid: the type's identifier, of the file.
        datatype: its description.
        where: object or attribute, for messages.
        resolve: gives the path of a referenced object.

    Raises:
        UnsupportedContent: h5py cannot hand over such values bit for bit.
    """
    if is_fixed(datatype):
        return _fixed(tid, datatype, where)
    match datatype:
        case Compound():
            return _compound(tid, datatype, where, resolve)
        case Array():
            return _array(tid, datatype, where, resolve)
        case _:
            return Codec(h5t.PYTHON_OBJECT, np.dtype("O"), _objects(tid, datatype, where, resolve))


def _fixed(tid: h5t.TypeID, datatype: Datatype, where: str) -> Codec:
    canonicalizer = Canonicalizer(datatype, where)

    def encode(column: Column) -> list[bytes]:
        raw = np.frombuffer(np.ascontiguousarray(column).tobytes(), dtype=np.uint8)
        return canonicalizer.rows(raw, len(column))

    return Codec(tid, np.dtype((np.void, file_size(datatype))), encode)


def _compound(tid: h5t.TypeID, datatype: Compound, where: str, resolve: Resolve) -> Codec:
    inner = [
        codec(_member_type(tid, member.name), member.type, where, resolve)
        for member in datatype.members
    ]
    names = [str(at) for at in range(len(inner))]
    dtype = np.dtype([(name, one.dtype) for name, one in zip(names, inner, strict=True)])
    memory = h5t.create(h5t.COMPOUND, dtype.itemsize)
    offset = 0
    for member, one in zip(datatype.members, inner, strict=True):
        memory.insert(member.name, offset, one.memory)
        offset += one.dtype.itemsize

    def encode(column: Column) -> list[bytes]:
        encoded = (one.encode(column[name]) for name, one in zip(names, inner, strict=True))
        return [b"".join(fields) for fields in zip(*encoded, strict=True)]

    return Codec(memory, dtype, encode)


def _member_type(tid: h5t.TypeID, name: bytes) -> h5t.TypeID:
    return tid.get_member_type(tid.get_member_index(name))


def _array(tid: h5t.TypeID, datatype: Array, where: str, resolve: Resolve) -> Codec:
    inner, width = codec(tid.get_super(), datatype.base, where, resolve), prod(datatype.dims)

    def encode(column: Column) -> list[bytes]:
        flat = inner.encode(column.reshape(len(column) * width))
        return [b"".join(flat[at : at + width]) for at in range(0, len(flat), width)]

    memory = h5t.array_create(inner.memory, datatype.dims)
    return Codec(memory, np.dtype((inner.dtype, datatype.dims)), encode)


def _objects(
    tid: h5t.TypeID, datatype: Datatype, where: str, resolve: Resolve
) -> Callable[[Column], list[bytes]]:
    match datatype:
        case VariableString():
            return lambda column: [sized(text) for text in column]
        case ObjectReference():
            return lambda column: [sized(resolve(reference)) for reference in column]
        case Sequence(base=base) if is_fixed(base):
            return _fixed_sequences(tid.get_super(), base, where)
        case Sequence(base=base) if not isinstance(base, Compound | Array):
            inner = _objects(tid.get_super(), base, where, resolve)
            return lambda column: [listed(inner(values)) for values in column]
        case _:
            what = "sequences whose compound or array elements hold variable-length values"
            raise UnsupportedContent(where, what)


def _fixed_sequences(
    tid: h5t.TypeID, base: Datatype, where: str
) -> Callable[[Column], list[bytes]]:
    if not _is_exact(tid, base):
        raise UnsupportedContent(where, f"sequences of {type(base).__name__} that h5py converts")
    canonicalizer, width = Canonicalizer(base, where), file_size(base)

    def one(values: Column) -> bytes:
        raw = np.frombuffer(values.tobytes(), dtype=np.uint8)
        if len(raw) != len(values) * width:
            raise UnsupportedContent(where, f"sequences of {type(base).__name__}")
        return u64(len(values)) + canonicalizer.joined(raw)

    return lambda column: [one(values) for values in column]


def _is_exact(tid: h5t.TypeID, base: Datatype) -> bool:
    """Tell whether h5py's own type for the elements keeps every byte that counts."""
    try:
        given = h5t.py_create(tid.dtype)
    except (TypeError, ValueError):
        return False
    if isinstance(base, Enum):
        return bool(given.equal(tid) or given.equal(tid.get_super()))
    terminated = isinstance(base, FixedString) and base.padding == 0
    return bool(given.equal(tid)) or (terminated and given.get_class() == h5t.STRING)
