"""From HDF5's type identifiers to our datatypes; what has no place in the encoding is refused."""

from __future__ import annotations

import struct

from h5py import h5t

from dragon_ledger.digests.hdf5.datatypes import (
    Array,
    Bitfield,
    Complex,
    Compound,
    Datatype,
    Enum,
    FixedString,
    Float,
    Integer,
    Member,
    ObjectReference,
    Opaque,
    Sequence,
    VariableString,
)
from dragon_ledger.digests.hdf5.library import Damaged
from dragon_ledger.errors import UnsupportedContent

MAX_NESTING = 32
"""Deepest nesting of types that is read."""

_CLASS_NAMES = {h5t.TIME: "time", h5t.NO_CLASS: "unknown"}


def read_type(tid: h5t.TypeID, where: str) -> Datatype:
    """Describe an HDF5 datatype.

    Args:
        tid: the type's identifier.
        where: object or attribute that has this type, for messages.

    Raises:
        UnsupportedContent: the type has no canonical encoding.
    """
    return _read(tid, where, 0)


def _read(tid: h5t.TypeID, where: str, depth: int) -> Datatype:
    if not tid.get_size():
        raise Damaged(f"{where}: the file is damaged: a datatype of no bytes")
    if depth > MAX_NESTING:
        raise UnsupportedContent(where, f"a datatype nested deeper than {MAX_NESTING} levels")
    match tid.get_class():
        case h5t.INTEGER:
            return _integer(tid, where)
        case h5t.FLOAT:
            return _float(tid, where)
        case h5t.STRING:
            return _string(tid)
        case h5t.BITFIELD:
            return _bitfield(tid, where)
        case _:
            return _other(tid, where, depth)


def _other(tid: h5t.TypeID, where: str, depth: int) -> Datatype:
    match tid.get_class():
        case h5t.OPAQUE:
            return Opaque(tid.get_size(), tid.get_tag())
        case h5t.REFERENCE:
            return _reference(tid, where)
        case h5t.ENUM:
            return _enum(tid, where)
        case h5t.COMPOUND:
            return _compound(tid, where, depth)
        case _:
            return _repeated(tid, where, depth)


def _repeated(tid: h5t.TypeID, where: str, depth: int) -> Datatype:
    match kind := tid.get_class():
        case h5t.ARRAY:
            base = _read(tid.get_super(), where, depth + 1)
            return Array(tuple(tid.get_array_dims()), base)
        case h5t.VLEN:
            return Sequence(_read(tid.get_super(), where, depth + 1))
        case h5t.COMPLEX:
            return Complex(_float(tid.get_super(), where))
        case _:
            raise UnsupportedContent(where, f"a datatype of class {_CLASS_NAMES.get(kind, kind)}")


def _big_endian(tid: h5t.TypeID, where: str) -> bool:
    order = tid.get_order()
    if order not in (h5t.ORDER_LE, h5t.ORDER_BE, h5t.ORDER_NONE):
        raise UnsupportedContent(where, "a number in VAX or mixed byte order")
    return bool(order == h5t.ORDER_BE)


def _integer(tid: h5t.TypeID, where: str) -> Integer:
    signed = tid.get_sign() == h5t.SGN_2
    bits = tid.get_precision(), tid.get_offset()
    return Integer(tid.get_size(), signed, *bits, _big_endian(tid, where))


def _float(tid: h5t.TypeID, where: str) -> Float:
    sign, exponent, exponent_bits, mantissa, mantissa_bits = tid.get_fields()
    return Float(
        size=tid.get_size(),
        precision=tid.get_precision(),
        offset=tid.get_offset(),
        sign_at=sign,
        exponent_at=exponent,
        exponent_bits=exponent_bits,
        mantissa_at=mantissa,
        mantissa_bits=mantissa_bits,
        bias=tid.get_ebias(),
        normalization=tid.get_norm(),
        big_endian=_big_endian(tid, where),
    )


def _string(tid: h5t.TypeID) -> FixedString | VariableString:
    if tid.is_variable_str():
        return VariableString(tid.get_cset())
    return FixedString(tid.get_size(), tid.get_strpad(), tid.get_cset())


def _bitfield(tid: h5t.TypeID, where: str) -> Bitfield:
    # h5py does not show a bitfield's precision. H5Tencode gives 2 bytes of its own, then the
    # datatype message (HDF5 File Format Specification, IV.A.2.d): class and flags (4 bytes),
    # size (4), offset in bits (2), precision (2).
    offset, precision = struct.unpack_from("<HH", tid.encode(), 10)
    return Bitfield(tid.get_size(), precision, offset, _big_endian(tid, where))


def _reference(tid: h5t.TypeID, where: str) -> ObjectReference:
    if tid.equal(h5t.STD_REF_OBJ):
        return ObjectReference()
    kind = "a region reference" if tid.equal(h5t.STD_REF_DSETREG) else "a reference of HDF5 1.12"
    raise UnsupportedContent(where, kind)


def _enum(tid: h5t.TypeID, where: str) -> Enum:
    base = _integer(tid.get_super(), where)
    if base.size > struct.calcsize("q"):
        raise UnsupportedContent(where, f"an enumeration over integers of {base.size} bytes")
    count = tid.get_nmembers()
    pairs = ((tid.get_member_name(at), tid.get_member_value(at)) for at in range(count))
    return Enum(base, tuple(pairs))


def _compound(tid: h5t.TypeID, where: str, depth: int) -> Compound:
    members = (_member(tid, at, where, depth) for at in range(tid.get_nmembers()))
    # Ties cannot be written, but a damaged file may show them: the name makes the order total.
    by_offset = sorted(members, key=lambda member: (member.offset, member.name))
    return Compound(tid.get_size(), tuple(by_offset))


def _member(tid: h5t.TypeID, at: int, where: str, depth: int) -> Member:
    offset, member = tid.get_member_offset(at), tid.get_member_type(at)
    if offset + member.get_size() > tid.get_size():
        raise Damaged(f"{where}: the file is damaged: a member reaches past its compound")
    return Member(tid.get_member_name(at), offset, _read(member, where, depth + 1))
