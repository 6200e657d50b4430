"""What docs/spec/verdict says a finding and a notice are about, against what verdicts hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from dragon_ledger.provenance.lineage import Case, case_of
from dragon_ledger.provenance.notices import KINDS
from dragon_ledger.provenance.results import Verdict
from dragon_ledger.provenance.verdict import RULES, judge
from dragon_ledger.records import DecisionKind, Facts
from tests.provenance.defects import DEFECTS, broken
from tests.provenance.histories import honest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spec" / "verdict" / "README.md"
SUBJECT = re.compile(r"\b(digest|release|run|round|update|version|organisation|account)\b")
ROW = re.compile(r"^\| (`.*)\|$", re.MULTILINE)
SEEDS = range(12)


def rows(head: str) -> list[list[str]]:
    """The lines of the table under this head."""
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index(head) :].partition("\n\n")[0]
    return [[cell.strip() for cell in row.split(" | ")] for row in ROW.findall(table)]


@cache
def documented(head: str, column: int) -> dict[str, frozenset[str]]:
    """By check or kind, the kinds of subjects that the page allows."""
    found: dict[str, frozenset[str]] = {}
    for cells in rows(head):
        kinds = frozenset(SUBJECT.findall(cells[column]))
        found |= dict.fromkeys(re.findall(r"`([\w.]+)`", cells[0]), kinds)
    return found


def verdicts() -> Iterator[Verdict]:
    """Of honest histories and broken ones, by every digest, with the clock far ahead as well."""
    for seed in SEEDS:
        history, release = honest(seed)
        for digest in (release.aggregate, release.file_digest, b"\x01" * 32):
            facts = history.facts(digest)
            yield judge(facts, history.now)
            yield judge(facts, history.now + 10**9)
            for defect in DEFECTS:
                changed = broken(facts, defect, seed) if facts.releases else None
                if changed is not None:
                    yield judge(changed, history.now)


def test_subjects_are_those_of_the_page() -> None:
    checks = documented("| check | one finding for | subject |", 2)
    notices = documented("| kind | meaning | subject | where |", 2)
    seen: dict[str, set[str]] = {}
    for verdict in verdicts():
        for check in verdict.checks:
            for finding in check.findings:
                seen.setdefault(check.id, set()).add(finding.subject.partition(":")[0])
        for notice in verdict.notices:
            seen.setdefault(notice.kind, set()).add(notice.subject.partition(":")[0])
    assert checks.keys() == {rule.id for rule in RULES}
    assert notices.keys() == KINDS.keys()
    for name, kinds in seen.items():
        assert kinds <= (checks | notices)[name], name
    assert checks.keys() <= seen.keys()


def test_checks_and_notices_stand_in_the_order_of_the_page() -> None:
    listed = [cells[0].strip("`") for cells in rows("| id | fails when |")]
    assert listed == [rule.id for rule in RULES]
    assert list(documented("| kind | meaning | subject | where |", 2)) == list(KINDS)


def expected_counts(case: Case, facts: Facts) -> dict[str, int]:
    """How many findings each check makes, counted from the page and the facts."""
    rounds = [one for step in case.steps for one in step.rounds]
    updates = sum(len(one.updates) for one in rounds)
    uses = sum(len(one.included) for one in rounds)
    used = {use.update.version for use in case.uses}
    decisions = [
        decision.kind
        for version in facts.versions
        if version.id in used
        for decision in version.decisions
    ]
    approvals = decisions.count(DecisionKind.APPROVE)
    acts = 1 + len(case.steps) + len(rounds) + uses + len(used)
    acts += approvals + decisions.count(DecisionKind.REINSTATE)
    runs = len(case.steps)
    return {
        **dict.fromkeys(("digest.known", "release.exists", "release.not_withdrawn"), 1),
        **dict.fromkeys(("release.names_aggregate", "release.separated"), 1),
        **dict.fromkeys(("file.holds_aggregate", "state.current", "state.sealed"), 1),
        "trace.complete": runs,
        "origin.initial_model": runs,
        "rounds.chained": len(rounds),
        "participants.accounted": len(rounds),
        "records.bound": 1 + runs + len(used) + runs + updates + 2 * len(rounds),
        **dict.fromkeys(("updates.own_version", "ethics.not_expired"), uses),
        "versions.usable_when_used": uses,
        **dict.fromkeys(("versions.in_standing", "qc.passed", "ethics.declared"), len(used)),
        "versions.approved_by_others": len(used),
        "qc.rule_set_accepted": approvals,
        "purpose.same": uses + runs - 1,
        **dict.fromkeys(("accounts.valid", "accounts.not_compromised"), acts),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_examined_is_the_number_of_findings_that_the_page_gives(seed: int) -> None:
    history, release = honest(seed)
    facts = history.facts(release.aggregate)
    verdict = judge(facts, history.now)
    found = {check.id: check.examined for check in verdict.checks}
    assert found == expected_counts(case_of(facts, history.now), facts)
