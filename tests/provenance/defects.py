"""Ways to break one thing in an honest history, each with the checks that must find it.

Every defect keeps the rest of the facts consistent: identifiers, leaves and round hashes are
derived anew (`rehashed`), so that only the rule itself is broken and not its hash as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from dragon_ledger.provenance import layout
from dragon_ledger.provenance.lineage import Case, case_of
from dragon_ledger.records import (
    Account,
    Act,
    DatasetVersion,
    Decision,
    DecisionKind,
    Declaration,
    Facts,
    InitialKind,
    Release,
    Role,
    Round,
    Run,
    Update,
    VersionFlag,
    Where,
    Withdrawal,
)
from tests.provenance.histories import AGGREGATOR, DOMAIN, REVIEWER, SECOND_REVIEWER, START

Break = Callable[[Facts, Case, Random], Facts | None]


@dataclass(frozen=True)
class Defect:
    """A way to break facts; None where this history offers no occasion."""

    name: str
    checks: frozenset[str]
    apply: Break


def rehashed(facts: Facts) -> Facts:
    """The same facts with every leaf and hash derived from the fields."""
    numbers = {version.id: version.number for version in facts.versions}
    done: dict[bytes, Run] = {}
    waiting = {run.id: run for run in facts.runs}
    while waiting:
        ready = [r for r in waiting.values() if r.parent_run is None or r.parent_run in done]
        for run in ready or list(waiting.values()):
            done[run.id] = _rehashed_run(run, done, numbers)
            del waiting[run.id]
    return replace(facts, runs=tuple(done[run.id] for run in facts.runs))


def _rehashed_run(run: Run, done: dict[bytes, Run], numbers: dict[bytes, int]) -> Run:
    parent_hash = bytes(32)
    if run.parent_run in done:
        parent_hash = done[run.parent_run].rounds[(run.parent_round or 1) - 1].hash
    run = replace(run, hash=layout.opening_hash(run, parent_hash))
    previous, rounds = run.hash, []
    for closed in run.rounds:
        leaves: dict[bytes, bytes] = {}
        updates = []
        for update in closed.updates:
            replaces = leaves.get(update.replaces or b"", update.replaces)
            fresh = replace(update, replaces=replaces)
            fresh = replace(fresh, leaf=layout.update_leaf(fresh, numbers.get(update.version, 0)))
            leaves[update.leaf] = fresh.leaf
            updates.append(fresh)
        fresh_round = replace(closed, updates=tuple(updates))
        fresh_round = replace(fresh_round, leaves_hash=layout.leaves_hash(fresh_round))
        previous = layout.round_hash(previous, run.id, fresh_round)
        rounds.append(replace(fresh_round, hash=previous))
    return replace(run, rounds=tuple(rounds))


def with_version(facts: Facts, version: DatasetVersion) -> Facts:
    """The facts with this version in place of the one with its id."""
    kept = tuple(version if v.id == version.id else v for v in facts.versions)
    return replace(facts, versions=kept)


def with_run(facts: Facts, run: Run) -> Facts:
    """The facts with this run in place of the one with its id, hashed anew."""
    return rehashed(replace(facts, runs=tuple(run if r.id == run.id else r for r in facts.runs)))


def with_release(facts: Facts, release: Release) -> Facts:
    """The facts with this as their only release."""
    release = replace(release, id=layout.release_id(DOMAIN, release))
    return replace(facts, releases=(release,))


def with_account(facts: Facts, account: Account) -> Facts:
    """The facts with this account in place of the one with its address."""
    kept = tuple(account if a.address == account.address else a for a in facts.accounts)
    return replace(facts, accounts=kept)


def used(case: Case, rng: Random) -> DatasetVersion:
    """A version that flowed in."""
    return rng.choice([version for _, version in case.used_versions() if version is not None])


def decision(facts: Facts, kind: DecisionKind, organisation: int, flags: VersionFlag) -> Decision:
    """A decision made just now by an organisation's account."""
    account = next(a for a in facts.accounts if a.organisation == organisation)
    where = Where("DatasetRegistry", facts.as_of.block, b"\x77" * 32)
    act = Act(organisation, account.address, facts.as_of.time, where)
    return Decision(kind, act, 4, flags, None, b"\x66" * 32)


def _revoked(facts: Facts, case: Case, rng: Random) -> Facts:
    version = used(case, rng)
    flags = version.flags | VersionFlag.REVOKED
    made = decision(facts, DecisionKind.REVOKE, REVIEWER, flags)
    return with_version(facts, replace(version, decisions=(*version.decisions, made)))


def _qc_failed(facts: Facts, case: Case, rng: Random) -> Facts:
    return with_version(facts, replace(used(case, rng), qc_passed=False))


def _other_purpose(facts: Facts, case: Case, rng: Random) -> Facts:
    return with_version(facts, replace(used(case, rng), purpose=b"\x55" * 32))


def _ethics_expired(facts: Facts, case: Case, rng: Random) -> Facts:
    return with_version(facts, replace(used(case, rng), ethics_expiry=START + 1))


def _undeclared(facts: Facts, case: Case, rng: Random) -> Facts:
    return with_version(facts, replace(used(case, rng), declarations=Declaration.CONSENT_ON_FILE))


def _rule_set_ended(facts: Facts, _case: Case, _rng: Random) -> Facts:
    ended = tuple(replace(r, valid_to=START + 1) for r in facts.rule_sets)
    return replace(facts, rule_sets=ended)


def _own_approval(facts: Facts, case: Case, rng: Random) -> Facts:
    version = used(case, rng)
    site = version.act
    approval = version.decisions[0]
    own = replace(approval, act=replace(approval.act, organisation=site.organisation))
    return with_version(facts, replace(version, decisions=(own, *version.decisions[1:])))


def _approved_late(facts: Facts, case: Case, rng: Random) -> Facts:
    version = used(case, rng)
    late = decision(facts, DecisionKind.APPROVE, SECOND_REVIEWER, VersionFlag.APPROVED)
    return with_version(facts, replace(version, decisions=(late,)))


def _superseded_early(facts: Facts, case: Case, rng: Random) -> Facts:
    version = used(case, rng)
    approval = version.decisions[0]
    flags = VersionFlag.APPROVED | VersionFlag.SUPERSEDED
    early = replace(approval, kind=DecisionKind.SUPERSEDE, flags=flags, reason=8)
    return with_version(facts, replace(version, decisions=(approval, early)))


def _compromised(facts: Facts, case: Case, rng: Random) -> Facts:
    update = rng.choice(case.uses).update
    account = case.accounts[update.act.account]
    return with_account(facts, replace(account, compromised_since=update.act.at))


def _ended(facts: Facts, case: Case, rng: Random) -> Facts:
    act = rng.choice(case.uses).update.act
    return with_account(facts, replace(case.accounts[act.account], to=act.at))


def _wrong_role(facts: Facts, case: Case, rng: Random) -> Facts:
    act = rng.choice(case.steps).run.act
    return with_account(facts, replace(case.accounts[act.account], roles=Role.SITE))


def _accepted_late(facts: Facts, case: Case, _rng: Random) -> Facts:
    assert case.release is not None
    act = case.release.act
    late = replace(case.accounts[act.account], accepted_at=act.at + 1)
    return with_account(facts, late)


def _withdrawn(facts: Facts, case: Case, _rng: Random) -> Facts:
    assert case.release is not None
    withdrawal = Withdrawal(case.release.act, 3, b"\x44" * 32)
    return replace(facts, releases=(replace(case.release, withdrawal=withdrawal),))


def _no_round(facts: Facts, case: Case, _rng: Random) -> Facts:
    assert case.release is not None
    beyond = len(case.steps[0].run.rounds) + 1
    return with_release(facts, replace(case.release, round=beyond))


def _other_aggregate(facts: Facts, case: Case, _rng: Random) -> Facts:
    assert case.release is not None
    return with_release(facts, replace(case.release, aggregate=b"\x33" * 32))


def _own_release(facts: Facts, case: Case, _rng: Random) -> Facts:
    assert case.release is not None
    act = case.steps[0].run.act
    mine = replace(case.release.act, organisation=AGGREGATOR, account=act.account)
    both = replace(case.accounts[act.account], roles=Role.AGGREGATOR | Role.RELEASER)
    return with_account(with_release(facts, replace(case.release, act=mine)), both)


def _changed_round(case: Case, rng: Random, change: Callable[[Round], Round | None]) -> Run | None:
    step = rng.choice(case.steps)
    place = rng.randrange(len(step.rounds))
    changed = change(step.rounds[place])
    if changed is None:
        return None
    return replace(
        step.run, rounds=(*step.run.rounds[:place], changed, *step.run.rounds[place + 1 :])
    )


def _broken_base(facts: Facts, case: Case, rng: Random) -> Facts | None:
    run = _changed_round(case, rng, lambda closed: replace(closed, base=b"\x22" * 32))
    return None if run is None else with_run(facts, run)


def _other_base(facts: Facts, case: Case, rng: Random) -> Facts | None:
    def change(closed: Round) -> Round:
        site = min(closed.included)
        return replace(
            closed,
            updates=tuple(
                replace(u, base=b"\x21" * 32) if u.act.organisation == site else u
                for u in closed.updates
            ),
        )

    run = _changed_round(case, rng, change)
    return None if run is None else with_run(facts, run)


def _stranger(facts: Facts, case: Case, rng: Random) -> Facts | None:
    def change(closed: Round) -> Round:
        return replace(closed, participants=closed.participants - {min(closed.included)})

    run = _changed_round(case, rng, change)
    return None if run is None else with_run(facts, run)


def _hidden_attempt(facts: Facts, case: Case, rng: Random) -> Facts | None:
    def change(closed: Round) -> Round | None:
        repeated = [u for u in closed.updates if u.replaces is not None]
        if not repeated:
            return None
        hidden = repeated[0].replaces
        return replace(closed, updates=tuple(u for u in closed.updates if u.leaf != hidden))

    run = _changed_round(case, rng, change)
    return None if run is None else with_run(facts, run)


def _foreign_version(facts: Facts, case: Case, rng: Random) -> Facts | None:
    use = rng.choice(case.uses)
    others = [
        v
        for v in facts.versions
        if v.act.organisation != use.update.act.organisation
        and v.decisions
        and v.decisions[0].act.at < use.run.act.at
        and v.flags == VersionFlag.APPROVED
    ]
    if not others:
        return None
    foreign = rng.choice(others).id

    def change(update: Update) -> Update:
        return replace(update, version=foreign) if update.leaf == use.update.leaf else update

    rounds = tuple(
        replace(closed, updates=tuple(change(update) for update in closed.updates))
        for closed in use.run.rounds
    )
    return with_run(facts, replace(use.run, rounds=rounds))


def _other_origin(facts: Facts, case: Case, _rng: Random) -> Facts | None:
    run = case.steps[0].run
    if run.initial_kind is not InitialKind.PARENT:
        return None
    first = replace(run.rounds[0], base=b"\x20" * 32)
    updates = tuple(replace(u, base=b"\x20" * 32) for u in first.updates)
    rounds = (replace(first, updates=updates), *run.rounds[1:])
    return with_run(facts, replace(run, initial_model=b"\x20" * 32, rounds=rounds))


def _undeclared_origin(facts: Facts, case: Case, _rng: Random) -> Facts | None:
    run = case.steps[-1].run
    if run.initial_kind is not InitialKind.EXTERNAL:
        return None
    return with_run(facts, replace(run, origin=None))


def _forged_statement(facts: Facts, case: Case, rng: Random) -> Facts | None:
    """Without hashing anew: what the record says is not what the chain binds."""
    run = _changed_round(case, rng, lambda closed: replace(closed, statement=b"\x19" * 32))
    if run is None:
        return None
    return replace(facts, runs=tuple(run if r.id == run.id else r for r in facts.runs))


def _defect(apply: Break, *checks: str) -> Defect:
    return Defect(apply.__name__.strip("_"), frozenset(checks), apply)


DEFECTS = (
    _defect(_revoked, "versions.in_standing"),
    _defect(_qc_failed, "qc.passed"),
    _defect(_other_purpose, "purpose.same"),
    _defect(_ethics_expired, "ethics.not_expired"),
    _defect(_undeclared, "ethics.declared"),
    _defect(_rule_set_ended, "qc.rule_set_accepted"),
    _defect(_own_approval, "versions.approved_by_others", "accounts.valid"),
    _defect(_approved_late, "versions.usable_when_used"),
    _defect(_superseded_early, "versions.usable_when_used"),
    _defect(_compromised, "accounts.not_compromised"),
    _defect(_ended, "accounts.valid"),
    _defect(_wrong_role, "accounts.valid"),
    _defect(_accepted_late, "accounts.valid"),
    _defect(_withdrawn, "release.not_withdrawn"),
    _defect(_no_round, "release.names_aggregate", "rounds.chained"),
    _defect(_other_aggregate, "release.names_aggregate"),
    _defect(_own_release, "release.separated"),
    _defect(_broken_base, "rounds.chained"),
    _defect(_other_base, "rounds.chained"),
    _defect(_stranger, "participants.accounted"),
    _defect(_hidden_attempt, "participants.accounted"),
    _defect(_foreign_version, "updates.own_version"),
    _defect(_other_origin, "origin.initial_model"),
    _defect(_undeclared_origin, "origin.initial_model"),
    _defect(_forged_statement, "records.bound"),
)


def broken(facts: Facts, defect: Defect, seed: int) -> Facts | None:
    """The facts with one defect; None where this history offers no occasion for it."""
    return defect.apply(facts, case_of(facts, facts.as_of.time), Random(seed))
