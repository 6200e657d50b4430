"""How a check is declared: its id, its sentence, what it expects and how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from dragon_ledger.provenance.lineage import Case
from dragon_ledger.provenance.results import EVIDENCE_SHOWN, Check, Finding, Outcome
from dragon_ledger.provenance.slots import placed

Examine = Callable[[Case], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A check before it has looked at anything.

    `title` says what holds when it passes, `failure` what is wrong when it fails.
    """

    id: str
    title: str
    failure: str
    expected: str
    examine: Examine
    required: Callable[[Case], bool] = lambda _: True


def _order(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Everything that did not pass, failures first; and what passed."""
    passed: list[Finding] = []
    rest: list[Finding] = []
    for finding in findings:
        (passed if finding.outcome is Outcome.PASS else rest).append(finding)
    rest.sort(key=lambda finding: finding.outcome is not Outcome.FAIL)
    return rest, passed


def run(rule: Rule, case: Case) -> Check:
    """Examine the case under one rule."""
    rest, passed = _order(rule.examine(case))
    examined = len(rest) + len(passed)
    if rest:
        outcome = rest[0].outcome
        found = rest[0].found + (f" (and {len(rest) - 1} more)" if len(rest) > 1 else "")
    elif passed:
        outcome = Outcome.PASS
        found = passed[0].found if examined == 1 else f"as expected in all {examined} cases"
    else:
        outcome = Outcome.NOT_VERIFIABLE
        found = "nothing recorded that this check could examine"
    return Check(
        id=rule.id,
        title=rule.failure if outcome is Outcome.FAIL else rule.title,
        required=rule.required(case),
        outcome=outcome,
        expected=rule.expected,
        found=found,
        examined=examined,
        findings=tuple(_placed(finding, case) for finding in (*rest, *passed[:EVIDENCE_SHOWN])),
    )


def _placed(finding: Finding, case: Case) -> Finding:
    where = placed(finding.where, finding.at or finding.subject, case.updates)
    return replace(finding, where=where)


def each(*rules: Examine) -> Examine:
    """One check made of several ways to look."""

    def examine(case: Case) -> Iterator[Finding]:
        for rule in rules:
            yield from rule(case)

    return examine
