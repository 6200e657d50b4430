"""Do the records agree with the hashes that the contracts store?"""

from __future__ import annotations

from collections.abc import Iterator

from dragon_ledger.provenance import layout
from dragon_ledger.provenance.checks.registry import Rule, each
from dragon_ledger.provenance.lineage import Case, Step
from dragon_ledger.provenance.names import (
    hexed,
    release_node,
    round_node,
    run_node,
    update_node,
    version_node,
)
from dragon_ledger.provenance.results import Finding, Outcome
from dragon_ledger.records import Round, Run, Where


def _compare(subject: str, what: str, recorded: bytes, derived: bytes, where: Where) -> Finding:
    outcome = Outcome.PASS if recorded == derived else Outcome.FAIL
    expected = f"{what} {hexed(recorded)}"
    return Finding(outcome, subject, expected, f"its fields give {hexed(derived)}", where)


def _identifiers(case: Case) -> Iterator[Finding]:
    domain = layout.Domain(case.facts.as_of.chain_id, case.facts.addresses)
    if case.release is not None:
        release = case.release
        derived = layout.release_id(domain, release)
        subject, where = release_node(release.id), release.act.where
        yield _compare(subject, "the release's id", release.id, derived, where)
    for step in case.steps:
        run = step.run
        derived = layout.run_id(domain, run)
        yield _compare(run_node(run.id), "the run's id", run.id, derived, run.act.where)
    for identifier, version in case.used_versions():
        if version is not None:
            derived = layout.version_id(domain, version.act.organisation, version.commitment)
            subject, where = version_node(identifier), version.act.where
            yield _compare(subject, "the version's id", identifier, derived, where)


def _round_hashes(case: Case) -> Iterator[Finding]:
    for step in case.steps:
        yield _opening(case, step)
        previous = step.run.hash
        for closed in step.rounds:
            yield from _leaves(case, step.run, closed)
            subject, where = round_node(step.run.id, closed.number), closed.act.where
            derived = layout.round_hash(previous, step.run.id, closed)
            yield _compare(subject, "the round's hash", closed.hash, derived, where)
            previous = closed.hash


def _opening(case: Case, step: Step) -> Finding:
    run = step.run
    parent = None
    if run.parent_run is not None:
        parent = _hash_after(case.runs.get(run.parent_run), run.parent_round or 0)
    derived = layout.opening_hash(run, parent or bytes(32))
    return _compare(run_node(run.id), "the opening's hash", run.hash, derived, run.act.where)


def _hash_after(run: Run | None, number: int) -> bytes | None:
    if run is None:
        return None
    if number == 0:
        return run.hash
    return next((r.hash for r in run.rounds if r.number == number), None)


def _leaves(case: Case, run: Run, closed: Round) -> Iterator[Finding]:
    for update in closed.updates:
        version = case.versions.get(update.version)
        if version is None:
            expected = f"leaf {hexed(update.leaf)}"
            found = "it binds the number of a version that is not in the facts"
            subject, where = update_node(update.leaf), update.act.where
            yield Finding(Outcome.NOT_VERIFIABLE, subject, expected, found, where)
            continue
        derived = layout.update_leaf(update, version.number)
        yield _compare(update_node(update.leaf), "leaf", update.leaf, derived, update.act.where)
    subject = round_node(run.id, closed.number)
    derived = layout.leaves_hash(closed)
    yield _compare(subject, "the leaves' hash", closed.leaves_hash, derived, closed.act.where)


RULES = (
    Rule(
        "records.bound",
        "Every record agrees with the hash that the contracts store.",
        "A record disagrees with the hash that the contracts store.",
        "identifiers, leaves and round hashes follow from the recorded fields",
        each(_identifiers, _round_hashes),
    ),
)
