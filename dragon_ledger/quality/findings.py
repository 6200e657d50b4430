"""What a check says: findings, groups of equal findings, and the outcome of each check.

`expected` and `mend` are general sentences: they go into the summary, which may be shown to another
organisation, and must never hold a value, a file name or an identifier of a subject. What is
particular to a subject (`found`, `file`, `row`, `subject`, `series`) goes into the annex only.
Identifying values are masked (`masking.shape_of`) before they get into `found`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

EXAMPLES_PER_GROUP = 5


class Severity(StrEnum):
    """How much a finding weighs: an error fails the transfer, a warning and a note never do."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class CheckOutcome(StrEnum):
    """What is known after a check."""

    PASS = "PASS"  # noqa: S105 (an outcome, no password)
    FAIL = "FAIL"
    NOT_APPLICABLE = "NOT APPLICABLE"
    NOT_VERIFIABLE = "NOT VERIFIABLE"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check saw.

    Attributes:
        check: id of the check in the rule set, such as `slices`.
        code: stable name of this kind of finding, `check.what`, such as `slices.missing`.
        severity: before the rule set's own severities are applied.
        expected: what the specification asks for; general, see the module's text.
        mend: what a data manager does about it; general.
        found: what is there instead; identifying values masked.
        file: path relative to the transfer, with `/`; None when the whole transfer is meant.
        tag: DICOM attribute as `(gggg,eeee) Keyword`.
        row: row as a spreadsheet counts it: the header is row 1, the first record row 2 (in an
            XPT file, too).
        column: column of a table.
        subject: the pseudonym (PatientUID, USUBJID) that it concerns.
        series: the SeriesInstanceUID that it concerns.
        count: how many equal findings this one stands for (1 000 000 equal rows are one value).
    """

    check: str
    code: str
    severity: Severity
    expected: str
    mend: str
    found: str = ""
    file: str | None = None
    tag: str | None = None
    row: int | None = None
    column: str | None = None
    subject: str | None = None
    series: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Equal findings read as one: same check, code, severity, tag, column, expected and mend."""

    check: str
    code: str
    severity: Severity
    expected: str
    mend: str
    tag: str | None
    column: str | None
    count: int
    files: int
    subjects: int
    series: int
    examples: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's outcome; `reasons` say why it is not applicable or not verifiable."""

    check: str
    outcome: CheckOutcome
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()


def conclude(
    check: str, findings: Iterable[Finding], unverifiable: Sequence[str] = ()
) -> CheckResult:
    """The outcome of a check that applies: any error fails it; else any reason makes it unknown."""
    kept = tuple(findings)
    if any(finding.severity is Severity.ERROR for finding in kept):
        outcome = CheckOutcome.FAIL
    else:
        outcome = CheckOutcome.NOT_VERIFIABLE if unverifiable else CheckOutcome.PASS
    return CheckResult(check, outcome, kept, tuple(unverifiable))


def not_applicable(check: str, reason: str) -> CheckResult:
    """The result of a check that has nothing to look at; `reason` is general (summary)."""
    return CheckResult(check, CheckOutcome.NOT_APPLICABLE, (), (reason,))


def overall(results: Iterable[CheckResult]) -> CheckOutcome:
    """The transfer's outcome: any FAIL fails it, else any NOT VERIFIABLE leaves it open."""
    outcomes = {result.outcome for result in results}
    for outcome in (CheckOutcome.FAIL, CheckOutcome.NOT_VERIFIABLE):
        if outcome in outcomes:
            return outcome
    return CheckOutcome.PASS


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def group(findings: Iterable[Finding], checks: Sequence[str] = ()) -> tuple[FindingGroup, ...]:
    """Put equal findings together: errors first, then by check, code, place; the order is total.

    Args:
        findings: in any order.
        checks: ids of the checks in the order that people read them.
    """
    members: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        members.setdefault(group_key(finding, checks), []).append(finding)
    return tuple(_group_of(members[key]) for key in sorted(members))


def group_key(finding: Finding, checks: Sequence[str] = ()) -> tuple[str, ...]:
    """Equal findings have equal keys; groups are in the order of their keys."""
    place = checks.index(finding.check) if finding.check in checks else len(checks)
    return (
        str(_RANK[finding.severity]),
        f"{place:04d}",
        finding.check,
        finding.code,
        finding.tag or "",
        finding.column or "",
        finding.expected,
        finding.mend,
    )


def place_key(finding: Finding) -> tuple[str, int, str]:
    """Sorts findings of one group by where they are."""
    return (finding.file or "", finding.row or 0, finding.found)


def _group_of(members: list[Finding]) -> FindingGroup:
    members.sort(key=place_key)
    first = members[0]
    return FindingGroup(
        check=first.check,
        code=first.code,
        severity=first.severity,
        expected=first.expected,
        mend=first.mend,
        tag=first.tag,
        column=first.column,
        count=sum(finding.count for finding in members),
        files=len({finding.file for finding in members} - {None}),
        subjects=len({finding.subject for finding in members} - {None}),
        series=len({finding.series for finding in members} - {None}),
        examples=tuple(members[:EXAMPLES_PER_GROUP]),
    )
