"""May every dataset version that flowed in have been used, and does it still stand?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from dragon_ledger.provenance.checks.registry import Rule, each
from dragon_ledger.provenance.lineage import Case, Use
from dragon_ledger.provenance.names import (
    moment,
    release_node,
    round_node,
    run_node,
    short,
    update_node,
    version_node,
)
from dragon_ledger.provenance.reasons import DECISION_WORDS, version_reason
from dragon_ledger.provenance.results import Finding, Outcome
from dragon_ledger.records import (
    DatasetVersion,
    Decision,
    DecisionKind,
    Declaration,
    RuleSetAcceptance,
    VersionFlag,
)

ENDED = VersionFlag.SUPERSEDED | VersionFlag.RETIRED


def _missing(use: Use, expected: str) -> Finding:
    found = f"version {short(use.update.version)} is not in the facts"
    subject = update_node(use.update.leaf)
    return Finding(Outcome.NOT_VERIFIABLE, subject, expected, found, use.update.act.where)


def _own(case: Case) -> Iterator[Finding]:
    for use in case.uses:
        site = use.update.act.organisation
        expected = f"the update of organisation {site} names a version of its own"
        if use.version is None:
            yield _missing(use, expected)
            continue
        owner = use.version.act.organisation
        outcome = Outcome.PASS if owner == site else Outcome.FAIL
        found = f"version {short(use.version.id)} is of organisation {owner}"
        yield Finding(outcome, update_node(use.update.leaf), expected, found, use.update.act.where)


def states_at(version: DatasetVersion, at: int) -> list[VersionFlag]:
    """The states that a version had in the second `at`: several when decisions fell into it.

    A block's timestamp orders acts between blocks, not within one; what the contract let happen
    in that second is not held against anyone here.
    """
    states = [VersionFlag(0)]
    for decision in version.decisions:
        if decision.act.at < at:
            states = [decision.flags]
        elif decision.act.at == at:
            states.append(decision.flags)
    return states


def stands(flags: VersionFlag) -> bool:
    """Was approved and is not revoked."""
    return VersionFlag.APPROVED in flags and VersionFlag.REVOKED not in flags


def ended_at(version: DatasetVersion) -> int | None:
    """When the version was superseded or retired, whichever came first."""
    ends = [d.act.at for d in version.decisions if d.flags & ENDED]
    return min(ends, default=None)


def _why_not_usable(use: Use, version: DatasetVersion) -> str | None:
    """A version may be used while it stands, if it had not ended when the run was opened."""
    at = use.update.act.at
    if at < version.act.at:
        return f"it was registered at {moment(version.act.at)}, later"
    if not any(stands(flags) for flags in states_at(version, at)):
        return "it was not approved, or revoked"
    ended = ended_at(version)
    if ended is not None and ended <= use.run.act.at and ended < at:
        return f"it had ended at {moment(ended)}, before the run was opened"
    return None


def _usable(case: Case) -> Iterator[Finding]:
    for use in case.uses:
        update = use.update
        expected = f"version {short(update.version)} could be used at {moment(update.act.at)}"
        if use.version is None:
            yield _missing(use, expected)
            continue
        why = _why_not_usable(use, use.version)
        outcome = Outcome.PASS if why is None else Outcome.FAIL
        subject = update_node(update.leaf)
        yield Finding(outcome, subject, expected, why or "it could", update.act.where)
        yield from _stood_later(case, use, use.version)


def _stood_later(case: Case, use: Use, version: DatasetVersion) -> Iterator[Finding]:
    """Standing was asked for again when the round closed and when the model was released."""
    closed = round_node(use.run.id, use.round.number)
    later = [("its round closed", closed, use.round.act)]
    if case.release is not None:
        released = release_node(case.release.id)
        later.append(("the model was released", released, case.release.act))
    for what, at, act in later:
        if not any(stands(flags) for flags in states_at(version, act.at)):
            expected = f"version {short(version.id)} was in standing when {what}"
            subject = version_node(version.id)
            yield Finding(Outcome.FAIL, subject, expected, "it was not", act.where, at)


def last_revocation(version: DatasetVersion) -> Decision | None:
    """The revocation that holds now, None when none does."""
    if VersionFlag.REVOKED not in version.flags:
        return None
    revocations = [d for d in version.decisions if d.kind is DecisionKind.REVOKE]
    return revocations[-1] if revocations else None


def _standing(case: Case) -> Iterator[Finding]:
    for identifier, version in case.used_versions():
        subject = version_node(identifier)
        expected = f"version {short(identifier)} is in standing now"
        if version is None:
            found = "the version is not in the facts"
            yield Finding(Outcome.NOT_VERIFIABLE, subject, expected, found)
            continue
        if version.in_standing:
            where = version.decisions[-1].act.where
            yield Finding(Outcome.PASS, subject, expected, "it is", where)
            continue
        found, where = _fallen(version), version.act.where
        if version.decisions:
            where = (last_revocation(version) or version.decisions[-1]).act.where
        yield Finding(Outcome.FAIL, subject, expected, found, where)


def _fallen(version: DatasetVersion) -> str:
    name = f"version {short(version.id)} (number {version.number}) of organisation "
    name += str(version.act.organisation)
    revocation = last_revocation(version)
    if revocation is None:
        return f"{name} was never approved"
    verb = DECISION_WORDS[revocation.kind]
    return (
        f"{name} is {verb} since {moment(revocation.act.at)}"
        f" by organisation {revocation.act.organisation}:"
        f" {version_reason(revocation.reason)} (reason {revocation.reason})"
    )


def _qc(case: Case) -> Iterator[Finding]:
    for identifier, version in case.used_versions():
        if version is None:
            continue
        expected = "the quality check passed"
        found = "it passed" if version.qc_passed else "it failed"
        outcome = Outcome.PASS if version.qc_passed else Outcome.FAIL
        yield Finding(outcome, version_node(identifier), expected, found, version.act.where)


def _rule_set(case: Case) -> Iterator[Finding]:
    for identifier, version in case.used_versions():
        if version is None:
            continue
        subject = version_node(identifier)
        for decision in version.decisions:
            if decision.kind is not DecisionKind.APPROVE:
                continue
            at = decision.act.at
            name = version.rule_set.hex()[:8]
            expected = f"rule set {name} was accepted at the approval, {moment(at)}"
            acceptance = case.rule_sets.get(version.rule_set)
            why = _why_not_accepted(acceptance, at)
            outcome = Outcome.PASS if why is None else Outcome.FAIL
            where = decision.act.where
            yield Finding(outcome, subject, expected, why or "it was accepted", where)


def _why_not_accepted(acceptance: RuleSetAcceptance | None, at: int) -> str | None:
    if acceptance is None:
        return "the consortium never accepted it"
    if at < max(acceptance.accepted_at, acceptance.valid_from):
        return f"it is accepted from {moment(max(acceptance.accepted_at, acceptance.valid_from))}"
    if acceptance.valid_to is not None and at >= acceptance.valid_to:
        return f"its acceptance ended at {moment(acceptance.valid_to)}"
    return None


def _declared(case: Case) -> Iterator[Finding]:
    for identifier, version in case.used_versions():
        acceptance = None if version is None else case.rule_sets.get(version.rule_set)
        if version is None or acceptance is None:
            continue
        missing = acceptance.declarations & ~version.declarations
        expected = f"declarations {_names(acceptance.declarations)}"
        found = f"missing: {_names(missing)}" if missing else "all are declared"
        outcome = Outcome.FAIL if missing else Outcome.PASS
        yield Finding(outcome, version_node(identifier), expected, found, version.act.where)


def _names(declarations: Declaration) -> str:
    return ", ".join(item.name or "" for item in declarations) or "none"


def _ethics(case: Case) -> Iterator[Finding]:
    for use in case.uses:
        if use.version is None:
            continue
        at, expiry = use.update.act.at, use.version.ethics_expiry
        expected = f"the ethics approval had not expired at the update, {moment(at)}"
        outcome = Outcome.FAIL if expiry and at >= expiry else Outcome.PASS
        found = f"it expires at {moment(expiry)}" if expiry else "it names no expiry"
        yield Finding(outcome, update_node(use.update.leaf), expected, found, use.update.act.where)


def _purpose(case: Case) -> Iterator[Finding]:
    for use in case.uses:
        if use.version is None:
            continue
        expected = f"the version's purpose is the run's, {use.run.purpose.hex()[:8]}"
        same = use.version.purpose == use.run.purpose
        found = "it is" if same else f"it is {use.version.purpose.hex()[:8]}"
        outcome = Outcome.PASS if same else Outcome.FAIL
        yield Finding(outcome, update_node(use.update.leaf), expected, found, use.update.act.where)


def _same_line(case: Case) -> Iterator[Finding]:
    """A run that goes on from another serves the same purpose."""
    for child, parent in pairwise(case.steps):
        expected = f"run {short(child.run.id)} has its parent's purpose"
        same = child.run.purpose == parent.run.purpose
        found = "it has" if same else f"the parent's is {parent.run.purpose.hex()[:8]}"
        outcome = Outcome.PASS if same else Outcome.FAIL
        yield Finding(outcome, run_node(child.run.id), expected, found, child.run.act.where)


RULES = (
    Rule(
        "updates.own_version",
        "Every update was made from a dataset version of its own site.",
        "An update was made from another site's dataset version.",
        "version and update are of the same organisation",
        _own,
    ),
    Rule(
        "versions.usable_when_used",
        "Every dataset version could be used when it was used.",
        "A dataset version was used when it could not be used.",
        "approved, not revoked, not ended before its run was opened",
        _usable,
    ),
    Rule(
        "versions.in_standing",
        "Every dataset version is in standing now.",
        "A dataset version is not in standing now.",
        "approved and not revoked",
        _standing,
    ),
    Rule(
        "qc.passed",
        "Every dataset version passed the quality check.",
        "A dataset version failed the quality check.",
        "passed",
        _qc,
    ),
    Rule(
        "qc.rule_set_accepted",
        "Every quality check was made by a rule set that the consortium accepted.",
        "A quality check was made by a rule set that was not accepted.",
        "accepted when the version was approved",
        _rule_set,
    ),
    Rule(
        "ethics.declared",
        "Every dataset version carries the declarations that its rule set requires.",
        "A dataset version lacks a declaration that its rule set requires.",
        "all required declarations",
        _declared,
    ),
    Rule(
        "ethics.not_expired",
        "No ethics approval had expired when its data were used.",
        "An ethics approval had expired when its data were used.",
        "used before the expiry",
        _ethics,
    ),
    Rule(
        "purpose.same",
        "Every dataset version was used for the purpose it was given for.",
        "A dataset version was used for another purpose than it was given for.",
        "version, run and parent run name the same purpose",
        each(_purpose, _same_line),
    ),
)
