"""The manifest of a dataset version: every record of every subject, each under a salt of its own.

A record is a file (path, size, SHA-256) or a clinical row (domain, values). The records of one
subject are the leaves of one Merkle tree, ordered by leaf digest, so that a record's place says
nothing about the others. A manifest is handled subject by subject: 10 000 subjects with 400 files
each never have to be in memory together. Byte-exact in docs/spec/dataset-commitment.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dragon_ledger.digests.canonical_json import MAX_SAFE_INTEGER, JsonValue, canonical_json
from dragon_ledger.digests.documents import SALT_LENGTH, check_random
from dragon_ledger.errors import InputError

NO_SUBJECT = ""
"""The 'subject' under which records of nobody hang: the transfer's own tables, for instance."""

_DIGEST_LENGTH = 32

_FILE = b"dragon-ledger/dataset/1/file"
_ROW = b"dragon-ledger/dataset/1/row"
_INNER = b"dragon-ledger/dataset/1/records"
_SUBJECT = b"dragon-ledger/dataset/1/subject"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file: its path in the dataset ('/' between folders), its size in bytes, its SHA-256."""

    path: str
    size: int
    sha256: bytes

    def leaf(self, salt: bytes) -> bytes:
        """SHA-256(tag || salt || digest || size, 8 bytes big-endian || path in UTF-8)."""
        if len(self.sha256) != _DIGEST_LENGTH or not 0 <= self.size <= MAX_SAFE_INTEGER:
            raise InputError(f"record {self.path!r}: expected a SHA-256 and a size below 2**53")
        fixed = _FILE + salt + self.sha256 + self.size.to_bytes(8)
        return hashlib.sha256(fixed + self.path.encode("utf-8")).digest()


@dataclass(frozen=True, slots=True)
class ClinicalRow:
    """A row of a clinical domain (such as LB): variable names to values as they were received."""

    domain: str
    values: Mapping[str, JsonValue]

    def leaf(self, salt: bytes) -> bytes:
        """SHA-256(tag || salt || canonical JSON of [domain, values])."""
        return hashlib.sha256(_ROW + salt + canonical_json([self.domain, self.values])).digest()


Record: TypeAlias = FileRecord | ClinicalRow


@dataclass(frozen=True, slots=True)
class SaltedRecord:
    """A record and the 32 random bytes that hide it; destroying the salt erases the record."""

    record: Record
    salt: bytes

    def leaf(self) -> bytes:
        """The record's leaf in its subject's tree."""
        return self.record.leaf(self.salt)


@dataclass(frozen=True, slots=True)
class SubjectManifest:
    """All records of one subject in one dataset version, with the subject's own salt."""

    subject: str
    salt: bytes
    records: tuple[SaltedRecord, ...]

    def leaves(self) -> list[bytes]:
        """The leaves in the order of the tree, ascending."""
        return sorted(record.leaf() for record in self.records)

    def records_root(self) -> bytes:
        """Root over the leaves."""
        return merkle_levels(self.leaves())[-1][0]

    def digest(self) -> bytes:
        """What the subject tree holds at the subject's path; equal as long as nothing changed."""
        return subject_digest(self.salt, self.records_root())


def salt_subject(
    subject: str,
    records: Sequence[Record],
    random: bytes,
    previous: SubjectManifest | None = None,
) -> SubjectManifest:
    """The manifest of one subject; records that the previous version had keep their salts.

    Args:
        subject: identifier at the site (USUBJID), exactly as an auditor will ask for it.
        records: at least one. Equal records are kept, each under a salt of its own: that a row
            stands twice in a domain is for the quality check to say.
        random: fresh random bytes, `random_length(records)` of them; what is not needed is dropped.
        previous: the subject's manifest in the preceding version, if it had one.

    Raises:
        InputError: no record, another number of random bytes, another subject's manifest.
    """
    if not records:
        raise InputError(f"subject {subject!r}: has no record")
    if previous is not None and previous.subject != subject:
        raise InputError(f"subject {subject!r}: the previous manifest is of {previous.subject!r}")
    if len(random) != random_length(records):
        raise InputError(f"subject {subject!r}: expected {random_length(records)} random bytes")
    own, *fresh = (random[at : at + SALT_LENGTH] for at in range(0, len(random), SALT_LENGTH))
    check_random(own, f"salt of subject {subject!r}")
    known = _salts(previous)
    salted = (
        SaltedRecord(record, _kept_salt(known, record) or salt)
        for record, salt in zip(records, fresh, strict=True)
    )
    return SubjectManifest(subject, previous.salt if previous else own, tuple(salted))


def _salts(previous: SubjectManifest | None) -> dict[bytes, list[bytes]]:
    """The salts of each record; several where a record stands several times."""
    known: dict[bytes, list[bytes]] = {}
    for old in previous.records if previous else ():
        known.setdefault(_key(old.record), []).append(old.salt)
    return known


def _kept_salt(known: Mapping[bytes, list[bytes]], record: Record) -> bytes | None:
    salts = known.get(_key(record)) if known else None
    return salts.pop() if salts else None


def _key(record: Record) -> bytes:
    """Equal for equal records; never stored, since it hides nothing."""
    return record.leaf(bytes(SALT_LENGTH))


def random_length(records: Sequence[Record]) -> int:
    """How many random bytes `salt_subject` takes for these records."""
    return SALT_LENGTH * (len(records) + 1)


def subject_digest(salt: bytes, records_root: bytes) -> bytes:
    """SHA-256(tag || subject's salt || root of the records)."""
    return hashlib.sha256(_SUBJECT + salt + records_root).digest()


def merkle_levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """All levels of a Merkle tree, leaves first; the last node of an odd level moves up unchanged.

    The same shape as RFC 9162 section 2.1.1.
    """
    levels = [list(leaves)]
    while len(level := levels[-1]) > 1:
        above = [
            hashlib.sha256(_INNER + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        levels.append(above + level[len(above) * 2 :])
    return levels


def merkle_path(levels: Sequence[Sequence[bytes]], index: int) -> tuple[tuple[bool, bytes], ...]:
    """From a leaf to the root: at every step whether the sibling is on the left, and itself."""
    steps = []
    for level in levels[:-1]:
        if (sibling := index ^ 1) < len(level):
            steps.append((sibling < index, level[sibling]))
        index //= 2
    return tuple(steps)


def merkle_climb(leaf: bytes, steps: Iterable[tuple[bool, bytes]]) -> bytes:
    """The root that a leaf and its path lead to."""
    node = leaf
    for on_left, sibling in steps:
        pair = sibling + node if on_left else node + sibling
        node = hashlib.sha256(_INNER + pair).digest()
    return node
