"""The primitives of the canonical encoding: integers are unsigned and little-endian."""

from __future__ import annotations

from collections.abc import Iterable


def u8(value: int) -> bytes:
    """One byte."""
    return value.to_bytes(1, "little")


def u64(value: int) -> bytes:
    """Eight bytes, little-endian."""
    return value.to_bytes(8, "little")


def sized(data: bytes) -> bytes:
    """The length as u64, then the bytes."""
    return u64(len(data)) + data


def listed(items: Iterable[bytes]) -> bytes:
    """The number of items as u64, then the items one after another."""
    collected = list(items)
    return u64(len(collected)) + b"".join(collected)
