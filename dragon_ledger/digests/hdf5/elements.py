"""Canonical bytes of values whose type has a fixed size.

Little-endian, members packed, padding bits and bytes after a terminating NUL set to zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    Number,
    Opaque,
    file_size,
)
from dragon_ledger.errors import UnsupportedContent

Bytes = npt.NDArray[np.uint8]
_SWAPPED_SIZES = (2, 4, 8)
_ALL_BITS = 0xFF
_ROWS_AT_ONCE = 2**21
MAX_REARRANGED = 2**20
"""Largest element, in bytes, whose bytes are picked one by one (others pass as they are)."""


@dataclass(frozen=True, slots=True)
class _Field:
    """Where an atomic value lies in the file's element, and what is done to its bytes."""

    offset: int
    type: Datatype


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which byte of the file's element each canonical byte is, its mask, and strings to cut."""

    source: npt.NDArray[np.intp]
    mask: Bytes | None
    terminated: tuple[tuple[int, int], ...]


def is_plain(datatype: Datatype) -> bool:
    """Tell whether the file's bytes of a value are its canonical bytes already."""
    match datatype:
        case Integer() | Float() | Bitfield():
            ordered = datatype.size == 1 or not datatype.big_endian
            return ordered and _fills(datatype)
        case Enum(base=base) | Complex(base=base) | Array(base=base):
            return is_plain(base)
        case FixedString(padding=padding):
            return padding != 0
        case Opaque():
            return True
        case Compound(size=size, members=members):
            return all(is_plain(one.type) for one in members) and _is_packed(size, members)
        case _:
            return False


class Canonicalizer:
    """Turns values of one fixed type, as the file holds them, into canonical bytes."""

    def __init__(self, datatype: Datatype, where: str) -> None:
        """Prepare for `datatype`; `where` names the object in messages.

        Raises:
            UnsupportedContent: an element that needs rearranging is larger than MAX_REARRANGED.
        """
        base = _innermost(datatype)
        self._plain = is_plain(base)
        self._swap = _plain_swap(base)
        self._size = file_size(base)
        self._plan = None if self._plain or self._swap else _plan(base, where)

    def canonical(self, raw: Bytes) -> Iterator[Bytes]:
        """Give the canonical bytes of a run of whole values, in pieces."""
        if self._plain:
            yield raw
        elif self._swap:
            yield raw.view(f"u{self._swap}").byteswap().view(np.uint8)
        elif self._plan:
            yield from _rearranged(raw.reshape(-1, self._size), self._plan)

    def joined(self, raw: Bytes) -> bytes:
        """Give the canonical bytes of a run of whole values."""
        return b"".join(piece.tobytes() for piece in self.canonical(raw))

    def rows(self, raw: Bytes, count: int) -> list[bytes]:
        """Give the canonical bytes of each of `count` values."""
        whole = self.joined(raw)
        width = len(whole) // count if count else 0
        return [whole[at * width : (at + 1) * width] for at in range(count)]


def _fills(number: Number) -> bool:
    return number.offset == 0 and number.precision == 8 * number.size


def _is_packed(size: int, members: tuple[Member, ...]) -> bool:
    end = 0
    for member in members:
        if member.offset != end:
            return False
        end += file_size(member.type)
    return end == size


def _innermost(datatype: Datatype) -> Datatype:
    while isinstance(datatype, Array):
        datatype = datatype.base
    return datatype.base if isinstance(datatype, Enum | Complex) else datatype


def _plain_swap(datatype: Datatype) -> int:
    if not isinstance(datatype, Integer | Float | Bitfield) or not _fills(datatype):
        return 0
    return datatype.size if datatype.size in _SWAPPED_SIZES else 0


def _plan(datatype: Datatype, where: str) -> _Plan:
    if file_size(datatype) > MAX_REARRANGED:
        raise UnsupportedContent(
            where, f"elements of {file_size(datatype)} bytes that are not little-endian and packed"
        )
    sources, masks, terminated, at = [], [], [], 0
    for field in _fields(datatype, 0):
        size = file_size(field.type)
        sources.append(_source(field, size))
        masks.append(_mask(field.type, size))
        if isinstance(field.type, FixedString) and field.type.padding == 0:
            terminated.append((at, size))
        at += size
    mask = np.concatenate(masks)
    whole = bool((mask == _ALL_BITS).all())
    return _Plan(np.concatenate(sources), None if whole else mask, tuple(terminated))


def _fields(datatype: Datatype, start: int) -> Iterator[_Field]:
    match datatype:
        case Compound(members=members):
            for member in members:
                yield from _fields(member.type, start + member.offset)
        case Array(base=base):
            width = file_size(base)
            for at in range(file_size(datatype) // width):
                yield from _fields(base, start + at * width)
        case Complex(base=base):
            yield _Field(start, base)
            yield _Field(start + base.size, base)
        case Enum(base=base):
            yield _Field(start, base)
        case _:
            yield _Field(start, datatype)


def _source(field: _Field, size: int) -> npt.NDArray[np.intp]:
    places = np.arange(field.offset, field.offset + size, dtype=np.intp)
    backwards = isinstance(field.type, Integer | Float | Bitfield) and field.type.big_endian
    return places[::-1] if backwards else places


def _mask(datatype: Datatype, size: int) -> Bytes:
    if not isinstance(datatype, Integer | Float | Bitfield):
        return np.full(size, _ALL_BITS, dtype=np.uint8)
    bits = ((1 << datatype.precision) - 1) << datatype.offset
    used = bits & ((1 << (8 * size)) - 1)
    return np.frombuffer(used.to_bytes(size, "little"), dtype=np.uint8)


def _rearranged(rows: Bytes, plan: _Plan) -> Iterator[Bytes]:
    step = max(1, _ROWS_AT_ONCE // rows.shape[1])
    for at in range(0, len(rows), step):
        picked = rows[at : at + step].take(plan.source, axis=1)
        if plan.mask is not None:
            picked &= plan.mask
        for start, size in plan.terminated:
            _cut(picked[:, start : start + size])
        yield picked.reshape(-1)


def _cut(strings: Bytes) -> None:
    ended = np.logical_or.accumulate(strings == 0, axis=1)
    strings[ended] = 0
