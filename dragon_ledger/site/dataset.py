"""From a transfer's records to a committed dataset version; what did not change is reused.

A subject whose records are those of the preceding version keeps its manifest, its salts and its
place in the tree, without being read or hashed again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dragon_ledger.digests.canonical_json import canonical_json
from dragon_ledger.digests.commitment import CommittedDataset
from dragon_ledger.digests.dataset_json import read_manifest, write_manifest
from dragon_ledger.digests.manifest import (
    FileRecord,
    Record,
    SubjectManifest,
    random_length,
    salt_subject,
)
from dragon_ledger.digests.pseudonym import PseudonymKey
from dragon_ledger.digests.subject_tree import Stem, SubjectTree
from dragon_ledger.errors import StorageError
from dragon_ledger.site.records_database import Member, RecordsDatabase
from dragon_ledger.site.vault import Vault


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that is not stored yet: its commitment, members, and manifests that are new."""

    dataset: CommittedDataset
    members: tuple[Member, ...]
    manifests: Mapping[bytes, bytes]


class DatasetBuilder:
    """Makes versions for one site; holds its keys."""

    def __init__(self, database: RecordsDatabase, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._key = PseudonymKey(database.secret("pseudonym key", _scalar()))
        self._empty_key = database.secret("key of the empty nodes", secrets.token_bytes(32))

    def build(
        self, records: Mapping[str, Sequence[Record]], previous: PreviousDataset | None
    ) -> NewVersion:
        """The version that holds exactly these records, by subject.

        Raises:
            InputError: there is no subject.
        """
        before = self._database.members(previous.version) if previous else {}
        members: list[Member] = []
        manifests: dict[bytes, bytes] = {}
        changes: dict[bytes, bytes | None] = {}
        for subject, own in records.items():
            tag = self._vault.tag(subject, "subject")
            known = before.pop(tag, None)
            content = self._content(own)
            if known is not None and known.content == content:
                members.append(known)
                continue
            manifest = self._manifest(subject, own, known)
            path = known.path if known else self._key.path(subject)
            changes[path] = manifest.digest()
            manifests[manifest.digest()] = write_manifest(manifest)
            members.append(Member(tag, manifest.digest(), content, path))
        changes.update((gone.path, None) for gone in before.values())
        tree = previous.tree(self._empty_key) if previous else SubjectTree(self._empty_key)
        dataset = CommittedDataset(tree.update(changes), self._key, secrets.token_bytes(32))
        return NewVersion(dataset, tuple(members), manifests)

    def reopen(self, stems: bytes, randomness: bytes) -> CommittedDataset:
        """A version of before, to prove things about it."""
        tree = SubjectTree.from_stems(self._empty_key, read_stems(stems))
        return CommittedDataset(tree, self._key, randomness)

    def _manifest(
        self, subject: str, records: Sequence[Record], known: Member | None
    ) -> SubjectManifest:
        previous = read_manifest(self._database.manifest(known.manifest)) if known else None
        random = secrets.token_bytes(random_length(records))
        return salt_subject(subject, records, random, previous)

    def _content(self, records: Sequence[Record]) -> bytes:
        return self._vault.tag(
            "\n".join(sorted(_identity(record) for record in records)), "records"
        )


@dataclass(frozen=True, slots=True)
class PreviousDataset:
    """The preceding version: its id and the stems of its tree."""

    version: bytes
    stems: bytes

    def tree(self, empty_key: bytes) -> SubjectTree:
        """Its tree."""
        return SubjectTree.from_stems(empty_key, read_stems(self.stems))


def write_stems(tree: SubjectTree) -> bytes:
    """The stems of a tree, as the store keeps them."""
    return canonical_json(
        [[stem.path.hex(), stem.digest.hex(), stem.depth, stem.node.hex()] for stem in tree.stems()]
    )


def read_stems(data: bytes) -> list[Stem]:
    """Read what `write_stems` wrote.

    Raises:
        StorageError: the bytes are something else.
    """
    try:
        return [
            Stem(bytes.fromhex(path), bytes.fromhex(digest), depth, bytes.fromhex(node))
            for path, digest, depth, node in json.loads(data)
        ]
    except (TypeError, ValueError) as error:
        raise StorageError(f"stored tree of a dataset version is damaged: {error}") from error


def _identity(record: Record) -> str:
    if isinstance(record, FileRecord):
        return f"{record.path}\0{record.size}\0{record.sha256.hex()}"
    return canonical_json([record.domain, record.values]).decode()


def _scalar() -> bytes:
    # Below the order of secp256k1, which begins with 31 one bits.
    return b"\x00" + secrets.token_bytes(31)
