"""Where the initial model came from, and whether every round follows from the one before."""

from __future__ import annotations

from collections.abc import Iterator

from dragon_ledger.provenance.checks.registry import Rule
from dragon_ledger.provenance.lineage import Case, Step, attempts
from dragon_ledger.provenance.names import round_node, run_node, short, update_node
from dragon_ledger.provenance.results import Finding, Outcome
from dragon_ledger.records import InitialKind, Round, Run


def model_after(run: Run, number: int) -> bytes | None:
    """The global model after a round; after round 0 it is the initial model."""
    if number == 0:
        return run.initial_model
    return next((r.aggregate for r in run.rounds if r.number == number), None)


def _origin(case: Case) -> Iterator[Finding]:
    for step in case.steps:
        run = step.run
        subject = round_node(run.id, 0)
        if run.initial_kind is InitialKind.PARENT:
            yield _from_parent(case, step)
            continue
        expected = f"kind {run.initial_kind.name} names no parent"
        if run.parent_run is not None:
            found = f"it names run {short(run.parent_run)}"
            yield Finding(Outcome.FAIL, subject, expected, found, run.act.where)
        elif run.initial_kind is InitialKind.EXTERNAL and run.origin is None:
            expected = "an EXTERNAL initial model carries the digest of a declaration"
            yield Finding(Outcome.FAIL, subject, expected, "none is recorded", run.act.where)
        else:
            yield Finding(Outcome.PASS, subject, expected, _kind_words(run), run.act.where)


def _kind_words(run: Run) -> str:
    if run.initial_kind is InitialKind.SEEDED:
        return f"seeded: anyone can recompute it from plan {run.plan.hex()}"
    return f"external: declared by document {(run.origin or b'').hex()}"


def _from_parent(case: Case, step: Step) -> Finding:
    run = step.run
    subject = round_node(run.id, 0)
    expected = "the initial model is the parent round's model"
    if run.parent_run is None or run.parent_round is None:
        return Finding(Outcome.FAIL, subject, expected, "no parent is named", run.act.where)
    parent = case.runs.get(run.parent_run)
    if parent is None:
        found = f"parent run {short(run.parent_run)} is not in the facts"
        return Finding(Outcome.NOT_VERIFIABLE, subject, expected, found, run.act.where)
    model = model_after(parent, run.parent_round)
    if model is None:
        found = f"parent run {short(parent.id)} has no closed round {run.parent_round}"
        return Finding(Outcome.FAIL, subject, expected, found, run.act.where)
    name = f"the model of round {run.parent_round} of run {short(parent.id)}"
    if model != run.initial_model:
        found = f"{name} is {model.hex()}, the initial model {run.initial_model.hex()}"
        return Finding(Outcome.FAIL, subject, expected, found, run.act.where)
    return Finding(Outcome.PASS, subject, expected, f"it is {name}", run.act.where)


def _chained(case: Case) -> Iterator[Finding]:
    for step in case.steps:
        previous = step.run.initial_model
        for position, closed in enumerate(step.rounds, start=1):
            yield _follows(step.run, closed, position, previous)
            previous = closed.aggregate
        if len(step.rounds) < step.up_to:
            expected = f"{step.up_to} closed rounds of run {short(step.run.id)}"
            found = f"{len(step.rounds)} closed rounds"
            subject = run_node(step.run.id)
            yield Finding(Outcome.FAIL, subject, expected, found, step.run.act.where)


def _follows(run: Run, closed: Round, position: int, previous: bytes) -> Finding:
    subject = round_node(run.id, closed.number)
    expected = f"round {position} starts from {previous.hex()}"
    where = closed.act.where
    if closed.number != position:
        found = f"round {closed.number} is in its place"
        return Finding(Outcome.FAIL, subject, expected, found, where)
    if closed.base != previous:
        found = f"its base is {closed.base.hex()}"
        return Finding(Outcome.FAIL, subject, expected, found, where)
    wrong = [
        commits[-1]
        for organisation, commits in attempts(closed.updates).items()
        if organisation in closed.included and commits[-1].base != closed.base
    ]
    if wrong:
        found = f"organisation {wrong[0].act.organisation} started from {wrong[0].base.hex()}"
        return Finding(Outcome.FAIL, update_node(wrong[0].leaf), expected, found, where, subject)
    return Finding(Outcome.PASS, subject, expected, "it does", where)


def _participants(case: Case) -> Iterator[Finding]:
    for step in case.steps:
        for closed in step.rounds:
            yield _accounted(step.run, closed)
            yield from _attempts_chained(closed)


def _accounted(run: Run, closed: Round) -> Finding:
    subject = round_node(run.id, closed.number)
    committed = frozenset(attempts(closed.updates))
    expected = "at least one update went in, each of a participant that committed one"
    where = closed.act.where
    strangers = sorted(committed - closed.participants)
    unproven = sorted(closed.included - committed)
    if not closed.included:
        found = "no update went in"
        return Finding(Outcome.FAIL, subject, expected, found, where)
    if strangers:
        found = f"organisations {strangers} committed and are no participants"
        return Finding(Outcome.FAIL, subject, expected, found, where)
    if unproven:
        found = f"no update is recorded for organisations {unproven} that went in"
        return Finding(Outcome.FAIL, subject, expected, found, where)
    absent = len(closed.participants - committed)
    left_out = len(committed - closed.included)
    found = f"{len(closed.included)} went in, {absent} absent, {left_out} left out"
    return Finding(Outcome.PASS, subject, expected, found, where)


def _attempts_chained(closed: Round) -> Iterator[Finding]:
    """A site's later attempt binds the leaf that it replaces, so no attempt can be hidden."""
    expected = "every repeated update names the one that it replaces"
    for commits in attempts(closed.updates).values():
        previous = None
        for update in commits:
            if update.replaces != previous:
                found = "it names " + (
                    "none" if update.replaces is None else short(update.replaces)
                )
                subject = update_node(update.leaf)
                yield Finding(Outcome.FAIL, subject, expected, found, update.act.where)
            previous = update.leaf


RULES = (
    Rule(
        "origin.initial_model",
        "The origin of every initial model is recorded.",
        "The origin of an initial model is not as recorded.",
        "a parent round's model, a seed, or a declared external origin",
        _origin,
    ),
    Rule(
        "rounds.chained",
        "Every round starts from the aggregate of the one before.",
        "A round does not start from the aggregate of the one before.",
        "each base is the previous aggregate",
        _chained,
    ),
    Rule(
        "participants.accounted",
        "Every participant of every round is accounted for.",
        "A participant of a round is not accounted for.",
        "went in, absent or left out; no attempt hidden",
        _participants,
    ),
)
