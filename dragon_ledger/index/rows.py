"""From rows of the index to the records that every room shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dragon_ledger.records import (
    Act,
    DatasetVersion,
    Decision,
    DecisionKind,
    Declaration,
    InitialKind,
    Note,
    NoteKind,
    Release,
    Round,
    Run,
    Update,
    VersionFlag,
    Where,
    Withdrawal,
)

Row = Any


def organisations(word: bytes) -> frozenset[int]:
    """The organisations of a 32-byte set."""
    bits = int.from_bytes(word, "big")
    return frozenset(number for number in range(256) if bits >> number & 1)


def where(row: Row, contract: str) -> Where:
    """The place that a row was read from."""
    return Where(contract, row.block, bytes(row.transaction_hash))


def act(row: Row, contract: str) -> Act:
    """Who did what a row records."""
    return Act(row.organisation, bytes(row.account), row.at, where(row, contract))


def _maybe(value: bytes | None) -> bytes | None:
    return None if value is None else bytes(value)


def decision(row: Row) -> Decision:
    """A row of `decisions`."""
    return Decision(
        kind=DecisionKind(row.kind),
        act=act(row, "DatasetRegistry"),
        reason=row.reason,
        flags=VersionFlag(row.flags),
        successor=_maybe(row.successor),
        statement=bytes(row.statement),
    )


def version(row: Row, decisions: Iterable[Decision]) -> DatasetVersion:
    """A row of `versions` with the decisions on it, oldest first."""
    return DatasetVersion(
        id=bytes(row.id),
        number=row.number,
        act=act(row, "DatasetRegistry"),
        commitment=bytes(row.commitment),
        predecessor=_maybe(row.predecessor),
        qc_report=bytes(row.qc_report),
        qc_passed=bool(row.qc_passed),
        ethics=bytes(row.ethics),
        ethics_expiry=row.ethics_expiry,
        rule_set=bytes(row.rule_set),
        declarations=Declaration(row.declarations),
        purpose=bytes(row.purpose),
        statement=bytes(row.statement),
        decisions=tuple(decisions),
    )


def update(row: Row) -> Update:
    """A row of `updates`."""
    return Update(
        run=bytes(row.run),
        round=row.round,
        act=act(row, "TrainingLedger"),
        digest=bytes(row.digest),
        base=bytes(row.base),
        version=bytes(row.version),
        statement=bytes(row.statement),
        replaces=_maybe(row.replaces),
        leaf=bytes(row.leaf),
    )


def closed_round(row: Row, updates: Iterable[Update]) -> Round:
    """A row of `rounds` with its updates, oldest first."""
    return Round(
        number=row.round,
        act=act(row, "TrainingLedger"),
        base=bytes(row.base),
        aggregate=bytes(row.aggregate),
        participants=organisations(row.participants),
        included=organisations(row.included),
        leaves_hash=bytes(row.leaves_hash),
        statement=bytes(row.statement),
        hash=bytes(row.hash),
        updates=tuple(updates),
    )


def note(row: Row) -> Note:
    """A row of `notes`."""
    return Note(
        kind=NoteKind(row.kind),
        act=act(row, "TrainingLedger"),
        round=row.round,
        reason=row.reason,
        subject=bytes(row.subject),
        statement=bytes(row.statement),
    )


def run(row: Row, rounds: list[Row], updates: list[Row], notes: list[Row]) -> Run:
    """A row of `runs` with everything that happened in it, in the order of the chain."""
    by_round: dict[int, list[Update]] = {}
    for item in updates:
        by_round.setdefault(item.round, []).append(update(item))
    closed = tuple(closed_round(item, by_round.pop(item.round, ())) for item in rounds)
    return Run(
        id=bytes(row.id),
        act=act(row, "TrainingLedger"),
        plan=bytes(row.plan),
        purpose=bytes(row.purpose),
        participants=organisations(row.participants),
        initial_model=bytes(row.initial_model),
        initial_kind=InitialKind(row.initial_kind),
        parent_run=_maybe(row.parent_run),
        parent_round=row.parent_round,
        origin=_maybe(row.origin),
        statement=bytes(row.statement),
        hash=bytes(row.hash),
        rounds=closed,
        notes=tuple(note(item) for item in notes),
        open_updates=tuple(found for left in by_round.values() for found in left),
    )


def release(row: Row, withdrawal: Row | None) -> Release:
    """A row of `releases` with its withdrawal, when there is one."""
    return Release(
        id=bytes(row.id),
        act=act(row, "ModelRegistry"),
        run=bytes(row.run),
        round=row.round,
        aggregate=bytes(row.aggregate),
        file_digest=bytes(row.file_digest),
        model_card=bytes(row.model_card),
        statement=bytes(row.statement),
        withdrawal=None
        if withdrawal is None
        else Withdrawal(
            act(withdrawal, "ModelRegistry"), withdrawal.reason, bytes(withdrawal.statement)
        ),
    )
