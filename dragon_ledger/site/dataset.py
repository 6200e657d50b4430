"""From a transfer's records to a committed dataset version; what did not change is reused.

A subject whose records are those of the preceding version keeps its manifest, its salts and its
place in the tree, without being read or hashed again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dragon_ledger.digests.canonical_json import canonical_json
from dragon_ledger.digests.commitment import CommittedDataset
from dragon_ledger.digests.dataset_json import read_manifest, write_manifest
from dragon_ledger.digests.manifest import (
    NO_SUBJECT,
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
from dragon_ledger.site.store import UnusableTransfer
from dragon_ledger.site.vault import Vault


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that is not stored yet: its commitment, members, and manifests that are new."""

    dataset: CommittedDataset
    members: tuple[Member, ...]
    manifests: Mapping[bytes, bytes]


@dataclass(slots=True)
class _Draft:
    """A version in the making; `before` are members of the previous one not looked at yet."""

    before: dict[bytes, Member]
    members: list[Member] = field(default_factory=list)
    manifests: dict[bytes, bytes] = field(default_factory=dict)
    changes: dict[bytes, bytes | None] = field(default_factory=dict)

    def leave_the_others(self, *, stay: bool) -> None:
        """Take over, or remove, everybody whom the transfer did not touch."""
        if stay:
            self.members += self.before.values()
        else:
            self.changes.update((gone.path, None) for gone in self.before.values())


class DatasetBuilder:
    """Makes versions for one site; holds its keys."""

    def __init__(self, database: RecordsDatabase, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._key = PseudonymKey(database.secret("pseudonym key", _scalar()))
        self._empty_key = database.secret("key of the empty nodes", secrets.token_bytes(32))

    def build(
        self,
        records: Mapping[str, Sequence[Record]],
        previous: PreviousDataset | None,
        *,
        adds: bool = False,
        withdrawn: frozenset[str] = frozenset(),
    ) -> NewVersion:
        """The version that holds these records, by subject.

        With `adds` they come on top of the previous version: a file replaces one of the same path,
        files at `withdrawn` paths (PatientUID first) go, and everybody else stays as they are.
        Otherwise the version holds exactly these.

        Raises:
            UnusableTransfer: there is no subject.
        """
        draft = _Draft(self._database.members(previous.version) if previous else {})
        touched = set(records)
        if adds:
            touched |= {path.partition("/")[0] for path in withdrawn}
        for subject in sorted(touched):
            self._put(draft, subject, records.get(subject, ()), withdrawn if adds else None)
        draft.leave_the_others(stay=adds)
        if not set(records) - {NO_SUBJECT} and not (adds and previous):
            raise UnusableTransfer("holds no subject: no image lies in the folder structure")
        tree = previous.tree(self._empty_key) if previous else SubjectTree(self._empty_key)
        dataset = CommittedDataset(tree.update(draft.changes), self._key, secrets.token_bytes(32))
        return NewVersion(dataset, tuple(draft.members), draft.manifests)

    def _put(
        self,
        draft: _Draft,
        subject: str,
        own: Sequence[Record],
        withdrawn: frozenset[str] | None,
    ) -> None:
        """Add one subject to a draft; `withdrawn` is None when `own` is all there is of it."""
        tag = self._vault.tag(subject, "subject")
        known = draft.before.pop(tag, None)
        old = read_manifest(self._database.manifest(known.manifest)) if known else None
        records = own if withdrawn is None else _merged(old, own, withdrawn)
        if not records:
            if known:
                draft.changes[known.path] = None
            return
        content = self._content(records)
        if known is not None and known.content == content:
            draft.members.append(known)
            return
        manifest = salt_subject(subject, records, secrets.token_bytes(random_length(records)), old)
        path = known.path if known else self._key.path(subject)
        digest = manifest.digest()
        draft.changes[path] = digest
        draft.manifests[digest] = write_manifest(manifest)
        draft.members.append(Member(tag, digest, content, path))

    def reopen(self, stems: bytes, randomness: bytes) -> CommittedDataset:
        """A version of before, to prove things about it."""
        tree = SubjectTree.from_stems(self._empty_key, read_stems(stems))
        return CommittedDataset(tree, self._key, randomness)

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


def _merged(
    old: SubjectManifest | None, own: Sequence[Record], withdrawn: frozenset[str]
) -> list[Record]:
    """A subject's records after an incremental transfer; a row that comes again is the same row."""
    coming = {record.path for record in own if isinstance(record, FileRecord)} | withdrawn
    stay = [
        salted.record
        for salted in (old.records if old else ())
        if not (isinstance(salted.record, FileRecord) and salted.record.path in coming)
    ]
    present = {_identity(record) for record in stay}
    return [*stay, *(record for record in own if _identity(record) not in present)]


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
