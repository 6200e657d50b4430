"""Holds a node's logs against the contract state that binds them.

Logs are only an answer to a question; a node can leave some out or alter them. Every fact is bound
by contract storage: as itself, or by a hash of which the event is the preimage. What does not fit
is an `InconsistentLogs` that names the fact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dragon_ledger.chain import events as on_chain
from dragon_ledger.chain import preimages
from dragon_ledger.chain.events import ChainEvent
from dragon_ledger.chain.fold import NO_ADDRESS, NO_DIGEST, members
from dragon_ledger.chain.states import (
    AccountState,
    EnrolmentState,
    OrganisationState,
    ReleaseState,
    RoundState,
    RuleSetState,
    RunState,
    VersionState,
)
from dragon_ledger.errors import InconsistentLogs
from dragon_ledger.records import (
    Account,
    DecisionKind,
    Organisation,
    Release,
    RuleSetAcceptance,
    VersionFlag,
)


def same(what: str, logged: object, stored: object) -> None:
    """Refuse logs that differ from contract state.

    Raises:
        InconsistentLogs: they differ; the message has both.
    """
    if logged != stored:
        raise InconsistentLogs(
            f"{what}: the node's logs say {_shown(logged)}, its contract state {_shown(stored)}. "
            "The logs are incomplete or altered; ask another node."
        )


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_shown, value)) + ")"
    return repr(value)


# -- runs -----------------------------------------------------------------------------------------


def check_run(
    events: Sequence[ChainEvent],
    state: RunState,
    head: RoundState,
    open_leaves: bytes,
    parent_hash: bytes,
) -> None:
    """Hold the events of one run against its state.

    `head` is the state of its last closed round (round 0 when none is), `open_leaves` the hash of
    all participants' leaves in the open round, `parent_hash` is H of the parent's round, zero
    without one. Between them they bind every event: no update, round or note can be missing,
    added or altered.
    """
    opened = [event for event in events if isinstance(event, on_chain.RunOpened)]
    same("times that a run was opened", len(opened), 1)
    run = opened[0]
    name = f"run 0x{run.run.hex()}"
    same(f"{name}, opening", (run.account, run.position.time), (state.account, state.opened_at))
    same(f"{name}, plan", run.plan, run.opening_plan)
    updates = _updates_by_round(events)
    closings = [event for event in events if isinstance(event, on_chain.RoundClosed)]
    same(f"{name}, closed rounds", [c.round for c in closings], list(range(1, state.rounds + 1)))
    digest = preimages.opening(run, parent_hash)
    same(f"{name}, hash of its opening", run.hash, digest)
    for closed in closings:
        leaves = _last_leaves(name, updates.pop(closed.round, []))
        digest = _check_round(name, closed, leaves, digest)
    same(f"{name}, hash of its last round", digest, head.hash)
    last_leaves = _last_leaves(name, updates.pop(state.rounds + 1, []))
    same(f"{name}, round of an update", list(updates), [])
    found = preimages.leaves(members(state.participants), last_leaves)
    same(f"{name}, updates of its open round", found, open_leaves)
    _participants_only(name, last_leaves, state.participants)
    _check_notes(name, events, state)


def _updates_by_round(
    events: Iterable[ChainEvent],
) -> dict[int, list[on_chain.UpdateCommitted]]:
    found: defaultdict[int, list[on_chain.UpdateCommitted]] = defaultdict(list)
    for event in events:
        if isinstance(event, on_chain.UpdateCommitted):
            found[event.round].append(event)
    return dict(found)


def _last_leaves(name: str, updates: Iterable[on_chain.UpdateCommitted]) -> dict[int, bytes]:
    """Check every attempt of a round, in order, and return each organisation's last leaf."""
    last: dict[int, bytes] = {}
    for update in updates:
        what = f"{name}, round {update.round}, update of organisation {update.organisation}"
        same(
            what + ", leaf that it replaces",
            update.replaces,
            last.get(update.organisation, NO_DIGEST),
        )
        same(what + ", leaf", update.leaf, preimages.leaf(update))
        last[update.organisation] = update.leaf
    return last


def _check_round(
    name: str, closed: on_chain.RoundClosed, leaves: dict[int, bytes], previous: bytes
) -> bytes:
    name = f"{name}, round {closed.round}"
    _participants_only(name, leaves, closed.participants)
    found = preimages.leaves(members(closed.participants), leaves)
    same(f"{name}, updates", found, closed.leaves_hash)
    digest = preimages.closing(previous, closed)
    same(f"{name}, hash", closed.hash, digest)
    return digest


def _participants_only(name: str, leaves: Iterable[int], participants: int) -> None:
    outsiders = [number for number in leaves if not participants >> number & 1]
    same(f"{name}, updates of organisations that do not take part", outsiders, [])


def _check_notes(name: str, events: Iterable[ChainEvent], state: RunState) -> None:
    notes = [event for event in events if isinstance(event, on_chain.Noted)]
    same(f"{name}, notes", len(notes), state.notes)
    head = NO_DIGEST
    for note in notes:
        head = preimages.note(head, note)
    same(f"{name}, head of its notes", head, state.notes_head)


# -- dataset versions -----------------------------------------------------------------------------


def check_version(events: Sequence[ChainEvent], state: VersionState, required: int) -> None:
    """Hold the events of one dataset version against its state.

    `required` is the number of approvals that the consortium asks for: the flags after each
    decision are in no hash, and follow from it.
    """
    registered = [event for event in events if isinstance(event, on_chain.VersionRegistered)]
    same("times that a version was registered", len(registered), 1)
    first = registered[0]
    name = f"version 0x{first.id.hex()}"
    decisions = [event for event in events if isinstance(event, on_chain.Decided)]
    same(f"{name}, decisions", len(decisions), state.decisions)
    head = preimages.registration(first)
    for decided in decisions:
        head = preimages.decision(head, decided)
    same(f"{name}, head of its decisions", head, state.history)
    flags = flags_after([DecisionKind(decided.kind) for decided in decisions], required)
    same(f"{name}, flags after each decision", [decided.flags for decided in decisions], flags)
    same(f"{name}, flags", flags[-1] if flags else 0, state.flags)


def flags_after(decisions: Iterable[DecisionKind], required: int) -> list[int]:
    """Return a version's flags after each of its decisions, as DatasetRegistry sets them."""
    flags, approvals = VersionFlag(0), 0
    found: list[int] = []
    for kind in decisions:
        if kind is DecisionKind.APPROVE:
            approvals += 1
            flags |= VersionFlag.APPROVED if approvals == required else VersionFlag(0)
        elif kind is DecisionKind.REINSTATE and VersionFlag.REINSTATING in flags:
            flags &= ~(VersionFlag.REVOKED | VersionFlag.REINSTATING)
        else:
            flags |= _SETS[kind]
        found.append(int(flags))
    return found


_SETS = {
    DecisionKind.REJECT: VersionFlag.REJECTED,
    DecisionKind.REVOKE: VersionFlag.REVOKED,
    DecisionKind.SUPERSEDE: VersionFlag.SUPERSEDED,
    DecisionKind.RETIRE: VersionFlag.RETIRED,
    DecisionKind.REINSTATE: VersionFlag.REINSTATING,
}


# -- releases -------------------------------------------------------------------------------------


def check_release(release: Release, state: ReleaseState, aggregate: bytes) -> None:
    """Hold a release against its state and the aggregate of the round that it names."""
    name = f"release 0x{release.id.hex()}"
    taken = release.withdrawal
    logged = (
        *(release.act.account, release.act.at, release.act.organisation),
        *(release.run, release.round, release.file_digest, release.model_card, release.statement),
        *(
            (taken.act.account, taken.act.at, taken.reason, taken.statement)
            if taken
            else _NOT_TAKEN
        ),
    )
    stored = (
        *(state.account, state.released_at, state.organisation),
        *(state.run, state.round, state.file_digest, state.model_card, state.statement),
        *(state.withdrawn_by, state.withdrawn_at, state.withdrawal_reason),
        state.withdrawal_statement,
    )
    same(name, logged, stored)
    same(f"{name}, aggregate", release.aggregate, aggregate)


_NOT_TAKEN = (NO_ADDRESS, 0, 0, NO_DIGEST)


# -- consortium -----------------------------------------------------------------------------------


def check_organisation(one: Organisation, state: OrganisationState, suspended: int) -> None:
    """Hold an organisation against its state; `suspended` is the contract's bit mask."""
    same(
        f"organisation {one.number}",
        (one.roles, one.root, one.record, one.admitted_at, one.suspended),
        (
            *(state.roles, state.root, state.record, state.admitted_at),
            bool(suspended >> one.number & 1),
        ),
    )


def check_account(one: Account, state: AccountState, enrolment: EnrolmentState) -> None:
    """Hold an account against its state and its enrolment, which a root may have withdrawn."""
    name = f"account 0x{one.address.hex()}"
    same(
        name,
        (one.organisation, one.roles, one.accepted_at, one.to or 0, one.compromised_since or 0),
        (
            *(state.organisation, state.roles, state.accepted_at, state.to),
            state.compromised_since,
        ),
    )
    if enrolment.enrolled_at != 0:
        same(f"{name}, enrolment", one.enrolled_at, enrolment.enrolled_at)


def check_rule_set(one: RuleSetAcceptance, state: RuleSetState) -> None:
    """Hold an accepted rule set against its state."""
    same(
        f"rule set 0x{one.digest.hex()}",
        (one.accepted_at, one.valid_from, one.valid_to or 0, one.declarations),
        (state.accepted_at, state.from_, state.to, state.declarations),
    )
