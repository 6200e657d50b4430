"""What one path says, as the bytes of its leaf in the content tree."""

from __future__ import annotations

from dataclasses import dataclass

from dragon_ledger.digests.hdf5.encoding import sized, u8
from dragon_ledger.digests.hdf5.merkle import HASH_SIZE

GROUP, DATASET, DATATYPE, SOFT_LINK, ALIAS = 1, 2, 3, 4, 5


def group_entry(path: bytes, attributes: bytes) -> bytes:
    """A group: the root of its attributes."""
    return sized(path) + u8(GROUP) + attributes


def dataset_head(path: bytes, attributes: bytes, datatype: bytes, space: bytes) -> bytes:
    """A dataset, but for its last part: the root of its data."""
    return sized(path) + u8(DATASET) + attributes + sized(datatype) + sized(space)


def datatype_entry(path: bytes, attributes: bytes, datatype: bytes) -> bytes:
    """A committed datatype."""
    return sized(path) + u8(DATATYPE) + attributes + sized(datatype)


def soft_link_entry(path: bytes, target: bytes) -> bytes:
    """A soft link with the text of its target."""
    return sized(path) + u8(SOFT_LINK) + sized(target)


def alias_entry(path: bytes, target: bytes) -> bytes:
    """A further path to the object whose canonical path is `target`."""
    return sized(path) + u8(ALIAS) + sized(target)


def attribute_leaf(name: bytes, datatype: bytes, space: bytes, data: bytes) -> bytes:
    """An attribute with the root of its data."""
    return sized(name) + sized(datatype) + sized(space) + data


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry's parts; what its kind does not have is empty."""

    path: bytes
    kind: int
    attributes: bytes = b""
    datatype: bytes = b""
    space: bytes = b""
    data: bytes = b""
    target: bytes = b""


def parse_entry(raw: bytes) -> Entry:
    """Take an entry's bytes apart.

    Raises:
        ValueError: these are not the bytes of one entry.
    """
    cursor = _Cursor(raw)
    path, kind = cursor.sized(), cursor.take(1)[0]
    if kind in (SOFT_LINK, ALIAS):
        entry = Entry(path, kind, target=cursor.sized())
    elif kind in (GROUP, DATATYPE):
        attributes = cursor.take(HASH_SIZE)
        entry = Entry(path, kind, attributes, cursor.sized() if kind == DATATYPE else b"")
    elif kind == DATASET:
        attributes, datatype, space = cursor.take(HASH_SIZE), cursor.sized(), cursor.sized()
        entry = Entry(path, kind, attributes, datatype, space, cursor.take(HASH_SIZE))
    else:
        raise ValueError(f"entry of unknown kind {kind}")
    cursor.end()
    return entry


class _Cursor:
    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def take(self, count: int) -> bytes:
        part = self._raw[self._at : self._at + count]
        if len(part) != count:
            raise ValueError("entry ends too early")
        self._at += count
        return part

    def sized(self) -> bytes:
        return self.take(int.from_bytes(self.take(8), "little"))

    def end(self) -> None:
        if self._at != len(self._raw):
            raise ValueError("bytes after the end of the entry")
