"""Facts as the chain's own events, in the order of their blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from dragon_ledger.chain import events
from dragon_ledger.chain.events import ChainEvent, Position
from dragon_ledger.provenance.layout import mask
from dragon_ledger.records import (
    Account,
    Act,
    DatasetVersion,
    Facts,
    Organisation,
    Release,
    Run,
    Update,
    Where,
)
from tests.provenance.histories import START

NONE = bytes(32)


def block_hash(number: int) -> bytes:
    """The hash that the histories give to a block."""
    return number.to_bytes(32, "big")


def _at(where: Where, time: int | None = None) -> Position:
    time = START + 10 * where.block if time is None else time
    return Position(where.block, 0, 0, time, block_hash(where.block), where.transaction or b"")


def events_of(facts: Facts) -> list[ChainEvent]:
    """Everything that happened, in order; logs are numbered within their blocks."""
    made = [
        *(e for organisation in facts.organisations for e in _organisation(organisation)),
        *(e for account in facts.accounts for e in _account(account)),
        *_rule_sets(facts),
        *(e for version in facts.versions for e in _version(version)),
        *(e for run in facts.runs for e in _run(run)),
        *(e for release in facts.releases for e in _release(release)),
    ]
    made.sort(key=lambda event: event.position.block)
    counts: Counter[int] = Counter()
    numbered = []
    for event in made:
        place = replace(event.position, log_index=counts[event.position.block])
        counts[event.position.block] += 1
        numbered.append(replace(event, position=place))
    return numbered


def _organisation(o: Organisation) -> Iterator[ChainEvent]:
    where = _at(o.where)
    yield events.OrganisationAdmitted(where, o.number, o.root, int(o.roles), o.record, NONE)
    yield events.RootAccepted(where, o.number, o.root, bytes(20))


def _rule_sets(facts: Facts) -> Iterator[ChainEvent]:
    for r in facts.rule_sets:
        where, end = _at(r.where), r.valid_to or 0
        yield events.RuleSetAccepted(where, r.digest, int(r.declarations), r.valid_from, end, NONE)


def _account(a: Account) -> Iterator[ChainEvent]:
    who, roles = (a.organisation, a.address), int(a.roles)
    assert a.accepted_at is not None
    yield events.AccountEnrolled(_at(a.where, a.enrolled_at), *who, roles, NONE)
    yield events.AccountAccepted(_at(a.where, a.accepted_at), *who, roles)
    if a.compromised_since is not None:
        yield events.AccountCompromised(_at(a.where), *who, a.compromised_since, a.address, NONE)
    if a.to is not None:
        yield events.AccountEnded(_at(a.where), *who, a.to, NONE)


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
