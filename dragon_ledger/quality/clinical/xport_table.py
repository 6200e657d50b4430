"""Read a SAS transport file, version 5 or 8 (SAS technical paper TS-140).

The format is records of 80 bytes: library and member headers, one 140-byte description per
variable, then the observations, numbers in IBM hexadecimal floating point. It is read with numpy:
nothing is allocated that the file's own size does not cover, so a damaged file can cost no more
than its size (`docs/adr/0030-xport-reader.md`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from dragon_ledger.quality.clinical.csv_table import MOST_VARIABLES
from dragon_ledger.quality.clinical.table import ROW, Oddity, Table, UnreadableTable
from dragon_ledger.quality.clinical.text_encoding import recognise_text

RECORD = 80
_HEADER = re.compile(rb"HEADER RECORD\*{7}(.{8})HEADER RECORD!{7}(.{30})  ", re.DOTALL)
_LIBRARY = {b"LIBRARY ": "5", b"LIBV8   ": "8"}
_MEMBERS = (b"MEMBER  ", b"MEMBV8  ")
_DESCRIPTIONS = (b"NAMESTR ", b"NAMSTV8 ")
_LABELS = {b"LABELV8 ": 3, b"LABELV9 ": 5}
_OBSERVATIONS = (b"OBS     ", b"OBSV8   ")
_NUMERIC, _CHARACTER = 1, 2
_SIGN, _EXPONENT_BIAS, _EXPONENT_SHIFT = np.uint64(1 << 63), 64, np.uint64(56)
_FRACTION = np.uint64((1 << 56) - 1)
_WIDEST_NUMBER = 8

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    label: str
    numeric: bool
    width: int
    offset: int


def is_xport(content: bytes) -> bool:
    """Whether the content begins as a transport file does, whatever the file is called."""
    return content.startswith(b"HEADER RECORD*******LIB")


def read_xport_table(path: str, domain: str, content: bytes) -> Table:
    """Read the first data set of a transport file.

    Raises:
        UnreadableTable: the content is no whole transport file, with the reason.
    """
    version, variables, start = _read_headers(content)
    end, members = _end_of_observations(content, start)
    rows = _observations(content[start:end], variables)
    columns = {each.name: _column(rows, each) for each in variables}
    names = [pl.Series(ROW, np.arange(2, len(rows) + 2, dtype=np.uint32))]
    frame = pl.DataFrame([*names, *(pl.Series(name, each) for name, each in columns.items())])
    encoding = _encoding(rows, variables)
    return Table(
        path,
        domain,
        frame,
        kinds={each.name: "Num" if each.numeric else "Char" for each in variables},
        labels={each.name: each.label for each in variables},
        oddities=_oddities(members, encoding),
        notes={
            "format": f"SAS XPORT version {version}",
            "encoding": encoding,
            "rows": str(len(rows)),
        },
    )


def _read_headers(content: bytes) -> tuple[str, list[_Variable], int]:
    """Return the version, the variables and where the observations start."""
    if len(content) % RECORD:
        raise UnreadableTable(
            "the transport file does not end at a whole record of 80 bytes: it was cut off, or "
            "transferred as text; transfer it in binary mode"
        )
    library, _ = _header_at(content, 0)
    if library not in _LIBRARY:
        raise UnreadableTable("the transport file has no library header of version 5 or 8")
    member = _find_header(content, 3 * RECORD, _MEMBERS)
    described = _find_header(content, member, _DESCRIPTIONS)
    count, size = int(_digits(content, described)), _description_size(content, member)
    block = described + RECORD
    if not 0 < count <= MOST_VARIABLES or block + count * size > len(content):
        raise UnreadableTable(f"the transport file claims {count} variables and does not hold them")
    variables = _variables(content, block, count, size, long_names=_LIBRARY[library] == "8")
    observations = _find_header(content, block + _padded(count * size), _OBSERVATIONS)
    return _LIBRARY[library], variables, observations + RECORD


def _header_at(content: bytes, offset: int) -> tuple[bytes, bytes]:
    match = _HEADER.match(content, offset)
    return (match[1], match[2]) if match else (b"", b"")


def _find_header(content: bytes, start: int, kinds: Sequence[bytes]) -> int:
    for offset in range(start, len(content), RECORD):
        if _header_at(content, offset)[0] in kinds:
            return offset
    raise UnreadableTable(f"the transport file has no {kinds[0].decode().strip()} header")


def _digits(content: bytes, offset: int) -> bytes:
    digits = _header_at(content, offset)[1][:10]
    if not digits.isdigit():
        raise UnreadableTable("the transport file's number of variables is no number")
    return digits


def _description_size(content: bytes, member: int) -> int:
    """140 bytes, or 136 on one historical system, as the member header says."""
    size = _header_at(content, member)[1][-4:].strip()
    if size not in (b"0140", b"0136", b"140", b"136"):
        raise UnreadableTable("the transport file's variables have descriptions of unknown size")
    return int(size)


def _padded(length: int) -> int:
    return -(-length // RECORD) * RECORD


def _variables(
    content: bytes, block: int, count: int, size: int, *, long_names: bool
) -> list[_Variable]:
    starts = range(block, block + count * size, size)
    described = [_variable(content[start : start + size], long_names) for start in starts]
    expected = 0
    names: set[str] = set()
    for each in described:
        if each.offset != expected or each.name in names:
            raise UnreadableTable(f"the description of variable {each.name} contradicts another")
        names.add(each.name)
        expected += each.width
    return described


def _variable(raw: bytes, long_names: bool) -> _Variable:
    kind, _, width, _, name, label = struct.unpack(">hhhh8s40s", raw[:56])
    (offset,) = struct.unpack(">i", raw[84:88])
    written = raw[88:120] if long_names and raw[88:120].strip(b" \0") else name
    text = written.decode("ascii", "replace").strip(" \0").upper()
    numeric = kind == _NUMERIC
    narrow, wide = (2, _WIDEST_NUMBER) if numeric else (1, 32767)
    if kind not in (_NUMERIC, _CHARACTER) or not narrow <= width <= wide or not text.isprintable():
        raise UnreadableTable("the transport file describes a variable of unknown kind or width")
    return _Variable(text, label.decode("latin-1").strip(" \0"), numeric, width, offset)


def _end_of_observations(content: bytes, start: int) -> tuple[int, int]:
    """Return where the observations end and how many data sets the file holds."""
    end, members, found = len(content), 1, start
    while (found := content.find(b"HEADER RECORD*******MEMB", found)) >= 0:
        if found % RECORD == 0:
            end, members = min(end, found), members + 1
        found += 1
    return end, members


def _observations(data: bytes, variables: Sequence[_Variable]) -> Bytes:
    """Return the observations as rows of bytes, without the blanks that fill the last record."""
    width = sum(each.width for each in variables)
    count, rest = divmod(len(data), width)
    if data[len(data) - rest :].strip(b" "):
        raise UnreadableTable("the transport file ends within a row: it was cut off")
    rows = np.frombuffer(data, dtype=np.uint8, count=count * width).reshape(count, width)
    filler = 0
    while filler < min(count, (RECORD - 1 - rest) // width):
        if not (rows[count - 1 - filler] == ord(" ")).all():
            break
        filler += 1
    return rows[: count - filler]


def _column(rows: Bytes, variable: _Variable) -> pl.Series:
    cells = rows[:, variable.offset : variable.offset + variable.width]
    return _numbers(cells) if variable.numeric else _texts(cells)


def _texts(cells: Bytes) -> pl.Series:
    width = cells.shape[1]
    raw = np.ascontiguousarray(cells).view(f"S{width}").ravel()
    texts = pl.Series(raw.tolist(), dtype=pl.Binary)
    try:
        decoded = texts.cast(pl.String)
    except pl.exceptions.PolarsError:
        decoded = pl.Series(np.char.decode(raw, "cp1252", "replace").tolist(), dtype=pl.String)
    stripped = decoded.str.strip_chars()
    return stripped.set(stripped == "", None)


def _numbers(cells: Bytes) -> pl.Series:
    """Decimal texts of IBM floating-point numbers; missing values as SAS writes them: `.`, `.A`."""
    wide = np.zeros((len(cells), _WIDEST_NUMBER), dtype=np.uint8)
    wide[:, : cells.shape[1]] = cells
    first = wide[:, 0].copy()
    bits = wide.view(">u8").ravel().astype(np.uint64)
    fraction = bits & _FRACTION
    exponent = ((bits & ~_SIGN) >> _EXPONENT_SHIFT).astype(np.int32) - _EXPONENT_BIAS
    values = np.ldexp(fraction.astype(np.float64), 4 * exponent - 56)
    values[(bits & _SIGN) != 0] *= -1
    texts = pl.Series(values).cast(pl.String).str.strip_suffix(".0")
    missing = (fraction == 0) & (first != 0)
    if not missing.any():
        return texts
    codes = pl.Series([_missing_code(byte) for byte in first[missing]], dtype=pl.String)
    return texts.scatter(np.flatnonzero(missing), codes)


def _missing_code(byte: int) -> str:
    return "." if byte == ord(".") else f".{chr(byte)}"


def _encoding(rows: Bytes, variables: Sequence[_Variable]) -> str:
    for each in variables:
        cells = rows[:, each.offset : each.offset + each.width]
        if not each.numeric and (cells > 127).any():  # noqa: PLR2004 the last ASCII character
            return recognise_text(cells.tobytes().replace(b"\0", b" ")).encoding
    return "ASCII"


def _oddities(members: int, encoding: str) -> tuple[Oddity, ...]:
    found = []
    if members > 1:
        found.append(Oddity("several-data-sets", f"{members} data sets"))
    if encoding == "Windows-1252":
        found.append(Oddity("encoding", encoding))
    return tuple(found)
