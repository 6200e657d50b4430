"""Proofs about a dataset commitment, each for one subject and one auditor: in, not in, one record.

A proof opens the commitment to the tree's root and the site's public pseudonym key, shows which
path the subject has under that key, and climbs from what hangs there to the root. Since the
commitment binds root and key, and the key gives every subject one path, no site can prove both 'in'
and 'not in'. What stays unprovable is listed in docs/spec/dataset-commitment.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dragon_ledger.digests.manifest import Record, SaltedRecord, merkle_climb, subject_digest
from dragon_ledger.digests.pseudonym import PUBLIC_KEY_LENGTH, verify_path
from dragon_ledger.digests.subject_tree import DEPTH, climb, empty_digest
from dragon_ledger.errors import ProofError

MAX_RECORD_STEPS = 64

_COMMITMENT = b"dragon-ledger/dataset/1/commitment"
_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Opening:
    """Links a proof to the chain: the site's public key, the version's randomness, the path."""

    public_key: bytes
    randomness: bytes
    path_proof: bytes


@dataclass(frozen=True, slots=True)
class PresenceProof:
    """This subject is in: 256 siblings, topmost first, and the opening of the subject's digest."""

    opening: Opening
    siblings: tuple[bytes, ...]
    salt: bytes
    records_root: bytes


@dataclass(frozen=True, slots=True)
class AbsenceProof:
    """This subject is not in: siblings down to an empty node on its path, and the node's salt."""

    opening: Opening
    siblings: tuple[bytes, ...]
    empty_salt: bytes


@dataclass(frozen=True, slots=True)
class RecordProof:
    """This record belongs to this subject: its steps say whether the sibling is on the left."""

    presence: PresenceProof
    record: SaltedRecord
    steps: tuple[tuple[bool, bytes], ...]


def commitment_digest(root: bytes, public_key: bytes, randomness: bytes) -> bytes:
    """SHA-256(tag || root || public key || randomness): the 32 bytes that go on chain."""
    return hashlib.sha256(_COMMITMENT + root + public_key + randomness).digest()


def verify_present(commitment: bytes, subject: str, proof: PresenceProof) -> None:
    """Check that the subject is in the committed dataset version.

    Raises:
        ProofError: the proof does not show it; the message names the part.
    """
    if len(proof.siblings) != DEPTH:
        raise ProofError(
            f"presence proof: {len(proof.siblings)} siblings, a subject hangs at {DEPTH}"
        )
    _check_lengths("presence proof", *proof.siblings, proof.salt, proof.records_root)
    digest = subject_digest(proof.salt, proof.records_root)
    _check_root(commitment, subject, proof.opening, digest, proof.siblings)


def verify_absent(commitment: bytes, subject: str, proof: AbsenceProof) -> None:
    """Check that the subject is not in the committed dataset version.

    Raises:
        ProofError: the proof does not show it; the message names the part.
    """
    if len(proof.siblings) > DEPTH:
        raise ProofError(
            f"absence proof: {len(proof.siblings)} siblings, the tree has {DEPTH} levels"
        )
    _check_lengths("absence proof", *proof.siblings, proof.empty_salt)
    empty = empty_digest(proof.empty_salt)
    _check_root(commitment, subject, proof.opening, empty, proof.siblings)


def verify_record(commitment: bytes, subject: str, proof: RecordProof) -> Record:
    """Check that a record belongs to the subject in the committed dataset version, and return it.

    Raises:
        ProofError: the proof does not show it; the message names the part.
        InputError: the record cannot exist (a digest of another length, a negative size).
    """
    if len(proof.steps) > MAX_RECORD_STEPS:
        raise ProofError(f"record proof: more than {MAX_RECORD_STEPS} steps")
    siblings = (sibling for _, sibling in proof.steps)
    _check_lengths("record proof", *siblings, proof.record.salt)
    if merkle_climb(proof.record.leaf(), proof.steps) != proof.presence.records_root:
        raise ProofError("record proof: the record is not under the subject's root")
    verify_present(commitment, subject, proof.presence)
    return proof.record.record


def _check_root(
    commitment: bytes, subject: str, opening: Opening, node: bytes, siblings: tuple[bytes, ...]
) -> None:
    _check_lengths("opening", opening.randomness)
    if len(opening.public_key) != PUBLIC_KEY_LENGTH:
        raise ProofError(f"opening: the public key is not {PUBLIC_KEY_LENGTH} bytes long")
    path = verify_path(opening.public_key, subject, opening.path_proof)
    root = climb(node, path, siblings)
    if commitment_digest(root, opening.public_key, opening.randomness) != commitment:
        raise ProofError(
            "dataset proof: root, key and randomness are not what the chain commits to"
        )


def _check_lengths(where: str, *values: bytes) -> None:
    """Fixed lengths keep one concatenation from being read as another."""
    if any(len(value) != _LENGTH for value in values):
        raise ProofError(f"{where}: expected {_LENGTH} bytes for every digest and salt")
