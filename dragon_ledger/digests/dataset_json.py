"""Manifests and dataset proofs as canonical JSON: what a site keeps, what it hands to an auditor.

Both hold identifiers and salts. A manifest never leaves the site; a proof goes to the one auditor
whom the subject concerns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dragon_ledger.digests.canonical_json import JsonValue, canonical_json, parse_canonical_json
from dragon_ledger.digests.dataset_proof import (
    AbsenceProof,
    Opening,
    PresenceProof,
    RecordProof,
    verify_absent,
    verify_present,
    verify_record,
)
from dragon_ledger.digests.documents import object_of
from dragon_ledger.digests.manifest import ClinicalRow, FileRecord, SaltedRecord, SubjectManifest
from dragon_ledger.errors import InputError

MANIFEST_FORMAT = "subject-manifest/1"
PROOF_FORMAT = "dataset-proof/1"
MAX_PROOF_LENGTH = 2**20

Proof: TypeAlias = PresenceProof | AbsenceProof | RecordProof

_HEX = re.compile(r"([0-9a-f]{2})*", re.ASCII)
_OPENING = frozenset({"format", "subject", "public_key", "randomness", "path_proof", "siblings"})
_ABSENCE = _OPENING | {"empty_salt"}
_PRESENCE = _OPENING | {"salt", "records_root"}
_RECORD = _PRESENCE | {"record", "steps"}


@dataclass(frozen=True, slots=True)
class SubjectProof:
    """A proof and the subject identifier that it is about, as an auditor receives them."""

    subject: str
    proof: Proof


def write_manifest(manifest: SubjectManifest) -> bytes:
    """A subject's manifest as canonical JSON."""
    return canonical_json(
        {
            "format": MANIFEST_FORMAT,
            "subject": manifest.subject,
            "salt": manifest.salt.hex(),
            "records": [_record_json(record) for record in manifest.records],
        }
    )


def read_manifest(data: bytes) -> SubjectManifest:
    """Read what `write_manifest` wrote.

    Raises:
        InputError: the bytes are no manifest; the message names the member.
    """
    members = object_of(
        parse_canonical_json(data),
        MANIFEST_FORMAT,
        frozenset({"format", "subject", "salt", "records"}),
    )
    _check_format(members, MANIFEST_FORMAT)
    records = tuple(_record(entry) for entry in _list(members, "records"))
    return SubjectManifest(_text(members, "subject"), _bytes(members, "salt"), records)


def write_proof(subject: str, proof: Proof) -> bytes:
    """A proof as canonical JSON."""
    presence = proof.presence if isinstance(proof, RecordProof) else proof
    members: dict[str, JsonValue] = {
        "format": PROOF_FORMAT,
        "subject": subject,
        "public_key": presence.opening.public_key.hex(),
        "randomness": presence.opening.randomness.hex(),
        "path_proof": presence.opening.path_proof.hex(),
        "siblings": [sibling.hex() for sibling in presence.siblings],
    }
    if isinstance(presence, AbsenceProof):
        members["empty_salt"] = presence.empty_salt.hex()
    else:
        members["salt"] = presence.salt.hex()
        members["records_root"] = presence.records_root.hex()
    if isinstance(proof, RecordProof):
        members["record"] = _record_json(proof.record)
        members["steps"] = [
            ("L" if on_left else "R") + sibling.hex() for on_left, sibling in proof.steps
        ]
    return canonical_json(members)


def read_proof(data: bytes) -> SubjectProof:
    """Read what `write_proof` wrote; what it proves is for `verify_proof` to say.

    Raises:
        InputError: the bytes are no proof; the message names the member.
    """
    if len(data) > MAX_PROOF_LENGTH:
        raise InputError(f"{PROOF_FORMAT}: longer than {MAX_PROOF_LENGTH} bytes")
    content = parse_canonical_json(data)
    names = content.keys() if isinstance(content, Mapping) else frozenset[str]()
    expected = _RECORD if "record" in names else _ABSENCE if "empty_salt" in names else _PRESENCE
    members = object_of(content, PROOF_FORMAT, expected)
    _check_format(members, PROOF_FORMAT)
    return SubjectProof(_text(members, "subject"), _proof(members))


def verify_proof(commitment: bytes, data: bytes) -> SubjectProof:
    """Check a proof against the commitment on chain and return what it proves.

    Raises:
        InputError: the bytes are no proof.
        ProofError: the proof does not hold for this commitment.
    """
    read = read_proof(data)
    if isinstance(read.proof, RecordProof):
        verify_record(commitment, read.subject, read.proof)
    elif isinstance(read.proof, PresenceProof):
        verify_present(commitment, read.subject, read.proof)
    else:
        verify_absent(commitment, read.subject, read.proof)
    return read


def _proof(members: Mapping[str, JsonValue]) -> Proof:
    public_key, randomness = _bytes(members, "public_key"), _bytes(members, "randomness")
    opening = Opening(public_key, randomness, _bytes(members, "path_proof"))
    siblings = tuple(_hex(entry, "siblings") for entry in _list(members, "siblings"))
    if "empty_salt" in members:
        return AbsenceProof(opening, siblings, _bytes(members, "empty_salt"))
    salt, root = _bytes(members, "salt"), _bytes(members, "records_root")
    presence = PresenceProof(opening, siblings, salt, root)
    if "record" not in members:
        return presence
    steps = tuple(_step(entry) for entry in _list(members, "steps"))
    return RecordProof(presence, _record(members["record"]), steps)


def _step(entry: JsonValue) -> tuple[bool, bytes]:
    if not isinstance(entry, str) or entry[:1] not in ("L", "R"):
        raise InputError("steps: expected L or R before the digest")
    return entry[0] == "L", _hex(entry[1:], "steps")


def _record_json(salted: SaltedRecord) -> JsonValue:
    record, salt = salted.record, salted.salt.hex()
    if isinstance(record, FileRecord):
        digest = record.sha256.hex()
        return {"path": record.path, "size": record.size, "sha256": digest, "salt": salt}
    return {"domain": record.domain, "values": record.values, "salt": salt}


def _record(entry: JsonValue) -> SaltedRecord:
    if isinstance(entry, Mapping) and "domain" in entry:
        members = object_of(entry, "record", frozenset({"domain", "values", "salt"}))
        values = members["values"]
        if not isinstance(values, Mapping):
            raise InputError("record: values is no object")
        row = ClinicalRow(_text(members, "domain"), values)
        return SaltedRecord(row, _bytes(members, "salt"))
    members = object_of(entry, "record", frozenset({"path", "size", "sha256", "salt"}))
    size = members["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise InputError("record: size is no number of bytes")
    file = FileRecord(_text(members, "path"), size, _bytes(members, "sha256"))
    return SaltedRecord(file, _bytes(members, "salt"))


def _check_format(members: Mapping[str, JsonValue], expected: str) -> None:
    if members["format"] != expected:
        raise InputError(f"format is {members['format']!r}, expected {expected}")


def _list(members: Mapping[str, JsonValue], name: str) -> list[JsonValue]:
    value = members[name]
    if not isinstance(value, list):
        raise InputError(f"{name}: expected a list")
    return value


def _text(members: Mapping[str, JsonValue], name: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise InputError(f"{name}: expected text")
    return value


def _bytes(members: Mapping[str, JsonValue], name: str) -> bytes:
    return _hex(members[name], name)


def _hex(value: JsonValue, name: str) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise InputError(f"{name}: expected lower-case hexadecimal digits")
    return bytes.fromhex(value)
