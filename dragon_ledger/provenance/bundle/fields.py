"""Strict reading of a bundle: every member of its form, or an error that names the member."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NoReturn

from dragon_ledger.errors import ProofError

MAX_BUNDLE_BYTES = 1 << 26
"""No bundle is longer (64 MiB); a trace of 100 sites and 100 rounds takes about 3 MiB."""

MAX_TOKENS = 1 << 22
"""Brackets and commas together: what a parsed bundle takes of memory grows with them."""

MAX_DEPTH = 8
_BRACKETS = b"[]{}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))


def canonical(value: Any) -> bytes:
    """The only form of a JSON value here: RFC 8785, for texts in ASCII and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def read_json(data: bytes) -> Any:
    """The JSON value of a bundle, which must be in its only form.

    Raises:
        ProofError: too long, too deep, no JSON, or JSON in another form.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        raise ProofError(f"bundle: {len(data)} bytes, more than {MAX_BUNDLE_BYTES}")
    _check_structure(data)
    try:
        value = json.loads(data.decode("ascii"), parse_float=_no_number, parse_constant=_no_number)
    except ValueError as error:
        raise ProofError(f"bundle: no JSON in ASCII: {error}") from error
    if canonical(value) != data:
        raise ProofError(
            "bundle: not in canonical form (RFC 8785): spaces, order, escapes or a name twice"
        )
    return value


def _no_number(text: str) -> NoReturn:
    raise ProofError(f"bundle: {text[:20]} is no whole number")


def _check_structure(data: bytes) -> None:
    """Before parsing, so that nesting costs nothing; texts of a bundle hold no brackets."""
    brackets = data.translate(None, _OTHERS)
    if len(brackets) + data.count(b",") > MAX_TOKENS:
        raise ProofError(f"bundle: more than {MAX_TOKENS} brackets and commas")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ProofError(f"bundle: nested deeper than {MAX_DEPTH}")


def members(value: Any, where: str, names: frozenset[str]) -> dict[str, Any]:
    """An object with exactly these members.

    Raises:
        ProofError: it is none; the message names what is missing or unknown.
    """
    if not isinstance(value, dict):
        raise ProofError(f"{where}: expected an object, found {type(value).__name__}")
    if value.keys() != names:
        odd = ", ".join(sorted(value.keys() ^ names))
        raise ProofError(f"{where}: missing or unknown members: {odd:.200}")
    return value


def items(value: Any, where: str, least: int = 0, most: int | None = None) -> list[Any]:
    """A list of so many items.

    Raises:
        ProofError: it is none, or too short or long.
    """
    if not isinstance(value, list):
        raise ProofError(f"{where}: expected a list, found {type(value).__name__}")
    if len(value) < least or (most is not None and len(value) > most):
        raise ProofError(f"{where}: {len(value)} items, allowed are {least} to {most}")
    return value


def text(value: Any, where: str) -> str:
    """A text.

    Raises:
        ProofError: it is none.
    """
    if not isinstance(value, str):
        raise ProofError(f"{where}: expected a text, found {type(value).__name__}")
    return value


def number(value: Any, where: str, bits: int) -> int:
    """A whole number of at most so many bits.

    Raises:
        ProofError: it is none.
    """
    if type(value) is not int or value < 0 or value >> bits:
        raise ProofError(f"{where}: expected a whole number of at most {bits} bits")
    return value


def flag(value: Any, where: str) -> bool:
    """True or false.

    Raises:
        ProofError: it is neither.
    """
    if not isinstance(value, bool):
        raise ProofError(f"{where}: expected true or false, found {type(value).__name__}")
    return value


def raw(value: Any, where: str, length: int | None = None) -> bytes:
    """Bytes as lower-case hexadecimal digits, so many of them when a length is given.

    Raises:
        ProofError: it is no such text.
    """
    try:
        found = bytes.fromhex(value)
    except (TypeError, ValueError) as error:
        raise ProofError(f"{where}: expected hexadecimal digits") from error
    if found.hex() != value:
        raise ProofError(f"{where}: expected lower-case hexadecimal digits and nothing else")
    if length is not None and len(found) != length:
        raise ProofError(f"{where}: expected {length} bytes, found {len(found)}")
    return found


def optional(value: Any, where: str, length: int) -> bytes | None:
    """Bytes as `raw` reads them, or null; never all zero, which null stands for.

    Raises:
        ProofError: it is neither.
    """
    if value is None:
        return None
    found = raw(value, where, length)
    if not any(found):
        raise ProofError(f"{where}: zero is written as null")
    return found


def ascending(values: Sequence[bytes], where: str) -> None:
    """Values that stand in ascending order, each once.

    Raises:
        ProofError: they do not.
    """
    if any(one >= other for one, other in pairwise(values)):
        raise ProofError(f"{where}: not in ascending order, or one of them twice")
