"""The dataset commitment: what a site puts on chain for a version, and how it makes the proofs."""

from __future__ import annotations

from dataclasses import dataclass

from dragon_ledger.digests.dataset_proof import (
    AbsenceProof,
    Opening,
    PresenceProof,
    RecordProof,
    commitment_digest,
)
from dragon_ledger.digests.documents import check_random
from dragon_ledger.digests.manifest import SubjectManifest, merkle_levels, merkle_path
from dragon_ledger.digests.pseudonym import PseudonymKey
from dragon_ledger.digests.subject_tree import Descent, SubjectTree
from dragon_ledger.errors import InputError


@dataclass(frozen=True, slots=True)
class CommittedDataset:
    """One dataset version as its site knows it.

    Attributes:
        tree: the subjects' digests.
        key: the site's pseudonym key; the same in every version.
        randomness: 32 random bytes, drawn for this version alone. Destroying them, wherever they
            were copied to, erases the version: the commitment then says nothing about anything.
    """

    tree: SubjectTree
    key: PseudonymKey
    randomness: bytes

    def __post_init__(self) -> None:
        """Refuse a commitment that would hide nothing."""
        check_random(self.randomness, "randomness of a dataset commitment")
        if next(self.tree.stems(), None) is None:
            raise InputError("dataset version: has no subject; there is nothing to register")

    def __repr__(self) -> str:
        return f"CommittedDataset({self.commitment().hex()})"

    def commitment(self) -> bytes:
        """The 32 bytes that go on chain."""
        return commitment_digest(self.tree.root(), self.key.public(), self.randomness)

    def prove_present(self, manifest: SubjectManifest) -> PresenceProof:
        """Show one auditor that a subject is in.

        Raises:
            InputError: the subject is not in this version, or its manifest is of another one.
        """
        descent = self._descend(manifest.subject)
        root = manifest.records_root()
        if descent.found is None:
            raise InputError(f"subject {manifest.subject!r}: is not in this dataset version")
        if descent.found != manifest.digest():
            raise InputError(f"subject {manifest.subject!r}: its manifest is of another version")
        opening = self._opening(manifest.subject)
        return PresenceProof(opening, descent.siblings, manifest.salt, root)

    def prove_absent(self, subject: str) -> AbsenceProof:
        """Show one auditor that a subject is not in.

        Raises:
            InputError: the subject is in this version.
        """
        descent = self._descend(subject)
        if descent.empty_salt is None:
            raise InputError(f"subject {subject!r}: is in this dataset version")
        return AbsenceProof(self._opening(subject), descent.siblings, descent.empty_salt)

    def prove_record(self, manifest: SubjectManifest, index: int) -> RecordProof:
        """Show one auditor one record of a subject: `manifest.records[index]`.

        Raises:
            InputError: as for `prove_present`.
        """
        presence = self.prove_present(manifest)
        leaves = manifest.leaves()
        salted = manifest.records[index]
        steps = merkle_path(merkle_levels(leaves), leaves.index(salted.leaf()))
        return RecordProof(presence, salted, steps)

    def _descend(self, subject: str) -> Descent:
        return self.tree.descend(self.key.path(subject))

    def _opening(self, subject: str) -> Opening:
        return Opening(self.key.public(), self.randomness, self.key.prove(subject))
