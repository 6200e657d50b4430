"""Check 8: DICOM compliance, as each file shows it, and files that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from dragon_ledger.quality.checks.gathering import of_file_issues
from dragon_ledger.quality.examination import Examination
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable


def check_dicom(exam: Examination) -> CheckResult:
    """Every file is a CT image that keeps the standard; one of each series was decoded."""
    if not exam.images:
        return not_applicable("dicom", "the transfer has no DICOM image")
    findings = chain(_unreadable(exam), of_file_issues(exam, "dicom"))
    return conclude("dicom", findings)


def _unreadable(exam: Examination) -> Iterator[Finding]:
    for image in exam.unreadable:
        yield exam.catalogue.finding(
            "dicom.unreadable",
            image.facts.problem,
            file=image.path,
            subject=image.subject or None,
        )
