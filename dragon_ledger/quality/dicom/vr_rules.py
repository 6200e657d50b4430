"""Value representation and value multiplicity (PS3.5 and PS3.6), with pydicom's validators."""

from __future__ import annotations

import re
from functools import cache

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.valuerep import TEXT_VR_DELIMS, VALIDATORS

DESCRIPTIVE_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
TEXT_VRS = DESCRIPTIVE_VRS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
_ONE_VALUE = frozenset({"LT", "ST", "UR", "UT"})
_WIDTH = {"AT": 4, "FD": 8, "FL": 4, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2, "SL": 4}
_WIDTH |= {"SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
_MULTIPLE = re.compile(r"^(\d+)(?:-(\d*)(n?))?$")


@cache
def label_of(tag: int) -> str:
    """How findings name an attribute: `(gggg,eeee) Keyword`."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {keyword_for_tag(tag)}".rstrip()


@cache
def dictionary_vrs(tag: int) -> tuple[str, ...]:
    """The value representations of the data dictionary; empty for an attribute it does not have."""
    try:
        return tuple(dictionary_VR(tag).split(" or "))
    except KeyError:
        return ()


def decode(vr: str, value: bytes, charset: str) -> str:
    """The text of a value without its padding.

    Raises:
        ValueError: the bytes are no text in the character set, or the set is not known.
    """
    if vr not in DESCRIPTIVE_VRS or value.isascii():
        return value.decode("ascii").rstrip(" \0")
    encodings = convert_encodings(charset.split("\\") if charset else "ISO_IR 6")
    if "iso8859" in encodings[0] and not charset:
        raise ValueError("bytes beyond ASCII without SpecificCharacterSet")
    text = decode_bytes(value, encodings, set(TEXT_VR_DELIMS))
    if "\ufffd" in text:
        raise ValueError("bytes that the character set does not have")
    return text.rstrip(" \0")


def values_of(vr: str, text: str) -> list[str]:
    """The single values of a text; empty for no value."""
    if not text:
        return []
    return [text] if vr in _ONE_VALUE else [value.strip(" \0") for value in text.split("\\")]


def problem_with(vr: str, value: str) -> str:
    """What is wrong with one value for its representation, without the value; empty for nothing."""
    validator = VALIDATORS.get(vr)
    if not value or validator is None:
        return ""
    valid, message = validator(vr, value)  # type: ignore[no-untyped-call]  # pydicom's, untyped
    return "" if valid else _without_value(message, vr)


def _without_value(message: str | None, vr: str) -> str:
    if message and "exceeds the maximum length" in message:
        return f"longer than {vr} allows"
    return f"no valid {vr}"


def length_fits(vr: str, length: int) -> bool:
    """Whether a binary value's length is a whole number of its units."""
    return length % _WIDTH.get(vr, 1) == 0


def multiplicity(vr: str, length: int, values: int) -> int:
    """How many values a binary or text value holds."""
    if vr in TEXT_VRS:
        return values
    return 1 if vr[0] == "O" or vr in {"SQ", "UN"} else length // _WIDTH.get(vr, max(length, 1))


@cache
def allowed_multiplicity(tag: int) -> tuple[int, int | None, int]:
    """Smallest and largest number of values (None: no limit) and the step, by the dictionary."""
    match = _MULTIPLE.match(dictionary_VM(tag))
    if match is None:
        return (1, None, 1)
    low, factor, open_ended = int(match[1]), match[2], match[3]
    if open_ended:
        return (low, None, int(factor or 1) if factor else 1)
    return (low, int(factor) if factor else low, 1)


def multiplicity_allowed(tag: int, count: int) -> bool:
    """Whether an attribute may have so many values (none is a matter of its type)."""
    low, high, step = allowed_multiplicity(tag)
    return count == 0 or (
        count >= low and (high is None or count <= high) and (count - low) % step == 0
    )
