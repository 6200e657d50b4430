"""Is the digest known, and does a release that stands speak for it?"""

from __future__ import annotations

from collections.abc import Iterator

from dragon_ledger.provenance.checks.registry import Rule
from dragon_ledger.provenance.lineage import Case
from dragon_ledger.provenance.names import (
    digest_node,
    moment,
    release_node,
    round_node,
    run_node,
    short,
)
from dragon_ledger.provenance.reasons import withdrawal_reason
from dragon_ledger.provenance.results import Finding, Outcome
from dragon_ledger.records import Round, Where


def _absent(case: Case) -> Outcome:
    """What it means that something is not recorded: nothing, when the state is not the newest."""
    return Outcome.FAIL if case.facts.as_of.stale_reason is None else Outcome.NOT_VERIFIABLE


def _known(case: Case) -> Iterator[Finding]:
    subject = digest_node(case.facts.digest)
    expected = "the digest is recorded as a released file, a released model or an aggregate"
    if case.release is not None:
        found = f"release {short(case.release.id)} of run {short(case.release.run)}"
        at = release_node(case.release.id)
        yield Finding(Outcome.PASS, subject, expected, found, case.release.act.where, at)
    elif case.facts.origins:
        origin = case.facts.origins[0]
        found = f"aggregate of round {origin.round} of run {short(origin.run)}, never released"
        at = round_node(origin.run, origin.round)
        yield Finding(Outcome.PASS, subject, expected, found, _closing(case), at)
    else:
        where = Where("ModelRegistry", case.facts.as_of.block)
        found = f"nothing recorded up to block {case.facts.as_of.block}"
        yield Finding(_absent(case), subject, expected, found, where)


def _closing(case: Case) -> Where | None:
    closed = _named_round(case)
    return None if closed is None else closed.act.where


def _named_round(case: Case) -> Round | None:
    """The closed round that the release or the origin names."""
    if case.target is None:
        return None
    run = case.runs.get(case.target[0])
    rounds = run.rounds if run is not None else ()
    return next((r for r in rounds if r.number == case.target[1]), None)


def _released(case: Case) -> Iterator[Finding]:
    expected = "a release authority released this model"
    if case.release is not None:
        at = moment(case.release.act.at)
        found = f"released by organisation {case.release.act.organisation} at {at}"
        where = case.release.act.where
        yield Finding(Outcome.PASS, release_node(case.release.id), expected, found, where)
        return
    subject = digest_node(case.facts.digest)
    if case.target is not None:
        subject = round_node(*case.target)
    where = Where("ModelRegistry", case.facts.as_of.block)
    yield Finding(_absent(case), subject, expected, "no release is recorded", where)


def _not_withdrawn(case: Case) -> Iterator[Finding]:
    if case.release is None:
        return
    subject, expected = release_node(case.release.id), "the release has not been withdrawn"
    withdrawal = case.release.withdrawal
    if withdrawal is None:
        yield Finding(Outcome.PASS, subject, expected, "not withdrawn", case.release.act.where)
        return
    words = withdrawal_reason(withdrawal.reason)
    found = f"withdrawn at {moment(withdrawal.act.at)}: {words} (reason {withdrawal.reason})"
    yield Finding(Outcome.FAIL, subject, expected, found, withdrawal.act.where)


def _names_aggregate(case: Case) -> Iterator[Finding]:
    release = case.release
    if release is None or release.run not in case.runs:
        return
    subject, at = release_node(release.id), round_node(release.run, release.round)
    expected = f"the released model is the aggregate of closed round {release.round}"
    closed = _named_round(case)
    if closed is None:
        found = f"run {short(release.run)} has no closed round {release.round}"
        yield Finding(Outcome.FAIL, subject, expected, found, release.act.where)
    elif closed.aggregate != release.aggregate:
        found = f"that round's aggregate is {closed.aggregate.hex()}"
        yield Finding(Outcome.FAIL, subject, expected, found, closed.act.where, at)
    else:
        yield Finding(Outcome.PASS, subject, expected, "it is", closed.act.where, at)


def _separated(case: Case) -> Iterator[Finding]:
    release = case.release
    run = case.runs.get(release.run) if release is not None else None
    if release is None or run is None:
        return
    expected = f"released by another organisation than the aggregator's ({run.act.organisation})"
    found = f"released by organisation {release.act.organisation}"
    same = release.act.organisation == run.act.organisation
    outcome = Outcome.FAIL if same else Outcome.PASS
    yield Finding(outcome, release_node(release.id), expected, found, release.act.where)


def _holds_aggregate(case: Case) -> Iterator[Finding]:
    """A released file's digest is the releaser's claim; reading the file is what proves it."""
    release, presented = case.release, case.presented
    if release is None:
        return
    subject = release_node(release.id)
    expected = f"the file holds the aggregate {release.aggregate.hex()}"
    where = release.act.where
    if not _matched_by_file(case):
        found = "asked by the content digest, which is the aggregate's"
        yield Finding(Outcome.PASS, subject, expected, found, where)
    elif presented is None or presented.content is None:
        why = presented.content_error if presented is not None else "only its digest was presented"
        yield Finding(Outcome.NOT_VERIFIABLE, subject, expected, f"not read: {why}", where)
    elif presented.content == release.aggregate:
        yield Finding(Outcome.PASS, subject, expected, "it does", where)
    else:
        found = f"the file's content digest is {presented.content.hex()}"
        yield Finding(Outcome.FAIL, subject, expected, found, where)


def _matched_by_file(case: Case) -> bool:
    release = case.release
    return (
        release is not None
        and case.facts.digest == release.file_digest
        and case.facts.digest != release.aggregate
    )


def _holds_required(case: Case) -> bool:
    return case.presented is not None and _matched_by_file(case)


def matched_by(case: Case) -> str | None:
    """Which recorded digest answers to the one asked for: `content`, `file`, or neither."""
    if _matched_by_file(case):
        return "file"
    return None if case.target is None else "content"


def _trace_complete(case: Case) -> Iterator[Finding]:
    expected = "every run that the lineage names is in the facts"
    if case.missing_run is not None:
        found = f"run {short(case.missing_run)} is missing from the {case.facts.as_of.source} facts"
        subject = run_node(case.missing_run)
        yield Finding(Outcome.NOT_VERIFIABLE, subject, expected, found)
    for step in case.steps:
        found = f"run {short(step.run.id)} up to round {step.up_to}"
        yield Finding(Outcome.PASS, run_node(step.run.id), expected, found, step.run.act.where)


def _current(case: Case) -> Iterator[Finding]:
    as_of = case.facts.as_of
    subject = digest_node(case.facts.digest)
    expected = "the facts are those of the newest final block"
    if as_of.stale_reason is not None:
        found = f"last known state is block {as_of.block} ({moment(as_of.time)}): "
        where = Where("chain", as_of.block)
        finding = found + as_of.stale_reason
        yield Finding(Outcome.NOT_VERIFIABLE, subject, expected, finding, where)
    else:
        found = f"block {as_of.block} ({moment(as_of.time)})"
        yield Finding(Outcome.PASS, subject, expected, found, Where("chain", as_of.block))


def _sealed(case: Case) -> Iterator[Finding]:
    as_of = case.facts.as_of
    subject = digest_node(case.facts.digest)
    expected = "the block is sealed by a quorum of the validators"
    where = Where("chain", as_of.block)
    if as_of.seals.verified is None:
        found = as_of.seals.detail or (
            "a node with a single operator carries no validators' seals:"
            " the state is that operator's word"
        )
        yield Finding(Outcome.NOT_VERIFIABLE, subject, expected, found, where)
        return
    signers, validators = len(as_of.seals.signers), len(as_of.seals.validators)
    found = as_of.seals.detail or f"{signers} of {validators} validators sealed it"
    outcome = Outcome.PASS if as_of.seals.verified else Outcome.FAIL
    yield Finding(outcome, subject, expected, found, where)


def _sealed_required(case: Case) -> bool:
    """Offline evidence stands on its seals alone; a live source shows the check (ADR 0060).

    Who accepts a checkpoint takes an operator's word for the seals; the check then says so.
    """
    if case.facts.as_of.seals.accepted:
        return False
    return case.facts.as_of.source == "bundle" or case.facts.as_of.seals.verified is not None


RULES = (
    Rule(
        "digest.known",
        "The digest is known.",
        "The digest is not known.",
        "the digest is recorded",
        _known,
    ),
    Rule(
        "release.exists",
        "The model was released.",
        "The model was never released.",
        "a release is recorded",
        _released,
    ),
    Rule(
        "release.not_withdrawn",
        "The release has not been withdrawn.",
        "The release was withdrawn.",
        "no withdrawal is recorded",
        _not_withdrawn,
    ),
    Rule(
        "release.names_aggregate",
        "The released model is the aggregate of a closed round.",
        "The released model is not the aggregate of the round that it names.",
        "the released digest is that round's aggregate",
        _names_aggregate,
    ),
    Rule(
        "release.separated",
        "Who aggregated did not release.",
        "The organisation that aggregated released the model itself.",
        "releaser and aggregator are different organisations",
        _separated,
    ),
    Rule(
        "file.holds_aggregate",
        "The presented file holds the released model.",
        "The presented file does not hold the released model.",
        "the file's content digest is the released aggregate",
        _holds_aggregate,
        _holds_required,
    ),
    Rule(
        "trace.complete",
        "The trace reaches every origin.",
        "The trace is cut off before its origin.",
        "every run of the lineage is in the facts",
        _trace_complete,
    ),
)
STATE_RULES = (
    Rule(
        "state.current",
        "The facts are current.",
        "The facts are out of date.",
        "the newest final block",
        _current,
    ),
    Rule(
        "state.sealed",
        "The state is sealed by a quorum of validators.",
        "The state is not sealed by a quorum of validators.",
        "seals of at least two thirds of the validators",
        _sealed,
        _sealed_required,
    ),
)
