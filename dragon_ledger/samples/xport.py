"""Write a table as a SAS transport file, version 5 (SAS technical paper TS-140)."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dragon_ledger.samples.tables import Row

_RECORD = 80
_NUMBER_WIDTH = 8
_CREATED = b"01JAN21:00:00:00"
_SYSTEM = b"9.4     Linux   "


@dataclass(frozen=True, slots=True)
class Column:
    """How a variable is stored: its label, and whether as a number."""

    label: str
    numeric: bool = False


def xport(name: str, rows: Sequence[Row], columns: Mapping[str, Column]) -> bytes:
    """A transport file with one data set.

    An empty number is the missing value `.`; a letter behind a point, `.A`, is kept as such.
    """
    return _library() + data_set(name, rows, columns)


def data_set(name: str, rows: Sequence[Row], columns: Mapping[str, Column]) -> bytes:
    """One data set of a transport file, to stand behind the library's header or another one."""
    widths = {
        key: _NUMBER_WIDTH if column.numeric else max(1, *(len(row[key]) for row in rows))
        for key, column in columns.items()
    }
    observations = b"".join(
        _number(row[key]) if column.numeric else row[key].encode("ascii").ljust(widths[key])
        for row in rows
        for key, column in columns.items()
    )
    return (
        _member(name)
        + _header("NAMESTR", f"000000{len(columns):04d}")
        + _padded(_descriptions(columns, widths))
        + _header("OBS")
        + _padded(observations)
    )


def _library() -> bytes:
    first = b"SAS     SAS     SASLIB  " + _SYSTEM + b" " * 24 + _CREATED
    return _header("LIBRARY") + first + _CREATED.ljust(_RECORD)


def _member(name: str) -> bytes:
    first = b"SAS     " + name.encode().ljust(8) + b"SASDATA " + _SYSTEM + b" " * 24 + _CREATED
    headers = _header("MEMBER", "000000000000000001600000000140") + _header("DSCRPTR")
    return headers + first + _CREATED.ljust(_RECORD)


def _header(kind: str, numbers: str = "") -> bytes:
    return f"HEADER RECORD*******{kind:8}HEADER RECORD!!!!!!!{numbers:0<30}  ".encode()


def _padded(data: bytes) -> bytes:
    return data + b" " * (-len(data) % _RECORD)


def _descriptions(columns: Mapping[str, Column], widths: Mapping[str, int]) -> bytes:
    found, offset = b"", 0
    for number, (name, column) in enumerate(columns.items(), 1):
        kind = 1 if column.numeric else 2
        found += struct.pack(">hhhh", kind, 0, widths[name], number)
        found += name.encode().ljust(8) + column.label.encode().ljust(40) + b" " * 8
        found += struct.pack(">hhhh", 0, 0, 0, 0) + b" " * 8
        found += struct.pack(">hhl", 0, 0, offset) + bytes(52)
        offset += widths[name]
    return found


def _number(text: str) -> bytes:
    """IBM hexadecimal floating point: sign, exponent of 16 in excess 64, 56 bits of fraction."""
    if not text or text.startswith("."):
        return (text[1:2] or ".").encode() + bytes(7)
    value = float(text)
    if not value:
        return bytes(8)
    exponent = math.ceil(math.frexp(abs(value))[1] / 4)
    fraction = int(abs(value) / 16.0**exponent * 2**56)
    sign = 0x80 if value < 0 else 0
    return bytes([sign | exponent + 64]) + fraction.to_bytes(7, "big")
