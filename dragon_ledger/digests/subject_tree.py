"""A sparse Merkle tree of depth 256 over the subjects of a dataset version.

A subject's digest hangs at depth 256 on the subject's path. Where nobody is, the highest empty node
is SHA-256(tag || salt), its salt derived from a secret key and the node's place: an observer cannot
tell an empty node from a full one, and one empty node can be opened without opening another. Trees
are values: `update` returns a new one that shares what did not change. Byte-exact in
docs/spec/dataset-commitment.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from dragon_ledger.digests.documents import check_random
from dragon_ledger.errors import InputError

DEPTH = 256

_INNER = b"dragon-ledger/dataset/1/node"
_EMPTY = b"dragon-ledger/dataset/1/empty"


@dataclass(frozen=True, slots=True)
class Stem:
    """A subject and the chain of nodes that leads to it alone.

    `path` and `digest` are what the tree was given; `node` is the digest of the node at `depth`,
    below which there is nobody else. Stored with its subject, it spares 256 - depth hashes at the
    next start.
    """

    path: bytes
    digest: bytes
    depth: int
    node: bytes


@dataclass(frozen=True, slots=True)
class _Branch:
    left: _Node
    right: _Node
    node: bytes


_Node: TypeAlias = "_Branch | Stem | None"


@dataclass(frozen=True, slots=True)
class Descent:
    """The way from the root towards a path.

    `siblings[i]` is the node beside the path at depth i + 1. Exactly one of the others is set:
    `found`, the digest at depth 256 (then there are 256 siblings), or `empty_salt`, the salt of the
    empty node in which the way ends at depth len(siblings).
    """

    siblings: tuple[bytes, ...]
    found: bytes | None
    empty_salt: bytes | None


def inner_digest(left: bytes, right: bytes) -> bytes:
    """SHA-256(tag || left || right)."""
    return hashlib.sha256(_INNER + left + right).digest()


def empty_digest(salt: bytes) -> bytes:
    """SHA-256(tag || salt)."""
    return hashlib.sha256(_EMPTY + salt).digest()


def climb(node: bytes, path: bytes, siblings: Sequence[bytes]) -> bytes:
    """The root, from the node at depth len(siblings) on a path and its siblings, topmost first."""
    bits = int.from_bytes(path)
    for depth in range(len(siblings), 0, -1):
        sibling = siblings[depth - 1]
        node = inner_digest(sibling, node) if _right(bits, depth) else inner_digest(node, sibling)
    return node


@dataclass(frozen=True, slots=True)
class SubjectTree:
    """Subjects by path. Empty nodes get their salts from `empty_key`, a secret of 32 bytes."""

    empty_key: bytes
    _root: _Node = None

    def __post_init__(self) -> None:
        """Refuse a key that was never drawn: empty nodes would be recognisable."""
        check_random(self.empty_key, "key of the empty nodes")

    def __repr__(self) -> str:
        return "SubjectTree(empty_key=<hidden>)"

    @classmethod
    def from_stems(cls, empty_key: bytes, stems: Iterable[Stem]) -> SubjectTree:
        """The tree of stored stems, with about one hash for every subject.

        Raises:
            InputError: two stems have the same path.
        """
        ordered = _by_path(stems)
        if any(first.path == second.path for first, second in pairwise(ordered)):
            raise InputError("subject tree: two stored stems have the same path")
        return cls(empty_key, cls(empty_key)._grow(ordered, 0))

    def root(self) -> bytes:
        """Digest of the node at depth 0."""
        return self._node(self._root, 0, 0)

    def stems(self) -> Iterator[Stem]:
        """Every subject, by path."""
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, _Branch):
                waiting += (node.right, node.left)
            elif node is not None:
                yield node

    def update(self, changes: Mapping[bytes, bytes | None]) -> SubjectTree:
        """The tree with some subjects added, replaced, or (None) removed.

        Time is proportional to the number of changes times the depth.

        Raises:
            InputError: a path is not 32 bytes long, or a subject to be removed is not there.
        """
        for path in changes:
            if len(path) * 8 != DEPTH:
                raise InputError(f"path {path.hex()}: expected 32 bytes")
        ordered = sorted((int.from_bytes(path), digest) for path, digest in changes.items())
        return SubjectTree(self.empty_key, self._merge(self._root, 0, ordered))

    def descend(self, path: bytes) -> Descent:
        """Follow a path as far as anybody is near it."""
        bits, siblings = int.from_bytes(path), list[bytes]()
        node, depth = self._root, 0
        while isinstance(node, _Branch):
            depth += 1
            right = _right(bits, depth)
            node, beside = (node.right, node.left) if right else (node.left, node.right)
            siblings.append(self._node(beside, depth, _prefix(bits, depth) ^ 1))
        if node is not None:
            siblings += self._beside(node, bits, depth)
            depth = len(siblings)
            if node.path == path:
                return Descent(tuple(siblings), node.digest, None)
        return Descent(tuple(siblings), None, self._salt(depth, _prefix(bits, depth)))

    def _beside(self, stem: Stem, bits: int, depth: int) -> Iterator[bytes]:
        """The siblings below a stem's top, until the path leaves the stem or reaches its leaf."""
        shared = DEPTH - (bits ^ int.from_bytes(stem.path)).bit_length()
        for below in range(depth + 1, shared + 1):
            yield empty_digest(self._salt(below, _prefix(bits, below) ^ 1))
        if shared < DEPTH:
            yield self._lift(stem, shared + 1).node

    def _merge(self, node: _Node, depth: int, changes: list[tuple[int, bytes | None]]) -> _Node:
        if not changes:
            return node
        if isinstance(node, _Branch):
            left = [change for change in changes if not _right(change[0], depth + 1)]
            right = changes[len(left) :]
            return self._join(
                self._merge(node.left, depth + 1, left),
                self._merge(node.right, depth + 1, right),
                depth,
                changes[0][0],
            )
        stems = {int.from_bytes(node.path): node} if node else {}
        for bits, digest in changes:
            if digest is not None:
                stems[bits] = Stem(bits.to_bytes(32), digest, DEPTH, digest)
            elif stems.pop(bits, None) is None:
                raise InputError(
                    f"subject at {bits:064x}: not in the tree, so it cannot be removed"
                )
        return self._grow(_by_path(stems.values()), depth)

    def _grow(self, stems: list[Stem], depth: int) -> _Node:
        """The node at `depth` over stems that share their first `depth` bits."""
        if len(stems) < 2:  # noqa: PLR2004 (nobody, or somebody alone)
            return self._lift(stems[0], depth) if stems else None
        bits = int.from_bytes(stems[0].path)
        left = [stem for stem in stems if not _right(int.from_bytes(stem.path), depth + 1)]
        right = stems[len(left) :]
        return self._join(self._grow(left, depth + 1), self._grow(right, depth + 1), depth, bits)

    def _join(self, left: _Node, right: _Node, depth: int, bits: int) -> _Node:
        """The node at `depth` on the path `bits`, given its children."""
        if left is None or right is None:
            only = left or right
            if not isinstance(only, _Branch):
                return only and self._lift(only, depth)
        below = _prefix(bits, depth) << 1
        node = inner_digest(
            self._node(left, depth + 1, below), self._node(right, depth + 1, below | 1)
        )
        return _Branch(left, right, node)

    def _lift(self, stem: Stem, depth: int) -> Stem:
        """The same subject's stem at another depth: upwards from where it is, or from its leaf."""
        node, start = (stem.node, stem.depth) if stem.depth >= depth else (stem.digest, DEPTH)
        bits = int.from_bytes(stem.path)
        for below in range(start, depth, -1):
            prefix = _prefix(bits, below)
            beside = empty_digest(self._salt(below, prefix ^ 1))
            node = inner_digest(beside, node) if prefix & 1 else inner_digest(node, beside)
        return Stem(stem.path, stem.digest, depth, node)

    def _node(self, node: _Node, depth: int, prefix: int) -> bytes:
        return empty_digest(self._salt(depth, prefix)) if node is None else node.node

    def _salt(self, depth: int, prefix: int) -> bytes:
        """HMAC-SHA256(empty_key, depth in 2 bytes || prefix, padded with zero bits to 32 bytes)."""
        place = depth.to_bytes(2) + (prefix << (DEPTH - depth)).to_bytes(32)
        return hmac.digest(self.empty_key, place, "sha256")


def _by_path(stems: Iterable[Stem]) -> list[Stem]:
    return sorted(stems, key=lambda stem: stem.path)


def _prefix(bits: int, depth: int) -> int:
    return bits >> (DEPTH - depth)


def _right(bits: int, depth: int) -> bool:
    """Whether the node at `depth` on the path is its parent's right child."""
    return bool(_prefix(bits, depth) & 1)
