"""Which of the facts about a digest a bundle is about: everything but the rounds still open.

No check of the verdict reads the updates of an open round, so they are not proved either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dragon_ledger.records import Act, DatasetVersion, Facts, Release, Run


def closed_only(facts: Facts) -> Facts:
    """The facts without updates of open rounds, and without who and what only these name."""
    runs = tuple(replace(run, open_updates=()) for run in facts.runs)
    used = versions_used(runs)
    versions = tuple(one for one in facts.versions if one.id in used)
    acts = list(acts_of(runs, versions, facts.releases))
    acting = {act.account for act in acts}
    members = {act.organisation for act in acts}
    rules = {one.rule_set for one in versions}
    return replace(
        facts,
        runs=runs,
        versions=versions,
        organisations=tuple(one for one in facts.organisations if one.number in members),
        accounts=tuple(one for one in facts.accounts if one.address in acting),
        rule_sets=tuple(one for one in facts.rule_sets if one.digest in rules),
    )


def versions_used(runs: Iterable[Run]) -> set[bytes]:
    """The versions that any update of a closed round names."""
    return {u.version for run in runs for closed in run.rounds for u in closed.updates}


def acts_of(
    runs: Iterable[Run], versions: Iterable[DatasetVersion], releases: Iterable[Release]
) -> Iterator[Act]:
    """Every act of these records."""
    for run in runs:
        yield run.act
        for closed in run.rounds:
            yield closed.act
            yield from (update.act for update in closed.updates)
        yield from (note.act for note in run.notes)
    for version in versions:
        yield version.act
        yield from (decision.act for decision in version.decisions)
    for release in releases:
        yield release.act
        if release.withdrawal is not None:
            yield release.withdrawal.act


def bound_digests(facts: Facts) -> Iterator[bytes]:
    """SHA-256 digests of documents that the facts bind and that may be shown.

    Ethics files and organisations' records may name people: they are left out.
    """
    for release in facts.releases:
        yield from (release.model_card, release.statement)
        if release.withdrawal is not None:
            yield release.withdrawal.statement
    for run in facts.runs:
        yield from (run.plan, run.purpose, run.statement)
        if run.origin is not None:
            yield run.origin
        yield from (note.statement for note in run.notes)
        for closed in run.rounds:
            yield closed.statement
            yield from (update.statement for update in closed.updates)
    for version in facts.versions:
        yield from (version.qc_report, version.rule_set)
        yield from (version.purpose, version.statement)
        yield from (decision.statement for decision in version.decisions)
