"""Was every account entitled to its act when it acted, and are none compromised?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dragon_ledger.provenance.checks.registry import Rule
from dragon_ledger.provenance.lineage import Case
from dragon_ledger.provenance.names import (
    hexed,
    moment,
    release_node,
    round_node,
    run_node,
    short,
    update_node,
    version_node,
)
from dragon_ledger.provenance.results import Finding, Outcome
from dragon_ledger.records import Account, Act, DecisionKind, Role, VersionFlag


@dataclass(frozen=True, slots=True)
class Deed:
    """An act that the lineage rests on, and the role that it asks for."""

    subject: str
    what: str
    act: Act
    role: Role


def deeds(case: Case) -> Iterator[Deed]:
    """Every act that the model rests on, from the release to the approvals of the data."""
    if case.release is not None:
        subject = release_node(case.release.id)
        yield Deed(subject, "the release", case.release.act, Role.RELEASER)
    for step in case.steps:
        run = step.run
        yield Deed(run_node(run.id), f"opening run {short(run.id)}", run.act, Role.AGGREGATOR)
        for closed in step.rounds:
            what = f"closing round {closed.number} of run {short(run.id)}"
            yield Deed(round_node(run.id, closed.number), what, closed.act, Role.AGGREGATOR)
    for use in case.uses:
        what = f"the update of round {use.round.number} of run {short(use.run.id)}"
        yield Deed(update_node(use.update.leaf), what, use.update.act, Role.SITE)
    yield from _data_deeds(case)


def _data_deeds(case: Case) -> Iterator[Deed]:
    for identifier, version in case.used_versions():
        if version is None:
            continue
        subject, name = version_node(identifier), f"version {short(identifier)}"
        yield Deed(subject, f"the registration of {name}", version.act, Role.SITE)
        for decision in version.decisions:
            if decision.kind in (DecisionKind.APPROVE, DecisionKind.REINSTATE):
                what = f"decision {decision.kind.name} on {name}"
                yield Deed(subject, what, decision.act, Role.REVIEWER)


def _why_not(account: Account, deed: Deed) -> str | None:
    """Why the account was not entitled to the act; None when it was. Periods are half open."""
    act = deed.act
    if account.organisation != act.organisation:
        return f"the account acts for organisation {account.organisation}"
    if account.accepted_at is None:
        return "the account never accepted its enrolment"
    if act.at < account.accepted_at:
        return f"the account is valid from {moment(account.accepted_at)} only"
    if account.to is not None and act.at >= account.to:
        return f"the account ended at {moment(account.to)}"
    if deed.role not in account.roles:
        return f"the account has no role {deed.role.name}"
    return None


def _valid(case: Case) -> Iterator[Finding]:
    for deed in deeds(case):
        act = deed.act
        who = f"account {hexed(act.account)} of organisation {act.organisation}"
        expected = f"{who} may act as {deed.role.name} at {moment(act.at)} for {deed.what}"
        account = case.accounts.get(act.account)
        if account is None:
            found, outcome = "the account is not in the facts", Outcome.NOT_VERIFIABLE
            yield Finding(outcome, deed.subject, expected, found, act.where)
            continue
        why = _why_not(account, deed)
        outcome = Outcome.PASS if why is None else Outcome.FAIL
        yield Finding(outcome, deed.subject, expected, why or "it may", act.where)


def _not_compromised(case: Case) -> Iterator[Finding]:
    for deed in deeds(case):
        account = case.accounts.get(deed.act.account)
        if account is None:
            continue
        expected = f"the account of {deed.what} was not compromised at {moment(deed.act.at)}"
        since = account.compromised_since
        if since is None:
            found, outcome = "not marked as compromised", Outcome.PASS
        else:
            found = f"account {hexed(account.address)} is compromised since {moment(since)}"
            outcome = Outcome.FAIL if deed.act.at >= since else Outcome.PASS
        yield Finding(outcome, deed.subject, expected, found, deed.act.where)


def _approved_by_others(case: Case) -> Iterator[Finding]:
    for identifier, version in case.used_versions():
        if version is None:
            continue
        owner = version.act.organisation
        expected = f"approved by another organisation than its own ({owner})"
        subject = version_node(identifier)
        approvals = [d for d in version.decisions if d.kind is DecisionKind.APPROVE]
        own = [d for d in approvals if d.act.organisation == owner]
        if own:
            found, where = "its own organisation approved it", own[0].act.where
            yield Finding(Outcome.FAIL, subject, expected, found, where)
        elif not any(VersionFlag.APPROVED in d.flags for d in approvals):
            found = f"{len(approvals)} approvals, not enough to be approved"
            yield Finding(Outcome.FAIL, subject, expected, found, version.act.where)
        else:
            names = ", ".join(str(d.act.organisation) for d in approvals)
            found = f"approved by organisations {names}"
            yield Finding(Outcome.PASS, subject, expected, found, approvals[-1].act.where)


RULES = (
    Rule(
        "accounts.valid",
        "Every account was entitled to its act when it acted.",
        "An account was not entitled to its act.",
        "enrolled, accepted, not ended, with the role that the act asks for",
        _valid,
    ),
    Rule(
        "accounts.not_compromised",
        "No act was made by a compromised account.",
        "A compromised account acted.",
        "no account was compromised when it acted",
        _not_compromised,
    ),
    Rule(
        "versions.approved_by_others",
        "Every dataset version was approved by another organisation.",
        "A dataset version was not approved by another organisation.",
        "enough approvals, none of them its own",
        _approved_by_others,
    ),
)
