"""One byte string per JSON value: the JSON Canonicalization Scheme (RFC 8785).

Documents are bound on chain by the SHA-256 of their bytes, so equal content has to give equal bytes
in every implementation. Property names are sorted by UTF-16 code units, numbers are written as
ECMAScript writes them, nothing stands between the tokens, and the whole is UTF-8.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import TypeAlias

from dragon_ledger.errors import InputError

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 7493 section 2.2)."""

MAX_DEPTH = 100
"""Deepest nesting that is written or read."""

# A whole string, so that brackets in it do not count, or a bracket.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)

# ECMA-262 Number::toString: 10**-7 and 10**21 are the first that take an exponent.
_SMALLEST_FIXED = -6
_LARGEST_FIXED = 21


def canonical_json(value: JsonValue) -> bytes:
    """The RFC 8785 form of a value.

    Raises:
        InputError: the value holds NaN, an infinity, an integer beyond 2**53 - 1, a lone surrogate,
            a property name that is not text, a type that JSON has not, or too deep nesting.
    """
    parts: list[str] = []
    _write(value, parts, "$", 0)
    try:
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            "canonical JSON: text holds a lone surrogate, which UTF-8 has not"
        ) from error


def parse_canonical_json(data: bytes) -> JsonValue:
    """Read bytes that must be in RFC 8785 form, so that no two byte strings mean the same.

    Raises:
        InputError: not JSON, or JSON in another form (spaces, order, duplicates, escapes, numbers).
    """
    try:
        text = data.decode("utf-8")
        _require_shallow(text)
        value: JsonValue = json.loads(text, parse_int=_parse_integer)
    except ValueError as error:
        raise InputError(f"not JSON in UTF-8: {error}") from error
    if canonical_json(value) != data:
        raise InputError("JSON, but not in the canonical form of RFC 8785; canonicalise it first")
    return value


def _require_shallow(text: str) -> None:
    # Before parsing: the parser goes as deep as the text does, and where another library has raised
    # the interpreter's limit, it ends the process.
    depth = 0
    for token in _BRACKETS.finditer(text):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise InputError(f"canonical JSON: nested deeper than {MAX_DEPTH} levels")


def _parse_integer(digits: str) -> int | float:
    number = float(digits)
    return int(digits) if abs(number) <= MAX_SAFE_INTEGER else number


def _write(value: object, parts: list[str], where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"canonical JSON: nested deeper than {MAX_DEPTH} levels at {where}")
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is None or isinstance(value, bool):
        parts.append({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int | float):
        parts.append(_number(value, where))
    elif isinstance(value, Mapping):
        _write_object(value, parts, where, depth)
    elif isinstance(value, list | tuple):
        _write_array(value, parts, where, depth)
    else:
        raise InputError(f"canonical JSON: {where} is a {type(value).__name__}, which JSON has not")


def _write_object(value: Mapping[object, object], parts: list[str], where: str, depth: int) -> None:
    for name in value:
        if not isinstance(name, str):
            raise InputError(f"canonical JSON: {where} has the property name {name!r}, not text")
    separator = "{"
    for name in sorted((str(name) for name in value), key=_utf16):
        parts += (separator, encode_basestring(name), ":")
        _write(value[name], parts, f"{where}.{name}", depth + 1)
        separator = ","
    parts.append("}" if value else "{}")


def _write_array(
    value: list[object] | tuple[object, ...], parts: list[str], where: str, depth: int
) -> None:
    separator = "["
    for index, item in enumerate(value):
        parts.append(separator)
        _write(item, parts, f"{where}[{index}]", depth + 1)
        separator = ","
    parts.append("]" if value else "[]")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _number(value: float, where: str) -> str:
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise InputError(
                f"canonical JSON: {where} = {value} exceeds 2**53 - 1; write it as text"
            )
        return str(value)
    if not math.isfinite(value):
        raise InputError(f"canonical JSON: {where} is {value}, which JSON has not")
    return _ecmascript(value)


def _ecmascript(value: float) -> str:
    """ECMA-262 Number::toString; Python's repr has the same shortest digits in another layout."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return sign + _layout(digits.rstrip("0"), point)


def _layout(digits: str, point: int) -> str:
    """Lay out 0.digits x 10**point as ECMA-262 does."""
    if len(digits) <= point <= _LARGEST_FIXED:
        return digits + "0" * (point - len(digits))
    if 0 < point <= _LARGEST_FIXED:
        return f"{digits[:point]}.{digits[point:]}"
    if _SMALLEST_FIXED < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
