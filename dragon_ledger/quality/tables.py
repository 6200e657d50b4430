"""Small tables of a transfer (metadata, association, changes): encoding, separator, rows."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST_TABLE = 512 << 20  # bytes; some five million rows of laboratory results
TOO_LARGE = f"larger than {LARGEST_TABLE >> 20} MiB: send the table in parts"
_SEPARATORS = ",;\t|"
_BOM = b"\xef\xbb\xbf"
_LARGEST_FIELD = 1 << 17
_MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `number` is the line as a spreadsheet shows it: the header is 1."""

    number: int
    values: dict[str, str]
    complete: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text. `columns` are the header's names, lower case, without blanks around."""

    path: str
    encoding: str
    separator: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def repeated_columns(self) -> tuple[str, ...]:
        """Names that the header has more than once."""
        return tuple(name for name, count in Counter(self.columns).items() if count > 1)


class UnreadableTable(Exception):
    """The bytes are no table; the text says why."""


def open_table(root: Path, path: str) -> Table:
    """Read a CSV file of a transfer.

    Args:
        root: the transfer's folder.
        path: of the file, relative to it.

    Raises:
        OSError: it cannot be read.
        UnreadableTable: as `read_table`, or larger than `LARGEST_TABLE`.
    """
    with (root / path).open("rb") as file:
        if os.fstat(file.fileno()).st_size > LARGEST_TABLE:
            raise UnreadableTable(TOO_LARGE)
        return read_table(path, file.read())


def read_table(path: str, content: bytes) -> Table:
    """Read a CSV file's bytes.

    Raises:
        UnreadableTable: no text, no header, or quotes that do not end.
    """
    text, encoding = decode(content)
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    csv.field_size_limit(_LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        first = next(reader, None)
        if first is None or len(first) > _MOST_COLUMNS:
            raise UnreadableTable("no header line, or one of more than 10 000 columns")
        columns = tuple(name.strip().lower() for name in first)
        rows = tuple(_rows(reader, columns))
    except csv.Error as error:
        raise UnreadableTable(f"line {reader.line_num}: {error}") from error
    return Table(path, encoding, separator, columns, rows)


def _rows(lines: Iterable[list[str]], columns: tuple[str, ...]) -> Iterator[Row]:
    """The records; equal values are one object, because a million rows repeat most of them."""
    shared: dict[str, str] = {}
    for number, line in enumerate(lines, 2):
        if any(line):
            stripped = (value.strip() for value in line)
            values = (shared.setdefault(value, value) for value in stripped)
            yield Row(number, dict(zip(columns, values, strict=False)), len(line) == len(columns))


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file and the encoding that it was read in: UTF-8, else Windows-1252.

    Raises:
        UnreadableTable: it holds zero bytes, or is empty.
    """
    if not content.strip():
        raise UnreadableTable("the file is empty")
    if b"\0" in content:
        raise UnreadableTable("zero bytes: no text in UTF-8 or Windows-1252")
    if content.startswith(_BOM):
        return _decode_bom(content)
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), "Windows-1252"


def _decode_bom(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8-sig"), "UTF-8 with byte order mark"
    except UnicodeDecodeError as error:
        raise UnreadableTable("a byte order mark of UTF-8 before text that is none") from error
