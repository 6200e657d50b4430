"""Recognise how a table's text is encoded.

UTF-8 (with or without a byte order mark), UTF-16 with a byte order mark and Windows-1252 are read;
anything else is refused. Windows-1252 is what bytes are taken for that are not UTF-8 and that
Windows-1252 defines: its five undefined bytes show that it is something else.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from dragon_ledger.quality.clinical.table import UnreadableTable

_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_NO_TEXT = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old format"),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS data set"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
)


@dataclass(frozen=True, slots=True)
class RecognisedText:
    """A table's text as UTF-8 bytes, and the name of the encoding that it came in."""

    utf8: bytes
    encoding: str


def recognise_text(content: bytes) -> RecognisedText:
    """Return the content as UTF-8 without a byte order mark.

    Raises:
        UnreadableTable: the content is no text in a supported encoding.
    """
    for mark, kind in _NO_TEXT:
        if content.startswith(mark):
            raise UnreadableTable(f"the content is {kind}: write the table as CSV or XPORT")
    for mark, encoding in _WIDE_MARKS:
        if content.startswith(mark):
            return _checked(_decoded(content, encoding).encode(), encoding)
    if content.startswith(codecs.BOM_UTF8):
        return _checked(_valid_utf8(content[3:]), "UTF-8 with byte order mark")
    if content.isascii():
        return _checked(content, "UTF-8")
    try:
        return _checked(_valid_utf8(content), "UTF-8")
    except UnreadableTable:
        return _checked(_decoded(content, "cp1252").encode(), "Windows-1252")


def _valid_utf8(content: bytes) -> bytes:
    _decoded(content, "utf-8")
    return content


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableTable(
            f"the text is neither UTF-8, UTF-16 nor Windows-1252: {encoding} has no character for "
            f"the byte {content[error.start]:#04x} at offset {error.start}"
        ) from error


def _checked(utf8: bytes, encoding: str) -> RecognisedText:
    offset = utf8.find(b"\0")
    if offset >= 0:
        raise UnreadableTable(f"the text holds a NUL byte at offset {offset}: it is no table")
    return RecognisedText(utf8, encoding)
