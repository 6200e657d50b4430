"""The verdict: one pure function from facts to named checks."""

from __future__ import annotations

from dataclasses import replace

from dragon_ledger.provenance.checks import data, people, records, release, training
from dragon_ledger.provenance.checks.registry import Rule, run
from dragon_ledger.provenance.lineage import Case, case_of
from dragon_ledger.provenance.notices import notices
from dragon_ledger.provenance.results import Answer, Check, Outcome, Presented, Verdict
from dragon_ledger.provenance.slots import placed
from dragon_ledger.records import Facts

RULES: tuple[Rule, ...] = (
    *release.RULES,
    *training.RULES,
    *records.RULES,
    *data.RULES,
    *people.RULES,
    *release.STATE_RULES,
)


def judge(facts: Facts, now: int, presented: Presented | None = None) -> Verdict:
    """Judge the digest that `facts` speak of.

    Any FAIL makes the model not valid; else any required check that is NOT VERIFIABLE makes the
    verdict not verifiable; else it is valid. The release that governs is the earliest that is
    not withdrawn.

    Args:
        facts: what one source recorded about the digest, whatever the source.
        now: the time of the question, in seconds since the Unix epoch.
        presented: the file that was presented, when there was one.
    """
    case = case_of(facts, now, presented)
    checks = tuple(run(rule, case) for rule in RULES)
    answer = answer_of(checks)
    return Verdict(
        digest=facts.digest,
        answer=answer,
        summary=_summary(case, answer, checks),
        judged_at=now,
        as_of=facts.as_of,
        matched_by=release.matched_by(case),
        release=case.release,
        notices=tuple(
            replace(notice, where=placed(notice.where, notice.subject, case.updates))
            for notice in notices(case)
        ),
        checks=checks,
        presented=presented,
        addresses=facts.addresses,
    )


def answer_of(checks: tuple[Check, ...]) -> Answer:
    """Any FAIL: not valid; else any required NOT VERIFIABLE: not verifiable; else valid."""
    if any(check.outcome is Outcome.FAIL for check in checks):
        return Answer.NOT_VALID
    if any(check.required and check.outcome is Outcome.NOT_VERIFIABLE for check in checks):
        return Answer.NOT_VERIFIABLE
    return Answer.VALID


def _summary(case: Case, answer: Answer, checks: tuple[Check, ...]) -> str:
    """One sentence that a person can act on."""
    if answer is Answer.VALID:
        rounds = sum(len(step.rounds) for step in case.steps)
        versions = sum(1 for _ in case.used_versions())
        return (
            f"This model traces back through {_count(rounds, 'round')} to"
            f" {_count(versions, 'dataset version')}, each of which passed the quality check, was"
            " approved and is in standing today."
        )
    if answer is Answer.NOT_VALID:
        first = next(check for check in checks if check.outcome is Outcome.FAIL)
        return f"{first.title.rstrip('.')}: {first.found}."
    first = next(c for c in checks if c.required and c.outcome is Outcome.NOT_VERIFIABLE)
    return f"Not shown: {first.title.rstrip('.')}: {first.found}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
