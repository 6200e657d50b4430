"""Read a CSV table (RFC 4180): separator, quoting and row lengths are checked before polars reads.

Polars fills short rows without a word, so the number of fields of every row is counted here first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np
import polars as pl

from dragon_ledger.quality.clinical.table import ROW, Oddity, Table, UnreadableTable
from dragon_ledger.quality.clinical.text_encoding import RecognisedText, recognise_text

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
MOST_VARIABLES = 1000
LONGEST_HEADER = 64 * 1024
LONGEST_LINE = 1024 * 1024  # 1000 variables of 200 characters, with room for other scripts
_ENCODING_ODDITIES = {
    "UTF-8 with byte order mark": "byte-order-mark",
    "Windows-1252": "encoding",
    "UTF-16": "encoding",
    "UTF-32": "encoding",
}


def read_csv_table(path: str, domain: str, content: bytes, known: frozenset[str]) -> Table:
    """Read a CSV table. `known` are variable names that help to recognise the separator.

    Raises:
        UnreadableTable: the content is no table, with the reason.
    """
    text = recognise_text(content)
    body = _with_line_feeds(text.utf8).rstrip(b"\n\r")
    if not body:
        raise UnreadableTable("the file holds no text but a byte order mark or line ends")
    _refuse_long_lines(body)
    separator, header = _recognise_header(body, known)
    names, oddities = _variable_names(header)
    frame = _frame(body, separator, names)
    frame, padded = _without_surrounding_blanks(frame)
    frame, blank_rows = _without_blank_rows(frame)
    form = _oddities_of_form(text, separator)
    return Table(
        path,
        domain,
        frame,
        oddities=(*form, *oddities, *blank_rows, *padded),
        notes={
            "format": "CSV",
            "encoding": text.encoding,
            "separator": SEPARATOR_NAMES[separator],
            "rows": str(frame.height),
        },
    )


def _with_line_feeds(utf8: bytes) -> bytes:
    return utf8.replace(b"\r", b"\n") if b"\r" in utf8 and b"\n" not in utf8 else utf8


def _refuse_long_lines(body: bytes) -> None:
    """A reader would hold such a line several times over."""
    start = 0
    while len(body) - start > LONGEST_LINE:
        end = body.rfind(b"\n", start, start + LONGEST_LINE)
        if end < 0:
            row = body.count(b"\n", 0, start) + 1
            raise UnreadableTable(f"row {row} is longer than 1 MiB: a line end is missing")
        start = end + 1


def _recognise_header(body: bytes, known: frozenset[str]) -> tuple[str, list[str]]:
    line = body[:LONGEST_HEADER].partition(b"\n")[0].rstrip(b"\r")
    if len(line) == LONGEST_HEADER:
        raise UnreadableTable("the first line is no header: it is longer than 64 KiB")
    text = line.decode("utf-8", "replace")
    headers = {separator: _split(text, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda each: (_known(headers[each], known), len(headers[each])))
    if len(headers[separator]) > MOST_VARIABLES:
        raise UnreadableTable(
            f"the header names {len(headers[separator])} columns; {MOST_VARIABLES} are the most"
        )
    return separator, headers[separator]


def _split(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [""])
    except csv.Error as error:
        raise UnreadableTable(f"the header cannot be read: {error}") from error


def _known(header: list[str], known: frozenset[str]) -> int:
    return len({name.strip().upper() for name in header} & known)


def _variable_names(header: list[str]) -> tuple[list[str], list[Oddity]]:
    """Unique upper-case names; a second column of one name keeps its place under another name."""
    names: list[str] = []
    oddities: list[Oddity] = []
    for position, written in enumerate(header, start=1):
        name = written.strip().upper()
        if name != written:
            oddities.append(Oddity("variable-spelling", "not upper case", 1, name))
        if not name or name in names or name.startswith("#"):
            code = "variable-twice" if name in names else "variable-unnamed"
            oddities.append(Oddity(code, f"column {position}", 1, name or None))
            name = f"#{position}"
        names.append(name)
    return names, oddities


def _refuse_uneven_rows(body: bytes, separator: str, fields: int) -> None:
    lengths = _quoted_lengths(body, separator) if b'"' in body else _plain_lengths(body, separator)
    for row, length in lengths:
        if length not in (0, fields):
            raise UnreadableTable(
                f"row {row} has {length} fields and the header {fields}: a separator within a "
                "value needs quotes around the value"
            )


def _plain_lengths(body: bytes, separator: str) -> Iterator[tuple[int, int]]:
    """Rows with another number of fields than the header, in a table without any quotes."""
    data = np.frombuffer(body, dtype=np.uint8)
    ends = np.append(np.flatnonzero(data == ord("\n")), len(data))
    separators = np.flatnonzero(data == ord(separator))
    fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    lengths = np.diff(ends, prepend=-1) - 1
    blank = (lengths == 0) | ((lengths == 1) & (data[ends - 1] == ord("\r")))
    for index in np.flatnonzero((fields != fields[0]) & ~blank)[:1]:
        yield int(index) + 1, int(fields[index])


def _quoted_lengths(body: bytes, separator: str) -> Iterator[tuple[int, int]]:
    text = io.TextIOWrapper(io.BytesIO(body), "utf-8", newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    row = 0
    try:
        for row, fields in enumerate(reader, start=1):
            yield row, len(fields)
    except csv.Error as error:
        raise UnreadableTable(f"the quotes around row {row + 1} are broken: {error}") from error


def _frame(body: bytes, separator: str, names: list[str]) -> pl.DataFrame:
    """Read the rows; a row that is too long stops polars, one that is too short ends in nulls."""
    quoted = b'"' in body
    if quoted:
        _refuse_uneven_rows(body, separator, len(names))
    try:
        frame = _read(body, separator, quoted=quoted)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        _refuse_uneven_rows(body, separator, len(names))
        raise UnreadableTable(
            "the table's quoting cannot be followed: a quote inside a value must be doubled and "
            "the value be quoted"
        ) from error
    if frame.width != len(names) + 1:
        raise UnreadableTable(f"the header names {len(names)} columns, the rows {frame.width - 1}")
    if not quoted and frame.to_series(-1).has_nulls():
        _refuse_uneven_rows(body, separator, len(names))
    frame.columns = [ROW, *names]
    return frame.select(ROW, *(name for name in names if not name.startswith("#")))


def _read(body: bytes, separator: str, *, quoted: bool) -> pl.DataFrame:
    return pl.read_csv(
        body,
        separator=separator,
        infer_schema=False,
        quote_char='"' if quoted else None,
        row_index_name=ROW,
        row_index_offset=2,
        truncate_ragged_lines=False,
    )


def _without_blank_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Oddity]]:
    variables = [name for name in frame.columns if name != ROW]
    blank = frame.select(pl.all_horizontal(pl.col(variables).is_null())).to_series()
    count = int(blank.sum())
    if not variables or not count:
        return frame, []
    first = int(frame.get_column(ROW).filter(blank)[0])
    return frame.filter(~blank), [
        Oddity("blank-row", "a row without any value", first, None, count)
    ]


def _without_surrounding_blanks(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Oddity]]:
    variables = [name for name in frame.columns if name != ROW]
    stripped = frame.with_columns(pl.col(variables).str.strip_chars())
    oddities = []
    for name in variables:
        padded = frame.get_column(name) != stripped.get_column(name)
        count = int(padded.sum())
        if count:
            row = int(frame.get_column(ROW).filter(padded)[0])
            oddities.append(Oddity("padding", "blanks around the value", row, name, count))
    text = pl.col(variables)
    return stripped.with_columns(pl.when(text != "").then(text).name.keep()), oddities


def _oddities_of_form(text: RecognisedText, separator: str) -> list[Oddity]:
    oddities = []
    code = _ENCODING_ODDITIES.get(text.encoding)
    if code:
        oddities.append(Oddity(code, text.encoding))
    if separator != ",":
        oddities.append(Oddity("separator", SEPARATOR_NAMES[separator]))
    return oddities
