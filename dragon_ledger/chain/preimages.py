"""Leaves, round hashes and chain heads, recomputed from events as the contracts compute them.

Specification: `docs/spec/chain-state.md` and the `@dev` comments of `contracts/interfaces/`. Each
is keccak256 over 32-byte words, the first of which is the hash of a type string.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from eth_hash.auto import keccak

from dragon_ledger.chain.events import (
    Decided,
    Noted,
    RoundClosed,
    RunOpened,
    UpdateCommitted,
    VersionRegistered,
)

ZERO = bytes(32)

REGISTRATION = keccak(
    b"Registration(bytes32 id,uint32 number,uint8 organisation,address account,uint40 time,"
    b"bytes32 commitment,bytes32 predecessor,bytes32 qcReport,bytes32 ethics,bytes32 ruleSet,"
    b"bytes32 purpose,bytes32 statement,uint40 ethicsExpiry,uint8 declarations,bool qcPassed)"
)
DECISION = keccak(
    b"Decision(bytes32 previous,bytes32 id,uint8 kind,uint8 organisation,address account,"
    b"uint40 time,uint8 reason,bytes32 successor,bytes32 statement)"
)
UPDATE = keccak(
    b"Update(bytes32 run,uint16 round,uint8 organisation,address account,uint40 time,"
    b"bytes32 update,bytes32 base,bytes32 version,bytes32 statement,bytes32 replaces)"
)
OPENING = keccak(
    b"Opening(bytes32 run,uint8 organisation,address account,uint40 time,bytes32 parentHash,"
    b"bytes32 plan,bytes32 purpose,uint256 participants,bytes32 initialModel,bytes32 parentRun,"
    b"bytes32 origin,bytes32 statement,uint16 parentRound,uint8 initialKind)"
)
ROUND = keccak(
    b"Round(bytes32 previous,bytes32 run,uint16 round,bytes32 base,bytes32 aggregate,"
    b"uint256 participants,uint256 included,uint8 organisation,address account,uint40 time,"
    b"bytes32 leavesHash,bytes32 statement)"
)
NOTE = keccak(
    b"Note(bytes32 previous,bytes32 run,uint8 kind,uint16 round,uint8 organisation,"
    b"address account,uint40 time,uint8 reason,bytes32 subject,bytes32 statement)"
)


def _hash(kind: bytes, *values: bytes | int) -> bytes:
    words = [
        value.rjust(32, b"\0") if isinstance(value, bytes) else value.to_bytes(32, "big")
        for value in values
    ]
    return bytes(keccak(kind + b"".join(words)))


def registration(event: VersionRegistered) -> bytes:
    """D(0) of a dataset version."""
    return _hash(
        REGISTRATION,
        event.id,
        event.number,
        event.organisation,
        event.account,
        event.position.time,
        event.commitment,
        event.predecessor,
        event.qc_report,
        event.ethics,
        event.rule_set,
        event.purpose,
        event.statement,
        event.ethics_expiry,
        event.declarations,
        event.qc_passed,
    )


def basis(event: VersionRegistered) -> bytes:
    """What an approval repeats: the hash of QC report and rule set."""
    return bytes(keccak(event.qc_report + event.rule_set))


def decision(previous: bytes, event: Decided) -> bytes:
    """D(i) of a dataset version, over D(i-1)."""
    return _hash(
        DECISION,
        previous,
        event.id,
        event.kind,
        event.organisation,
        event.account,
        event.position.time,
        event.reason,
        event.successor,
        event.statement,
    )


def leaf(event: UpdateCommitted) -> bytes:
    """The leaf of an update; its low 32 bits are the version's number, taken from the event."""
    full = _hash(
        UPDATE,
        event.run,
        event.round,
        event.organisation,
        event.account,
        event.position.time,
        event.update,
        event.base,
        event.version,
        event.statement,
        event.replaces,
    )
    return full[:28] + event.leaf[28:]


def leaves(participants: Iterable[int], last: Mapping[int, bytes]) -> bytes:
    """keccak256 of the participants' last leaves by ascending organisation, zero where absent."""
    return bytes(keccak(b"".join(last.get(number, ZERO) for number in sorted(participants))))


def opening(event: RunOpened, parent_hash: bytes) -> bytes:
    """H(0) of a run; `parent_hash` is H of the parent's round, zero without one."""
    return _hash(
        OPENING,
        event.run,
        event.organisation,
        event.account,
        event.position.time,
        parent_hash,
        event.opening_plan,
        event.purpose,
        event.participants,
        event.initial_model,
        event.parent_run,
        event.origin,
        event.statement,
        event.parent_round,
        event.initial_kind,
    )


def closing(previous: bytes, event: RoundClosed) -> bytes:
    """H(r) of a run, over H(r-1)."""
    return _hash(
        ROUND,
        previous,
        event.run,
        event.round,
        event.base,
        event.aggregate,
        event.participants,
        event.included,
        event.organisation,
        event.account,
        event.position.time,
        event.leaves_hash,
        event.statement,
    )


def note(previous: bytes, event: Noted) -> bytes:
    """N(i) of a run, over N(i-1)."""
    return _hash(
        NOTE,
        previous,
        event.run,
        event.kind,
        event.round,
        event.organisation,
        event.account,
        event.position.time,
        event.reason,
        event.subject,
        event.statement,
    )
