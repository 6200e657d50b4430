"""The report on a transfer: a summary that may be shown, and a subject annex that stays.

`summary_json()` and `annex_json()` are exactly the bytes that the QC digest commits to: canonical
JSON (`rules.canonical_json`), equal for equal files, rule set, day and earlier versions. Time of
day, machine, package version and speed are in neither; they belong into an envelope around them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from dragon_ledger.quality.checks.changes import ChangeCounts
from dragon_ledger.quality.findings import (
    CheckOutcome,
    CheckResult,
    Finding,
    FindingGroup,
    Severity,
    group,
    group_key,
    overall,
    place_key,
)
from dragon_ledger.quality.known import FileRecord, KnownSeries
from dragon_ledger.quality.rules import RuleSet, canonical_json, presentable

SUMMARY_FORMAT = "dragon-ledger/qc-summary/1"
ANNEX_FORMAT = "dragon-ledger/qc-annex/1"
MOST_FINDINGS = 10_000
INTEGRITY_IS_NOT_TRUTH = (
    "This report says that the files keep the rule set. It does not say that a scan is real, that a"
    " value is true, or that nothing identifying is drawn in the pixels."
)


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series in the annex's table; numbers as texts, None when not known."""

    subject: str
    study_uid: str
    series_uid: str
    slices: int
    slices_stated: str | None
    date: str | None
    thickness: str | None
    spacing: str | None
    kernel: str | None
    gap_mm: str | None
    tilt_degrees: str | None
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class SlicePlot:
    """Positions along the normal of an offending series' slices in mm, sorted, to draw."""

    series_uid: str
    subject: str
    heights_mm: tuple[str, ...]


@dataclass(frozen=True)
class QualityReport:
    """What the check of one transfer found.

    Attributes:
        rules: the rule set that it was judged by.
        today: the day of the check.
        results: one for each check, in the rule set's order.
        series: the annex's table.
        plots: slice positions of offending series.
        clinical: by file: what was recognised (separator, encoding, rows).
        changes: against the last version, None when there is none.
        files: every file with its size and SHA-256, for the dataset's manifest; in neither part.
        kept: by SeriesInstanceUID, what a site keeps for its next checks; in neither part.
    """

    rules: RuleSet
    today: date
    results: tuple[CheckResult, ...]
    series: tuple[SeriesRow, ...]
    plots: tuple[SlicePlot, ...]
    clinical: Mapping[str, Mapping[str, str]]
    changes: ChangeCounts | None
    files: tuple[FileRecord, ...]
    subjects: int
    kept: Mapping[str, KnownSeries]

    @property
    def outcome(self) -> CheckOutcome:
        """FAIL when a check fails, else NOT VERIFIABLE when one is, else PASS."""
        return overall(self.results)

    @property
    def passed(self) -> bool:
        """Whether the version may be approved: the QC outcome that goes on chain."""
        return self.outcome is CheckOutcome.PASS

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, by place."""
        found = [finding for result in self.results for finding in result.findings]
        return tuple(sorted(found, key=lambda entry: (entry.check, entry.code, place_key(entry))))

    @cached_property
    def groups(self) -> tuple[FindingGroup, ...]:
        """Equal findings as one, errors first."""
        return group(self.findings, self._order)

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return tuple(rule.id for rule in self.rules.checks)

    @cached_property
    def _group_numbers(self) -> dict[tuple[str, ...], int]:
        keys = sorted({group_key(finding, self._order) for finding in self.findings})
        return {key: number for number, key in enumerate(keys)}

    def result(self, check: str) -> CheckResult:
        """The result of one check.

        Raises:
            KeyError: there is no such check.
        """
        for entry in self.results:
            if entry.check == check:
                return entry
        raise KeyError(check)

    def count(self, severity: Severity) -> int:
        """How many findings of a severity there are."""
        return sum(entry.count for entry in self.findings if entry.severity is severity)

    def summary_json(self) -> bytes:
        """The summary's committed bytes."""
        return canonical_json(self._summary())

    def annex_json(self) -> bytes:
        """The subject annex's committed bytes."""
        return canonical_json(self._annex())

    def summary(self) -> dict[str, Any]:
        """The summary as `json.loads` reads it from its bytes."""
        return dict(presentable(self._summary()))

    def annex(self) -> dict[str, Any]:
        """The subject annex as `json.loads` reads it from its bytes."""
        return dict(presentable(self._annex()))

    def _summary(self) -> dict[str, Any]:
        return {
            "format": SUMMARY_FORMAT,
            "statement": INTEGRITY_IS_NOT_TRUTH,
            "day": self.today.isoformat(),
            "outcome": str(self.outcome),
            "loosened": [_difference(entry) for entry in self.rules.loosened],
            "rule_set": {
                "name": self.rules.name,
                "digest": str(self.rules.digest),
                "parent": self.rules.parent,
                "differences": [_difference(entry) for entry in self.rules.differences],
                "decisions": [
                    {"id": entry.id, "check": entry.check, "decided": entry.decided}
                    for entry in self.rules.decisions
                ],
            },
            "checks": [self._check(result) for result in self.results],
            "findings": [_group(entry) for entry in self.groups],
            "counts": self._counts(),
        }

    def _annex(self) -> dict[str, Any]:
        return {
            "format": ANNEX_FORMAT,
            "day": self.today.isoformat(),
            "rule_set": {"name": self.rules.name, "digest": str(self.rules.digest)},
            "findings": [
                {"group": self._group_numbers[group_key(entry, self._order)], **_finding(entry)}
                for entry in self.findings[:MOST_FINDINGS]
            ],
            "findings_left_out": max(0, len(self.findings) - MOST_FINDINGS),
            "series": [_slots(entry) for entry in self.series],
            "plots": [
                {
                    "series_uid": plot.series_uid,
                    "subject": plot.subject,
                    "heights_mm": list(plot.heights_mm),
                }
                for plot in self.plots
            ],
            "tables": {path: dict(notes) for path, notes in self.clinical.items()},
        }

    def _check(self, result: CheckResult) -> dict[str, Any]:
        rule = next(rule for rule in self.rules.checks if rule.id == result.check)
        counts = Counter[Severity]()
        for finding in result.findings:
            counts[finding.severity] += finding.count
        return {
            "id": rule.id,
            "number": rule.number,
            "title": rule.title,
            "source": rule.source,
            "outcome": str(result.outcome),
            "reasons": list(result.reasons),
            "counts": {str(severity): counts[severity] for severity in Severity},
        }

    def _counts(self) -> dict[str, Any]:
        images = [file for file in self.files if file.path.lower().endswith(".dcm")]
        return {
            "subjects": self.subjects,
            "series": len(self.series),
            "images": len(images),
            "files": len(self.files),
            "bytes": sum(file.size for file in self.files),
            "findings": {str(severity): self.count(severity) for severity in Severity},
            "changes": None if self.changes is None else _slots(self.changes),
        }


def _slots(value: object) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]


def _difference(entry: object) -> dict[str, Any]:
    return _slots(entry)


def _group(entry: FindingGroup) -> dict[str, Any]:
    return {
        "check": entry.check,
        "code": entry.code,
        "severity": str(entry.severity),
        "expected": entry.expected,
        "mend": entry.mend,
        "tag": entry.tag,
        "column": entry.column,
        "count": entry.count,
        "subjects": entry.subjects,
        "series": entry.series,
    }


def _finding(entry: Finding) -> dict[str, Any]:
    shown = {
        "check": entry.check,
        "code": entry.code,
        "severity": str(entry.severity),
        "found": entry.found,
        "file": entry.file,
        "tag": entry.tag,
        "row": entry.row,
        "column": entry.column,
        "subject": entry.subject,
        "series": entry.series,
        "count": entry.count,
    }
    return {name: value for name, value in shown.items() if value not in {None, ""}}
