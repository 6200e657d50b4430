"""The verdict against honest histories, histories with one defect, and a naive walk."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dragon_ledger.provenance.lineage import case_of
from dragon_ledger.provenance.results import Answer, Outcome, Presented, Verdict
from dragon_ledger.provenance.verdict import RULES, judge
from dragon_ledger.records import DecisionKind, Facts, Seals, Source, VersionFlag
from tests.provenance.defects import DEFECTS, Defect, broken, decision, used, with_version
from tests.provenance.histories import REVIEWER, SECOND_REVIEWER, honest
from tests.provenance.oracle import violations

SEEDS = st.integers(0, 10**9)


def failing(verdict: Verdict) -> set[str]:
    return {check.id for check in verdict.checks if check.outcome is Outcome.FAIL}


def facts_of(seed: int) -> Facts:
    history, release = honest(seed)
    return history.facts(release.aggregate)


def judged(facts: Facts) -> Verdict:
    return judge(facts, facts.as_of.time)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_an_honest_history_is_valid(seed: int) -> None:
    facts = facts_of(seed)
    verdict = judged(facts)
    not_passed = [check.id for check in verdict.checks if check.outcome is not Outcome.PASS]
    assert not_passed == ["state.sealed"]
    assert verdict.answer is Answer.VALID
    assert violations(facts) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_is_found_by_its_check_and_by_no_other(defect: Defect) -> None:
    occasions = 0
    for seed in range(30):
        facts = broken(facts_of(seed), defect, seed)
        if facts is None:
            continue
        occasions += 1
        verdict = judged(facts)
        assert failing(verdict) == defect.checks, verdict.summary
        assert verdict.answer is Answer.NOT_VALID
        assert violations(facts)
    assert occasions > 0


@given(SEEDS, st.lists(st.sampled_from(DEFECTS), min_size=0, max_size=3))
@settings(max_examples=150, deadline=None)
def test_the_answer_is_that_of_a_naive_walk(seed: int, defects: list[Defect]) -> None:
    facts = facts_of(seed)
    for position, defect in enumerate(defects):
        facts = broken(facts, defect, seed + position) or facts
    assert (judged(facts).answer is Answer.VALID) == (violations(facts) == [])


def test_every_check_can_fail() -> None:
    """Of every check but those of the source's own state some defect is known here."""
    elsewhere = {
        "digest.known",
        "release.exists",
        "file.holds_aggregate",
        "trace.complete",
        "state.current",
        "state.sealed",
    }
    found = set().union(*(defect.checks for defect in DEFECTS))
    assert found | elsewhere == {rule.id for rule in RULES}


def test_an_unknown_digest_is_not_valid() -> None:
    history, _ = honest(1)
    verdict = judged(history.facts(b"\x99" * 32))
    assert failing(verdict) == {"digest.known", "release.exists"}
    assert verdict.matched_by is None


def test_an_unknown_digest_of_stale_facts_is_not_verifiable() -> None:
    facts = honest(1)[0].facts(b"\x99" * 32)
    stale = replace(facts, as_of=replace(facts.as_of, stale_reason="the node is away"))
    assert judged(stale).answer is Answer.NOT_VERIFIABLE


def test_an_aggregate_that_was_never_released_is_not_valid() -> None:
    history, release = honest(2)
    history.releases.clear()
    verdict = judged(history.facts(release.aggregate))
    assert failing(verdict) == {"release.exists"}
    assert verdict.matched_by == "content"


def test_stale_facts_are_not_verifiable_and_say_why() -> None:
    facts = facts_of(3)
    stale = replace(facts, as_of=replace(facts.as_of, stale_reason="the node is away"))
    verdict = judged(stale)
    assert verdict.answer is Answer.NOT_VERIFIABLE
    assert "the node is away" in verdict.summary
    assert str(facts.as_of.block) in verdict.summary


@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize("verified", [None, True, False])
def test_seals_count_where_there_are_some_and_for_offline_evidence(
    source: Source, verified: bool | None
) -> None:
    facts = facts_of(4)
    sealed = replace(facts, as_of=replace(facts.as_of, source=source, seals=Seals(verified)))
    answers = {None: Answer.VALID, True: Answer.VALID, False: Answer.NOT_VALID}
    expected = answers[verified]
    if verified is None and source is Source.BUNDLE:
        expected = Answer.NOT_VERIFIABLE
    assert judged(sealed).answer is expected


@pytest.mark.parametrize("kind", ["versions", "runs", "accounts"])
def test_missing_facts_are_not_verifiable_never_passed(kind: str) -> None:
    facts = facts_of(5)
    nothing: dict[str, Any] = {kind: ()}
    lacking = replace(facts, **nothing)
    assert judged(lacking).answer is Answer.NOT_VERIFIABLE


def test_a_file_must_hold_the_released_model() -> None:
    history, release = honest(6)
    facts = history.facts(release.file_digest)
    facts = replace(facts, origins=())
    now = facts.as_of.time
    right = Presented(release.file_digest, release.aggregate)
    wrong = Presented(release.file_digest, b"\x12" * 32)
    unread = Presented(release.file_digest, None, "no HDF5 file")
    assert judge(facts, now, right).answer is Answer.VALID
    assert failing(judge(facts, now, wrong)) == {"file.holds_aggregate"}
    assert judge(facts, now, unread).answer is Answer.NOT_VERIFIABLE
    by_digest = judge(facts, now)
    assert by_digest.answer is Answer.VALID
    assert "FILE_NOT_READ" in {notice.kind for notice in by_digest.notices}


def test_a_later_release_changes_no_earlier_one() -> None:
    history, first = honest(7)
    second = history.release(first.run, first.round)
    verdict = judged(history.facts(first.aggregate))
    assert verdict.release == first
    assert [n.kind for n in verdict.notices].count("OTHER_RELEASE") == 1
    withdrawn = replace(history.facts(first.aggregate))
    taken_back = broken(withdrawn, next(d for d in DEFECTS if d.name == "withdrawn"), 0)
    assert taken_back is not None
    both = replace(withdrawn, releases=(taken_back.releases[0], second))
    assert judged(both).release == second
    assert judged(both).answer is Answer.VALID


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_revocation_that_was_undone_is_valid_and_shown(seed: int) -> None:
    history, release = honest(seed)
    facts = history.facts(release.aggregate)
    version = used(case_of(facts, 0), Random(seed))
    fallen = version.flags | VersionFlag.REVOKED
    undone = (
        decision(facts, DecisionKind.REVOKE, version.act.organisation, fallen),
        decision(facts, DecisionKind.REINSTATE, REVIEWER, fallen | VersionFlag.REINSTATING),
        decision(facts, DecisionKind.REINSTATE, SECOND_REVIEWER, version.flags),
    )
    # The first of two reinstatements changes nothing.
    half = with_version(facts, replace(version, decisions=(*version.decisions, *undone[:2])))
    assert failing(judged(half)) == {"versions.in_standing"}
    whole = with_version(facts, replace(version, decisions=(*version.decisions, *undone)))
    assert judged(whole).answer is Answer.VALID
    assert "REINSTATED" in {notice.kind for notice in judged(whole).notices}


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_absences_and_the_like_are_shown_each(seed: int) -> None:
    history, release = honest(seed)
    facts = history.facts(release.aggregate)
    assume(len(facts.runs) > 1)
    verdict = judged(facts)
    kinds = [notice.kind for notice in verdict.notices]
    lineage = {(release.run, release.round)}
    runs = {run.id: run for run in facts.runs}
    run = runs[release.run]
    while run.parent_run is not None:
        lineage.add((run.parent_run, run.parent_round or 0))
        run = runs[run.parent_run]
    absent = left_out = repeated = 0
    for identifier, up_to in lineage:
        for closed in runs[identifier].rounds[:up_to]:
            committed = {update.act.organisation for update in closed.updates}
            absent += len(closed.participants - committed)
            left_out += len(committed - closed.included)
            repeated += len({u.act.organisation for u in closed.updates if u.replaces})
    assert kinds.count("ABSENT") == absent
    assert kinds.count("LEFT_OUT") == left_out
    assert kinds.count("REPEATED_ATTEMPT") == repeated
