"""From events, in chain order, to the records that verdicts are made from. Pure.

Each function takes any events and uses those of its kind, so that a whole chain or one run can be
folded. What was emitted is taken as it is; `facts` checks it against contract state. An event about
something that no earlier event made is an `InconsistentLogs`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from dragon_ledger.chain import events as on_chain
from dragon_ledger.chain.events import ChainEvent
from dragon_ledger.errors import InconsistentLogs
from dragon_ledger.records import (
    Account,
    Act,
    DatasetVersion,
    Decision,
    DecisionKind,
    Declaration,
    InitialKind,
    Note,
    NoteKind,
    Organisation,
    Release,
    Role,
    Round,
    RuleSetAcceptance,
    Run,
    Update,
    VersionFlag,
    Where,
    Withdrawal,
)

K = TypeVar("K")
V = TypeVar("V")
NO_ADDRESS, NO_DIGEST = bytes(20), bytes(32)


def where(event: ChainEvent) -> Where:
    """Where an event is recorded."""
    return Where(event.contract, event.position.block, event.position.transaction)


def members(mask: int) -> frozenset[int]:
    """The organisations of a bit mask."""
    return frozenset(number for number in range(mask.bit_length()) if mask >> number & 1)


def mask(organisations: Iterable[int]) -> int:
    """The bit mask of organisations."""
    return sum(1 << number for number in set(organisations))


def _act(event: ChainEvent, organisation: int, account: bytes) -> Act:
    return Act(organisation, account, event.position.time, where(event))


def _of(event: ChainEvent, found: Mapping[K, V], key: K) -> V:
    """Return what the event speaks of."""
    if key not in found:
        place = event.position
        raise InconsistentLogs(
            f"{type(event).__name__} (block {place.block}, log {place.log_index}) speaks of "
            f"something that no earlier log made: {key!r}; the node's logs are incomplete"
        )
    return found[key]


def _digest(value: bytes) -> bytes | None:
    return None if value == NO_DIGEST else value


# -- Consortium -----------------------------------------------------------------------------------


def organisations(events: Iterable[ChainEvent]) -> dict[int, Organisation]:
    """Organisations by number; the root is zero until one has accepted."""
    found: dict[int, Organisation] = {}
    for event in events:
        match event:
            case on_chain.OrganisationAdmitted():
                found[event.organisation] = Organisation(
                    number=event.organisation,
                    roles=Role(event.roles),
                    root=NO_ADDRESS,
                    record=event.record,
                    admitted_at=event.position.time,
                    suspended=False,
                    where=where(event),
                )
            case on_chain.RootAccepted(organisation=number, root=root):
                found[number] = replace(_of(event, found, number), root=root)
            case on_chain.OrganisationSuspended(organisation=number):
                found[number] = replace(_of(event, found, number), suspended=True)
            case on_chain.OrganisationResumed(organisation=number):
                found[number] = replace(_of(event, found, number), suspended=False)
    return found


def accounts(events: Iterable[ChainEvent]) -> dict[bytes, Account]:
    """Accepted accounts by address, roots included (without roles)."""
    found: dict[bytes, Account] = {}
    enrolled: dict[tuple[int, bytes], int] = {}
    for event in events:
        match event:
            case on_chain.AccountEnrolled(organisation=number, account=address):
                enrolled[number, address] = event.position.time
            case on_chain.AccountAccepted(organisation=number, account=address, roles=roles):
                since = _of(event, enrolled, (number, address))
                found[address] = _accepted(event, number, address, Role(roles), since)
            case on_chain.RootAccepted(organisation=number, root=root, previous=previous):
                found[root] = _accepted(event, number, root, Role(0), event.position.time)
                if previous in found:
                    found[previous] = _ended_with(event, found[previous])
            case on_chain.AccountEnded(account=address, to=to):
                found[address] = replace(_of(event, found, address), to=to)
            case on_chain.AccountCompromised(account=address, since=since):
                ended = _ended_with(event, _of(event, found, address))
                found[address] = replace(ended, compromised_since=since)
    return found


def _accepted(
    event: ChainEvent, organisation: int, address: bytes, roles: Role, enrolled_at: int
) -> Account:
    return Account(
        address=address,
        organisation=organisation,
        roles=roles,
        enrolled_at=enrolled_at,
        accepted_at=event.position.time,
        to=None,
        compromised_since=None,
        where=where(event),
    )


def _ended_with(event: ChainEvent, account: Account) -> Account:
    """End an account with this event's block, unless it ends earlier (Consortium._endNow)."""
    end = event.position.time + 1
    return replace(account, to=end if account.to is None else min(account.to, end))


def rule_sets(events: Iterable[ChainEvent]) -> dict[bytes, RuleSetAcceptance]:
    """Accepted rule sets by digest."""
    found: dict[bytes, RuleSetAcceptance] = {}
    for event in events:
        match event:
            case on_chain.RuleSetAccepted():
                found[event.rule_set] = RuleSetAcceptance(
                    digest=event.rule_set,
                    declarations=Declaration(event.declarations),
                    accepted_at=event.position.time,
                    valid_from=event.from_,
                    valid_to=event.to or None,
                    where=where(event),
                )
            case on_chain.RuleSetEnded(rule_set=digest, to=to):
                found[digest] = replace(_of(event, found, digest), valid_to=to)
    return found


# -- DatasetRegistry ------------------------------------------------------------------------------


def versions(events: Iterable[ChainEvent]) -> dict[bytes, DatasetVersion]:
    """Dataset versions by id, each with its decisions in order."""
    found: dict[bytes, DatasetVersion] = {}
    decisions: defaultdict[bytes, list[Decision]] = defaultdict(list)
    for event in events:
        match event:
            case on_chain.VersionRegistered():
                found[event.id] = _version(event)
            case on_chain.Decided():
                decisions[event.id].append(_decision(event))
    return {key: replace(one, decisions=tuple(decisions[key])) for key, one in found.items()}


def _version(event: on_chain.VersionRegistered) -> DatasetVersion:
    return DatasetVersion(
        id=event.id,
        number=event.number,
        act=_act(event, event.organisation, event.account),
        commitment=event.commitment,
        predecessor=_digest(event.predecessor),
        qc_report=event.qc_report,
        qc_passed=event.qc_passed,
        ethics=event.ethics,
        ethics_expiry=event.ethics_expiry,
        rule_set=event.rule_set,
        declarations=Declaration(event.declarations),
        purpose=event.purpose,
        statement=event.statement,
    )


def _decision(event: on_chain.Decided) -> Decision:
    return Decision(
        kind=DecisionKind(event.kind),
        act=_act(event, event.organisation, event.account),
        reason=event.reason,
        flags=VersionFlag(event.flags),
        successor=_digest(event.successor),
        statement=event.statement,
    )


# -- TrainingLedger -------------------------------------------------------------------------------


def runs(events: Iterable[ChainEvent]) -> dict[bytes, Run]:
    """Runs by id, each with its closed rounds, their updates, its notes and its open updates."""
    opened: dict[bytes, Run] = {}
    updates: defaultdict[tuple[bytes, int], list[Update]] = defaultdict(list)
    rounds: defaultdict[bytes, list[Round]] = defaultdict(list)
    notes: defaultdict[bytes, list[Note]] = defaultdict(list)
    for event in events:
        match event:
            case on_chain.UpdateCommitted():
                updates[event.run, event.round].append(_update(event))
            case on_chain.RoundClosed():
                attempts = updates.pop((event.run, event.round), [])
                rounds[event.run].append(_round(event, attempts))
            case on_chain.RunOpened():
                opened[event.run] = _run(event)
            case on_chain.Noted():
                notes[event.run].append(_note(event))
    return {
        key: replace(
            run,
            rounds=tuple(rounds[key]),
            notes=tuple(notes[key]),
            open_updates=tuple(updates[key, len(rounds[key]) + 1]),
        )
        for key, run in opened.items()
    }


def _run(event: on_chain.RunOpened) -> Run:
    parent = _digest(event.parent_run)
    return Run(
        id=event.run,
        act=_act(event, event.organisation, event.account),
        plan=event.plan,
        purpose=event.purpose,
        participants=members(event.participants),
        initial_model=event.initial_model,
        initial_kind=InitialKind(event.initial_kind),
        parent_run=parent,
        parent_round=None if parent is None else event.parent_round,
        origin=_digest(event.origin),
        statement=event.statement,
        hash=event.hash,
    )


def _update(event: on_chain.UpdateCommitted) -> Update:
    return Update(
        run=event.run,
        round=event.round,
        act=_act(event, event.organisation, event.account),
        digest=event.update,
        base=event.base,
        version=event.version,
        statement=event.statement,
        replaces=_digest(event.replaces),
        leaf=event.leaf,
    )


def _round(event: on_chain.RoundClosed, updates: Iterable[Update]) -> Round:
    return Round(
        number=event.round,
        act=_act(event, event.organisation, event.account),
        base=event.base,
        aggregate=event.aggregate,
        participants=members(event.participants),
        included=members(event.included),
        leaves_hash=event.leaves_hash,
        statement=event.statement,
        hash=event.hash,
        updates=tuple(updates),
    )


def _note(event: on_chain.Noted) -> Note:
    return Note(
        kind=NoteKind(event.kind),
        act=_act(event, event.organisation, event.account),
        round=event.round,
        reason=event.reason,
        subject=event.subject,
        statement=event.statement,
    )


# -- ModelRegistry --------------------------------------------------------------------------------


def releases(events: Iterable[ChainEvent]) -> dict[bytes, Release]:
    """Releases by id, in the order in which they were made."""
    found: dict[bytes, Release] = {}
    for event in events:
        match event:
            case on_chain.Released():
                found[event.id] = Release(
                    id=event.id,
                    act=_act(event, event.organisation, event.account),
                    run=event.run,
                    round=event.round,
                    aggregate=event.aggregate,
                    file_digest=event.file_digest,
                    model_card=event.model_card,
                    statement=event.statement,
                )
            case on_chain.Withdrawn():
                withdrawal = Withdrawal(
                    _act(event, event.organisation, event.account), event.reason, event.statement
                )
                found[event.id] = replace(_of(event, found, event.id), withdrawal=withdrawal)
    return found
