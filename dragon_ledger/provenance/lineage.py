"""What flowed into a model: the governing release, and the runs and rounds behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dragon_ledger.provenance.results import Presented
from dragon_ledger.records import (
    Account,
    DatasetVersion,
    Facts,
    Organisation,
    Release,
    Round,
    RuleSetAcceptance,
    Run,
    Update,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the lineage and the last of its rounds that counts."""

    run: Run
    up_to: int

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The rounds that flowed in, in order."""
        return tuple(r for r in self.run.rounds if r.number <= self.up_to)


@dataclass(frozen=True, slots=True)
class Use:
    """An update that went into an aggregate, with the version it names (None: not in the facts)."""

    run: Run
    round: Round
    update: Update
    version: DatasetVersion | None


@dataclass(frozen=True, slots=True)
class Case:
    """The facts, looked up by id, and the lineage of what is judged, newest run first."""

    facts: Facts
    now: int
    presented: Presented | None
    release: Release | None
    target: tuple[bytes, int] | None
    steps: tuple[Step, ...]
    missing_run: bytes | None
    uses: tuple[Use, ...]
    runs: dict[bytes, Run]
    versions: dict[bytes, DatasetVersion]
    organisations: dict[int, Organisation]
    accounts: dict[bytes, Account]
    rule_sets: dict[bytes, RuleSetAcceptance]
    updates: dict[bytes, Update]

    def used_versions(self) -> Iterator[tuple[bytes, DatasetVersion | None]]:
        """Every version that flowed in, once, in the order of its first use."""
        seen: set[bytes] = set()
        for use in self.uses:
            if use.update.version not in seen:
                seen.add(use.update.version)
                yield use.update.version, use.version


def governing(releases: tuple[Release, ...]) -> Release | None:
    """The earliest release that is not withdrawn; the earliest of all when every one is.

    So a later release never changes what an earlier one says (IModelRegistry).
    """
    earliest = releases[0] if releases else None
    return next((release for release in releases if release.withdrawal is None), earliest)


def attempts(updates: tuple[Update, ...]) -> dict[int, list[Update]]:
    """A round's commits by organisation, oldest first; the last of each counts."""
    found: dict[int, list[Update]] = {}
    for update in updates:
        found.setdefault(update.act.organisation, []).append(update)
    return found


def lineage(
    runs: dict[bytes, Run], target: tuple[bytes, int] | None
) -> tuple[tuple[Step, ...], bytes | None]:
    """The runs behind `target`, newest first, and the id of the first one that is not there.

    A parent that leads back to a run already seen ends the walk: no honest chain has one.
    """
    steps: list[Step] = []
    seen: set[bytes] = set()
    while target is not None and target[0] not in seen:
        identifier, up_to = target
        run = runs.get(identifier)
        if run is None:
            return tuple(steps), identifier
        seen.add(identifier)
        steps.append(Step(run, up_to))
        target = None if run.parent_run is None else (run.parent_run, run.parent_round or 0)
    return tuple(steps), None


def _uses(steps: tuple[Step, ...], versions: dict[bytes, DatasetVersion]) -> Iterator[Use]:
    for step in steps:
        for round_ in step.rounds:
            for organisation, commits in attempts(round_.updates).items():
                if organisation in round_.included:
                    last = commits[-1]
                    yield Use(step.run, round_, last, versions.get(last.version))


def case_of(facts: Facts, now: int, presented: Presented | None = None) -> Case:
    """Look everything up once, for all checks."""
    release = governing(facts.releases)
    target: tuple[bytes, int] | None = None
    if release is not None:
        target = (release.run, release.round)
    elif facts.origins:
        target = (facts.origins[0].run, facts.origins[0].round)
    runs = {run.id: run for run in facts.runs}
    versions = {version.id: version for version in facts.versions}
    steps, missing = lineage(runs, target)
    return Case(
        facts=facts,
        now=now,
        presented=presented,
        release=release,
        target=target,
        steps=steps,
        missing_run=missing,
        uses=tuple(_uses(steps, versions)),
        runs=runs,
        versions=versions,
        organisations={o.number: o for o in facts.organisations},
        accounts={a.address: a for a in facts.accounts},
        rule_sets={r.digest: r for r in facts.rule_sets},
        updates={u.leaf: u for step in steps for closed in step.rounds for u in closed.updates},
    )
