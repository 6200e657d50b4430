"""Merkle tree hash over SHA-256 as RFC 9162 section 2.1 defines it, on lists of leaf hashes.

Leaf hashes travel as one run of bytes, 32 for each leaf, so that a million leaves cost 32 MB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_SIZE = 32
BLOCK = 2**20
"""Bytes of one leaf of a data tree; part of the method's definition."""

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(data: bytes | bytearray | memoryview) -> bytes:
    """Return SHA-256(0x00 || data)."""
    running = hashlib.sha256(_LEAF)
    running.update(data)
    return running.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(_NODE + left + right).digest()


def root_hash(leaves: bytes | bytearray) -> bytes:
    """Return the tree's root; of no leaf, the SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    level = bytes(leaves)
    while len(level) > HASH_SIZE:
        level = _next_level(level)
    return level


def block_hashes(data: bytes | memoryview) -> bytes:
    """Return the leaf hashes of data cut into blocks; the last one may be shorter."""
    view = memoryview(data)
    return b"".join(leaf_hash(view[at : at + BLOCK]) for at in range(0, len(view), BLOCK))


def data_root(data: bytes | memoryview) -> bytes:
    """Return the root of the tree over one value's canonical bytes."""
    return root_hash(block_hashes(data))


def inclusion_path(leaves: bytes | bytearray, index: int) -> tuple[bytes, ...]:
    """Return the siblings that lead from leaf `index` to the root, nearest first."""
    level, siblings = bytes(leaves), []
    while len(level) > HASH_SIZE:
        sibling = (index ^ 1) * HASH_SIZE
        if sibling < len(level):
            siblings.append(level[sibling : sibling + HASH_SIZE])
        level, index = _next_level(level), index // 2
    return tuple(siblings)


def root_from_path(leaf: bytes, index: int, count: int, siblings: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its siblings give (RFC 9162 section 2.1.3.2).

    Returns None when `siblings` has not the length that leaf `index` of `count` leaves has.
    """
    if not 0 <= index < count:
        return None
    last, current, rest = count - 1, leaf, list(siblings)
    while last:
        if index % 2 or index < last:
            if not rest:
                return None
            sibling = rest.pop(0)
            current = node_hash(sibling, current) if index % 2 else node_hash(current, sibling)
        index, last = index // 2, last // 2
    return None if rest else current


def _next_level(level: bytes) -> bytes:
    whole = len(level) // (2 * HASH_SIZE) * 2 * HASH_SIZE
    pairs = (
        node_hash(level[at : at + HASH_SIZE], level[at + HASH_SIZE : at + 2 * HASH_SIZE])
        for at in range(0, whole, 2 * HASH_SIZE)
    )
    return b"".join(pairs) + level[whole:]
