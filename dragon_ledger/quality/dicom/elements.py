"""Reads the elements of a DICOM file from its bytes, without building data sets (pydicom only).

`pydicom.util.leanread` reads what it can, in a fifth of the time; what it cannot (elements of
undefined length) is read by pydicom's ordinary reader. Every failure becomes `Unreadable`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from itertools import islice
from typing import NamedTuple

from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import data_element_generator
from pydicom.sequence import Sequence
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian
from pydicom.util import leanread
from pydicom.valuerep import VR
from pydicom.values import convert_SQ

from dragon_ledger.quality.dicom.vr_rules import dictionary_vrs, label_of

PIXEL_DATA = 0x7FE00010
UNDEFINED_LENGTH = 0xFFFFFFFF
PREAMBLE = 128
BEHIND_PIXELS = frozenset({0xFFFCFFFC, 0xFFFAFFFA})  # padding and digital signatures
MOST_ELEMENTS = 20_000
MOST_NESTED = 200_000
MOST_INFLATED = 64 << 20
MOST_SEQUENCE_BYTES = 16 << 20
_DEFERRED = 65_536  # longer values are not copied
_MOST_DEPTH = 16
_ABSENT = b""
_META_GROUP = 2
_VRS = {str(vr).encode("ascii"): str(vr) for vr in VR if len(vr) == 2}  # noqa: PLR2004

# What pydicom 3.0 raises on damaged files, gathered with scripts/bench/hostile_dicom.py.
PARSER_ERRORS = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class Unreadable(Exception):
    """The bytes are no DICOM file that can be read; the text says why, without any value."""


class Element(NamedTuple):
    """One element: `vr` as written (None in implicit VR), `value` None when long or a sequence.

    A tuple, because each file has about a hundred of them.
    """

    tag: int
    vr: str | None
    length: int
    value: bytes | None
    start: int


@dataclass(slots=True)
class ParsedFile:
    """A file's elements. Offsets count from the start of `data`, which holds the data set."""

    transfer_syntax: str
    implicit: bool
    little_endian: bool
    encapsulated: bool
    meta: dict[int, bytes]
    data: memoryview
    elements: list[Element] = field(default_factory=list)
    nested: list[Element] = field(default_factory=list)
    pixels: Element | None = None
    end: int = 0
    truncated: str = ""


def parse(content: bytes) -> ParsedFile:
    """Read a DICOM file (PS3.10) from its bytes.

    Raises:
        Unreadable: it is none, or its structure is broken.
    """
    if content[PREAMBLE : PREAMBLE + 4] != b"DICM":
        raise Unreadable("no DICOM file: the prefix DICM is missing at byte 128")
    try:
        return _parse(content)
    except PARSER_ERRORS as error:
        raise Unreadable(f"the elements cannot be read ({type(error).__name__})") from error


def _parse(content: bytes) -> ParsedFile:
    stream = BytesIO(content)
    stream.seek(PREAMBLE + 4)
    meta = _read_meta(stream)
    name = meta.get(0x00020010, _ABSENT).strip(b" \0").decode("ascii")
    if not name:
        raise Unreadable("TransferSyntaxUID (0002,0010) is missing in the file meta information")
    data, offset = content, stream.tell()
    if name == DeflatedExplicitVRLittleEndian:
        data, offset = _inflate(content[offset:]), 0
    implicit, little_endian, encapsulated = _encoding(name)
    parsed = ParsedFile(
        name, implicit, little_endian, encapsulated, meta=meta, data=memoryview(data)
    )
    _read_elements(parsed, data, offset)
    return parsed


@lru_cache(maxsize=64)
def _encoding(name: str) -> tuple[bool, bool, bool]:
    """Implicit VR, little endian, encapsulated; an unknown syntax reads as Explicit VR LE."""
    syntax = UID(name)
    if syntax.is_private or not syntax.is_transfer_syntax:
        return (False, True, False)
    return (syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_encapsulated)


def _read_meta(stream: BytesIO) -> dict[int, bytes]:
    elements = leanread.data_element_generator(
        stream,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda group, _: group != _META_GROUP,
    )
    return {tag[0] << 16 | tag[1]: value or _ABSENT for tag, _, _, value, _ in elements}


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflater.decompress(packed, MOST_INFLATED)
    if inflater.unconsumed_tail:
        raise Unreadable(f"the deflated data set is larger than {MOST_INFLATED >> 20} MiB")
    return data


def _read_elements(parsed: ParsedFile, data: bytes, offset: int) -> None:
    try:
        complete = _read_lean(parsed, data, offset)
    except NotImplementedError:  # an element of undefined length that is no sequence
        complete = False
    if not complete:
        parsed.elements.clear()
        parsed.pixels = None
        _read_with_pydicom(parsed, data, offset)


def _read_lean(parsed: ParsedFile, data: bytes, offset: int) -> bool:
    stream = BytesIO(data)
    stream.seek(offset)
    elements = leanread.data_element_generator(
        stream, parsed.implicit, parsed.little_endian, _stop_when(parsed), defer_size=_DEFERRED
    )
    append = parsed.elements.append
    pixels = None
    for (group, number), vr, length, value, start in islice(elements, MOST_ELEMENTS + 1):
        tag = group << 16 | number
        if pixels is not None and tag not in BEHIND_PIXELS:
            break  # bytes behind the data set that happen to read as an element
        name = None if vr is None else _VRS.get(vr)
        if length == UNDEFINED_LENGTH or (vr is not None and name is None):
            return False
        element = Element(tag, name, length, value, start)
        append(element)
        if tag == PIXEL_DATA:
            pixels = element
    parsed.pixels = pixels
    _find_end(parsed, offset, len(data))
    if parsed.encapsulated:
        _read_with_pydicom(parsed, data, stream.tell())
    return True


def _find_end(parsed: ParsedFile, offset: int, size: int) -> None:
    if len(parsed.elements) > MOST_ELEMENTS:
        raise Unreadable(f"more than {MOST_ELEMENTS} elements")
    last = parsed.elements[-1] if parsed.elements else None
    parsed.end = last.start + last.length if last else offset
    if last is not None and parsed.end > size:
        parsed.truncated = label_of(last.tag)
        parsed.end = size


def _stop_when(parsed: ParsedFile) -> Callable[[int, int], bool] | None:
    if not parsed.encapsulated:
        return None
    return lambda group, number: group << 16 | number == PIXEL_DATA


def _read_with_pydicom(parsed: ParsedFile, data: bytes, offset: int) -> None:
    stream = BytesIO(data)
    stream.seek(offset)
    size = len(data)
    for raw in data_element_generator(stream, parsed.implicit, parsed.little_endian):
        element = _element_of(raw, parsed)
        if parsed.pixels is not None and element.tag not in BEHIND_PIXELS:
            break
        parsed.elements.append(element)
        if element.tag == PIXEL_DATA:
            parsed.pixels = element
        parsed.end = stream.tell()
        if element.length != UNDEFINED_LENGTH and element.start + element.length > size:
            parsed.truncated = label_of(element.tag)
        if len(parsed.elements) > MOST_ELEMENTS:
            raise Unreadable(f"more than {MOST_ELEMENTS} elements")


def _element_of(raw: RawDataElement | DataElement, parsed: ParsedFile) -> Element:
    tag = int(raw.tag)
    if isinstance(raw, RawDataElement):
        vr = None if raw.is_implicit_VR or raw.VR is None else str(raw.VR)
        return Element(tag, vr, raw.length, raw.value or _ABSENT, raw.value_tell)
    if isinstance(raw.value, Sequence):
        _flatten(raw.value, parsed, 0)
    return Element(tag, "SQ", UNDEFINED_LENGTH, None, int(raw.file_tell or 0))


def read_nested(parsed: ParsedFile, element: Element, charset: str) -> None:
    """Add the elements inside a sequence of defined length to `parsed.nested`.

    Raises:
        Unreadable: the items cannot be read.
    """
    if element.length == UNDEFINED_LENGTH or not element.length:
        return
    if element.length > MOST_SEQUENCE_BYTES:
        raise Unreadable(f"a sequence is longer than {MOST_SEQUENCE_BYTES >> 20} MiB")
    data = bytes(parsed.data[element.start : element.start + element.length])
    try:
        encodings = convert_encodings(charset or "ISO_IR 6")
        items = convert_SQ(data, parsed.implicit, parsed.little_endian, encodings)
        _flatten(items, parsed, 0)
    except PARSER_ERRORS as error:
        raise Unreadable(f"a sequence cannot be read ({type(error).__name__})") from error


def _flatten(items: Iterable[Dataset], parsed: ParsedFile, depth: int) -> None:
    if depth > _MOST_DEPTH:
        raise Unreadable(f"sequences nested deeper than {_MOST_DEPTH}")
    for item in items:
        for tag in item.keys():  # noqa: SIM118 (iterating a Dataset would convert its elements)
            _flatten_one(item.get_item(tag), parsed, depth)


def _flatten_one(raw: object, parsed: ParsedFile, depth: int) -> None:
    if len(parsed.nested) > MOST_NESTED:
        raise Unreadable(f"more than {MOST_NESTED} elements in sequences")
    if isinstance(raw, RawDataElement):
        vr = None if raw.is_implicit_VR or raw.VR is None else str(raw.VR)
        value = raw.value or _ABSENT
        parsed.nested.append(Element(int(raw.tag), vr, raw.length, value, 0))
        if value and "SQ" in (vr, *dictionary_vrs(int(raw.tag))):
            items = convert_SQ(value, parsed.implicit, parsed.little_endian, None)
            _flatten(items, parsed, depth + 1)
    elif isinstance(raw, DataElement) and isinstance(raw.value, Sequence):
        parsed.nested.append(Element(int(raw.tag), "SQ", UNDEFINED_LENGTH, None, 0))
        _flatten(raw.value, parsed, depth + 1)
