"""That one object is in a digested file: a proof that anybody checks without the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from dragon_ledger.digests.hdf5.entries import Entry, parse_entry
from dragon_ledger.digests.hdf5.merkle import HASH_SIZE, data_root, leaf_hash, root_from_path
from dragon_ledger.digests.hdf5.method import METHOD, seal
from dragon_ledger.errors import ProofError
from dragon_ledger.records import Digest


@dataclass(frozen=True, slots=True)
class ObjectProof:
    """Leads from one entry of a content tree to the content digest.

    `entry` are the bytes of the leaf; `index` its place among `count` leaves; `siblings` the
    hashes beside the way to the root, nearest to the leaf first.
    """

    entry: bytes
    index: int
    count: int
    siblings: tuple[bytes, ...]

    def to_json(self) -> dict[str, object]:
        """The proof as JSON values; bytes as hexadecimal."""
        fields = asdict(self)
        siblings = [sibling.hex() for sibling in self.siblings]
        return {**fields, "method": METHOD, "entry": self.entry.hex(), "siblings": siblings}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> ObjectProof:
        """Read what `to_json` wrote.

        Raises:
            ProofError: a field is missing or has another form.
        """
        if value.get("method") != METHOD:
            raise ProofError(f"object proof: method {value.get('method')!r}, expected {METHOD}")
        index, count, siblings = value.get("index"), value.get("count"), value.get("siblings")
        if not isinstance(index, int) or not isinstance(count, int):
            raise ProofError("object proof: index and count must be integers")
        if not isinstance(siblings, list):
            raise ProofError("object proof: siblings must be a list")
        hashes = tuple(_from_hex(item, "siblings") for item in siblings)
        return cls(_from_hex(value.get("entry"), "entry"), index, count, hashes)


def verify_object(digest: Digest, proof: ObjectProof, data: bytes | None = None) -> Entry:
    """Check that an entry, and optionally these very values, are in the digested file.

    Args:
        digest: the file's content digest.
        proof: the proof.
        data: the object's values as canonical bytes (a float32 tensor: little-endian, row-major);
            when given, they are checked, too.

    Returns:
        What the entry says: path, kind, attributes' root, type and extents in canonical bytes.

    Raises:
        ProofError: the proof does not lead to the digest, or the values are others.
    """
    if digest.method != METHOD:
        raise ProofError(f"digest of method {digest.method}, expected {METHOD}")
    if any(len(sibling) != HASH_SIZE for sibling in proof.siblings):
        raise ProofError(f"object proof: a sibling has not {HASH_SIZE} bytes")
    leaf = leaf_hash(proof.entry)
    root = root_from_path(leaf, proof.index, proof.count, proof.siblings)
    if root is None or seal(proof.count, root) != digest.value:
        raise ProofError(f"object proof: does not lead to {digest}")
    entry = _parsed(proof.entry)
    if data is not None and data_root(data) != entry.data:
        raise ProofError(f"{entry.path.decode()}: the values are not those that were digested")
    return entry


def _parsed(raw: bytes) -> Entry:
    try:
        return parse_entry(raw)
    except ValueError as error:
        raise ProofError(f"object proof: {error}") from error


def _from_hex(value: object, field: str) -> bytes:
    try:
        return bytes.fromhex(value if isinstance(value, str) else "?")
    except ValueError as error:
        raise ProofError(f"object proof: {field} is not hexadecimal") from error
