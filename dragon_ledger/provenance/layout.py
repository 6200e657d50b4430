"""Identifiers, leaves, hashes and storage slots as the contracts derive them.

The specification is docs/spec/chain-state.md; every value is keccak256 over 32-byte words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from eth_hash.auto import keccak

from dragon_ledger.records import (
    DatasetVersion,
    Decision,
    Note,
    Release,
    Round,
    Run,
    Update,
)

ZERO = bytes(32)
VERSION_TYPE = b"Version(uint256 chainId,address registry,uint8 organisation,bytes32 commitment)"
REGISTRATION_TYPE = (
    b"Registration(bytes32 id,uint32 number,uint8 organisation,address account,uint40 time,"
    b"bytes32 commitment,bytes32 predecessor,bytes32 qcReport,bytes32 ethics,bytes32 ruleSet,"
    b"bytes32 purpose,bytes32 statement,uint40 ethicsExpiry,uint8 declarations,bool qcPassed)"
)
DECISION_TYPE = (
    b"Decision(bytes32 previous,bytes32 id,uint8 kind,uint8 organisation,address account,"
    b"uint40 time,uint8 reason,bytes32 successor,bytes32 statement)"
)
RUN_TYPE = b"Run(uint256 chainId,address ledger,uint8 organisation,bytes32 plan,bytes32 statement)"
UPDATE_TYPE = (
    b"Update(bytes32 run,uint16 round,uint8 organisation,address account,uint40 time,"
    b"bytes32 update,bytes32 base,bytes32 version,bytes32 statement,bytes32 replaces)"
)
OPENING_TYPE = (
    b"Opening(bytes32 run,uint8 organisation,address account,uint40 time,bytes32 parentHash,"
    b"bytes32 plan,bytes32 purpose,uint256 participants,bytes32 initialModel,bytes32 parentRun,"
    b"bytes32 origin,bytes32 statement,uint16 parentRound,uint8 initialKind)"
)
ROUND_TYPE = (
    b"Round(bytes32 previous,bytes32 run,uint16 round,bytes32 base,bytes32 aggregate,"
    b"uint256 participants,uint256 included,uint8 organisation,address account,uint40 time,"
    b"bytes32 leavesHash,bytes32 statement)"
)
NOTE_TYPE = (
    b"Note(bytes32 previous,bytes32 run,uint8 kind,uint16 round,uint8 organisation,"
    b"address account,uint40 time,uint8 reason,bytes32 subject,bytes32 statement)"
)
RELEASE_TYPE = (
    b"Release(uint256 chainId,address registry,uint8 organisation,bytes32 run,uint16 round,"
    b"bytes32 fileDigest)"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """The chain and the contracts that every identifier is bound to."""

    chain_id: int
    addresses: dict[str, bytes]


def word(value: int | bytes) -> bytes:
    """One ABI word: numbers and addresses right-aligned, 32-byte values as they are."""
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    return value.rjust(32, b"\0")


def digest(kind: bytes, *values: int | bytes) -> bytes:
    """keccak256 of the type's hash and the values, a word each."""
    return bytes(keccak(_type_hash(kind) + b"".join(map(word, values))))


@cache
def _type_hash(kind: bytes) -> bytes:
    return bytes(keccak(kind))


def mask(organisations: Iterable[int]) -> int:
    """A set of organisations as one word: bit n is organisation n."""
    return sum(1 << organisation for organisation in organisations)


def version_id(domain: Domain, organisation: int, commitment: bytes) -> bytes:
    """Id of a dataset version: nobody can take another organisation's (IDatasetRegistry)."""
    registry = domain.addresses["DatasetRegistry"]
    return digest(VERSION_TYPE, domain.chain_id, registry, organisation, commitment)


def run_id(domain: Domain, run: Run) -> bytes:
    """Id of a run, known before it is opened (ITrainingLedger)."""
    ledger = domain.addresses["TrainingLedger"]
    return digest(RUN_TYPE, domain.chain_id, ledger, run.act.organisation, run.plan, run.statement)


def release_id(domain: Domain, release: Release) -> bytes:
    """Id of a release, known before it is made (IModelRegistry)."""
    return digest(
        RELEASE_TYPE,
        domain.chain_id,
        domain.addresses["ModelRegistry"],
        release.act.organisation,
        release.run,
        release.round,
        release.file_digest,
    )


def registration_hash(version: DatasetVersion) -> bytes:
    """D(0): binds everything that was registered."""
    return digest(
        REGISTRATION_TYPE,
        version.id,
        version.number,
        version.act.organisation,
        version.act.account,
        version.act.at,
        version.commitment,
        version.predecessor or ZERO,
        version.qc_report,
        version.ethics,
        version.rule_set,
        version.purpose,
        version.statement,
        version.ethics_expiry,
        int(version.declarations),
        int(version.qc_passed),
    )


def decision_hash(previous: bytes, version: bytes, decision: Decision) -> bytes:
    """D(i): binds a decision to all that came before it."""
    return digest(
        DECISION_TYPE,
        previous,
        version,
        int(decision.kind),
        decision.act.organisation,
        decision.act.account,
        decision.act.at,
        decision.reason,
        decision.successor or ZERO,
        decision.statement,
    )


def history_head(version: DatasetVersion) -> bytes:
    """The head of a version's chain of decisions, as its `history` slot holds it."""
    head = registration_hash(version)
    for decision in version.decisions:
        head = decision_hash(head, version.id, decision)
    return head


def update_leaf(update: Update, version_number: int) -> bytes:
    """The leaf of an update: its low 32 bits are the version's number."""
    full = digest(
        UPDATE_TYPE,
        update.run,
        update.round,
        update.act.organisation,
        update.act.account,
        update.act.at,
        update.digest,
        update.base,
        update.version,
        update.statement,
        update.replaces or ZERO,
    )
    return full[:28] + version_number.to_bytes(4, "big")


def opening_hash(run: Run, parent_hash: bytes) -> bytes:
    """H(0): binds how a run was opened; `parent_hash` is the parent round's hash or zero."""
    return digest(
        OPENING_TYPE,
        run.id,
        run.act.organisation,
        run.act.account,
        run.act.at,
        parent_hash,
        run.plan,
        run.purpose,
        mask(run.participants),
        run.initial_model,
        run.parent_run or ZERO,
        run.origin or ZERO,
        run.statement,
        run.parent_round or 0,
        int(run.initial_kind),
    )


def leaves_hash(closed: Round) -> bytes:
    """keccak256 of the participants' last leaves by ascending organisation, zero where absent."""
    last = {update.act.organisation: update.leaf for update in closed.updates}
    return keccak(b"".join(last.get(number, ZERO) for number in sorted(closed.participants)))


def round_hash(previous: bytes, run: bytes, closed: Round) -> bytes:
    """H(r): binds a closed round to all that came before it, absences included."""
    return digest(
        ROUND_TYPE,
        previous,
        run,
        closed.number,
        closed.base,
        closed.aggregate,
        mask(closed.participants),
        mask(closed.included),
        closed.act.organisation,
        closed.act.account,
        closed.act.at,
        closed.leaves_hash,
        closed.statement,
    )


def note_hash(previous: bytes, run: bytes, note: Note) -> bytes:
    """N(i): binds a note of a run to all that came before it; N(0) is zero."""
    return digest(
        NOTE_TYPE,
        previous,
        run,
        int(note.kind),
        note.round,
        note.act.organisation,
        note.act.account,
        note.act.at,
        note.reason,
        note.subject,
        note.statement,
    )
