"""A random history as the chain's own events, in the order of their blocks."""

from __future__ import annotations

from collections.abc import Iterator

from dragon_ledger.chain import events
from dragon_ledger.chain.events import ChainEvent, Position
from dragon_ledger.provenance.layout import mask
from dragon_ledger.records import Account, Act, DatasetVersion, Release, Run, Update, Where
from tests.provenance.histories import START, History

NONE = bytes(32)


def block_hash(number: int) -> bytes:
    """The hash that the histories give to a block."""
    return number.to_bytes(32, "big")


def _at(where: Where) -> Position:
    time = START + 10 * where.block
    return Position(where.block, 0, 0, time, block_hash(where.block), where.transaction or b"")


def events_of(history: History) -> list[ChainEvent]:
    """Everything that happened, in order."""
    made = [
        *_people(history),
        *(e for version in history.versions.values() for e in _version(version)),
        *(e for run in history.runs.values() for e in _run(run)),
        *(e for release in history.releases for e in _release(release)),
    ]
    return sorted(made, key=lambda e: (e.position.block, e.position.log_index))


def _people(history: History) -> Iterator[ChainEvent]:
    for o in history.organisations:
        yield events.OrganisationAdmitted(
            _at(o.where), o.number, o.root, int(o.roles), o.record, b"\x01" * 32
        )
        root = Position(*_fields(_at(o.where), log_index=1))
        yield events.RootAccepted(root, o.number, o.root, bytes(20))
    for account in history.accounts.values():
        yield from _account(account)
    for r in history.rule_sets:
        yield events.RuleSetAccepted(
            _at(r.where), r.digest, int(r.declarations), r.valid_from, r.valid_to or 0, b"\x01" * 32
        )


def _fields(position: Position, log_index: int) -> tuple[int, int, int, int, bytes, bytes]:
    p = position
    return (p.block, p.transaction_index, log_index, p.time, p.block_hash, p.transaction)


def _account(a: Account) -> Iterator[ChainEvent]:
    accepted = Position(*_fields(_at(a.where), log_index=1))
    yield events.AccountEnrolled(
        _at(a.where), a.organisation, a.address, int(a.roles), b"\x01" * 32
    )
    yield events.AccountAccepted(accepted, a.organisation, a.address, int(a.roles))


def _who(act: Act) -> tuple[int, bytes]:
    return act.organisation, act.account


def _version(v: DatasetVersion) -> Iterator[ChainEvent]:
    yield events.VersionRegistered(
        _at(v.act.where),
        v.id,
        v.number,
        *_who(v.act),
        v.commitment,
        v.predecessor or NONE,
        v.qc_report,
        v.ethics,
        v.rule_set,
        v.purpose,
        v.statement,
        v.ethics_expiry,
        int(v.declarations),
        v.qc_passed,
    )
    for d in v.decisions:
        yield events.Decided(
            _at(d.act.where),
            v.id,
            int(d.kind),
            *_who(d.act),
            d.reason,
            int(d.flags),
            d.successor or NONE,
            d.statement,
        )


def _run(run: Run) -> Iterator[ChainEvent]:
    yield events.RunOpened(
        _at(run.act.where),
        run.id,
        run.act.organisation,
        run.plan,
        run.act.account,
        run.plan,
        run.purpose,
        mask(run.participants),
        run.initial_model,
        run.parent_run or NONE,
        run.origin or NONE,
        run.statement,
        run.parent_round or 0,
        int(run.initial_kind),
        run.hash,
    )
    for closed in run.rounds:
        yield from (_update(update) for update in closed.updates)
        yield events.RoundClosed(
            _at(closed.act.where),
            run.id,
            closed.number,
            closed.aggregate,
            *_who(closed.act),
            closed.base,
            mask(closed.participants),
            mask(closed.included),
            closed.leaves_hash,
            closed.statement,
            closed.hash,
        )
    yield from (_update(update) for update in run.open_updates)
    for note in run.notes:
        yield events.Noted(
            _at(note.act.where),
            run.id,
            int(note.kind),
            *_who(note.act),
            note.round,
            note.reason,
            note.subject,
            note.statement,
            NONE,
        )


def _update(u: Update) -> ChainEvent:
    return events.UpdateCommitted(
        _at(u.act.where),
        u.run,
        u.round,
        *_who(u.act),
        u.digest,
        u.base,
        u.version,
        u.statement,
        u.replaces or NONE,
        u.leaf,
    )


def _release(r: Release) -> Iterator[ChainEvent]:
    yield events.Released(
        _at(r.act.where),
        r.id,
        r.aggregate,
        r.file_digest,
        *_who(r.act),
        r.run,
        r.round,
        r.model_card,
        r.statement,
    )
    if r.withdrawal is not None:
        w = r.withdrawal
        yield events.Withdrawn(_at(w.act.where), r.id, *_who(w.act), w.reason, w.statement)
