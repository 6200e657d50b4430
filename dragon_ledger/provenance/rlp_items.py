"""Recursive Length Prefix (Yellow Paper, appendix B), read strictly and within bounds."""

from __future__ import annotations

from typing import TypeAlias

import rlp
from rlp.exceptions import DecodingError

from dragon_ledger.errors import ProofError

RlpItem: TypeAlias = "bytes | list[RlpItem]"

MAX_DEPTH = 8
"""Deepest nesting that is read; a header's extra data and a trie node need less."""


def decode_item(data: bytes, what: str, max_length: int) -> RlpItem:
    """Decode one item that fills `data`, in its only valid form.

    Raises:
        ProofError: longer than `max_length`, no RLP, not the shortest form, or trailing bytes.
    """
    if len(data) > max_length:
        raise ProofError(f"{what}: {len(data)} bytes, more than {max_length}")
    try:
        item: RlpItem = rlp.decode(data)
    except (DecodingError, RecursionError) as error:
        raise ProofError(f"{what}: no valid RLP: {error}") from error
    _require_shallow(item, what)
    return item


def _require_shallow(item: RlpItem, what: str) -> None:
    # The decoder's own bound is the interpreter's recursion limit, which other libraries raise.
    level = [item]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level if isinstance(outer, list) for inner in outer]
    if level:
        raise ProofError(f"{what}: no valid RLP: nested deeper than {MAX_DEPTH}")


def as_list(item: RlpItem, what: str) -> list[RlpItem]:
    """The item, which must be a list.

    Raises:
        ProofError: it is a byte string.
    """
    if not isinstance(item, list):
        raise ProofError(f"{what}: expected a list, found a byte string")
    return item


def as_bytes(item: RlpItem, what: str, length: int | None = None) -> bytes:
    """The item, which must be a byte string, of this length if one is given.

    Raises:
        ProofError: it is a list or has another length.
    """
    if not isinstance(item, bytes):
        raise ProofError(f"{what}: expected a byte string, found a list")
    if length is not None and len(item) != length:
        raise ProofError(f"{what}: expected {length} bytes, found {len(item)}")
    return item


def as_integer(item: RlpItem, what: str, max_length: int) -> int:
    """The item as an unsigned big-endian integer without leading zero bytes.

    Raises:
        ProofError: it is a list, longer than `max_length` bytes, or starts with a zero byte.
    """
    data = as_bytes(item, what)
    if len(data) > max_length or data[:1] == b"\x00":
        raise ProofError(f"{what}: no integer of at most {max_length} bytes in shortest form")
    return int.from_bytes(data)
