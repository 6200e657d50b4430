"""The entry point: judge one transfer by one rule set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from dragon_ledger.quality.checks.changes import check_changes
from dragon_ledger.quality.checks.chronology import check_chronology
from dragon_ledger.quality.checks.dicom import check_dicom
from dragon_ledger.quality.checks.linkage import check_linkage
from dragon_ledger.quality.checks.metadata import check_metadata
from dragon_ledger.quality.checks.privacy import check_privacy
from dragon_ledger.quality.checks.slices import check_slice_limits, check_slices
from dragon_ledger.quality.checks.structure import check_structure
from dragon_ledger.quality.checks.tags import (
    check_pixel_spacing,
    check_same_values,
    check_slice_thickness,
    check_tags,
)
from dragon_ledger.quality.checks.uniqueness import check_uniqueness
from dragon_ledger.quality.clinical.check import check_clinical
from dragon_ledger.quality.clinical.further_tables import check_further_table
from dragon_ledger.quality.clinical_boundary import ClinicalFile, ClinicalInput, ClinicalResult
from dragon_ledger.quality.examination import Examination
from dragon_ledger.quality.findings import (
    CheckOutcome,
    CheckResult,
    Finding,
    Severity,
    conclude,
)
from dragon_ledger.quality.intake import Intake, read_transfer
from dragon_ledger.quality.known import KnownTransfers, PreviousVersion, Progress
from dragon_ledger.quality.masking import shown_path, without_tokens
from dragon_ledger.quality.report import QualityReport
from dragon_ledger.quality.rules import RuleSet
from dragon_ledger.quality.series_table import kept_of, plots_of, series_rows
from dragon_ledger.quality.transfer import Role


def check_transfer(
    folder: Path,
    rules: RuleSet,
    *,
    today: date,
    known: KnownTransfers | None = None,
    previous: PreviousVersion | None = None,
    progress: Callable[[Progress], None] | None = None,
    workers: int | None = None,
) -> QualityReport:
    """Check a transfer against a rule set. Reads every file once and writes nothing.

    Args:
        folder: the transfer, as docs/data-manager.md describes it.
        rules: the rule set.
        today: the day of the check; later dates are in the future.
        known: what this site transferred before; its unchanged files are not read again.
        previous: the last accepted version, to compare with.
        progress: called as files are done; what it raises ends the check.
        workers: processes that read images; None for one per core.

    Raises:
        InputError: the folder is not there.
    """
    known = known or KnownTransfers()
    intake = read_transfer(folder, rules, known.files, progress, workers)
    exam = Examination(
        tree=intake.tree,
        rules=rules,
        today=today,
        images=intake.images,
        metadata=intake.table(Role.METADATA),
        association=intake.table(Role.ASSOCIATION),
        changes=intake.table(Role.CHANGES),
        table_problems=intake.problems,
        digests={record.path: record.sha256 for record in intake.records},
        known=known,
        previous=previous,
    )
    return judge(exam, intake)


def judge(exam: Examination, intake: Intake) -> QualityReport:
    """Judge what was read of a transfer."""
    clinical = check_clinical(_clinical_input(exam, intake))
    changes, counts = check_changes(exam)
    results = [*_imaging_results(exam, clinical), changes, *clinical.results]
    settled = _in_order(exam.rules, [_settled(exam, result) for result in results])
    return QualityReport(
        rules=exam.rules,
        today=exam.today,
        results=settled,
        series=series_rows(exam, settled),
        plots=plots_of(exam, settled),
        clinical={
            without_tokens(shown_path(path), exam.name_tokens): notes
            for path, notes in clinical.notes.items()
        },
        changes=counts,
        files=intake.records,
        subjects=len(exam.subjects | (clinical.subjects or frozenset())),
        kept={series.uid: kept_of(exam, series) for series in exam.series},
    )


def _imaging_results(exam: Examination, clinical: ClinicalResult) -> list[CheckResult]:
    """Results of the checks of images, folders and metadata; the first and linkage are of both."""
    domain_files = exam.tree.of_role(Role.DOMAIN)
    demographics = next((file.path for file in domain_files if file.domain == "DM"), None)
    return [
        check_privacy(exam, (*clinical.privacy, *_leaks_of_further_tables(exam))),
        check_uniqueness(exam),
        check_slices(exam),
        check_tags(exam),
        check_same_values(exam),
        check_chronology(exam),
        check_dicom(exam),
        check_pixel_spacing(exam),
        check_slice_thickness(exam),
        check_structure(exam),
        check_metadata(exam),
        check_linkage(exam, clinical.subjects, demographics),
        check_slice_limits(exam),
    ]


def _clinical_input(exam: Examination, intake: Intake) -> ClinicalInput:
    tables = tuple(
        ClinicalFile(
            file.path,
            file.domain or "",
            file.partner,
            intake.contents.get(file.path),
            intake.problems.get(file.path),
        )
        for file in exam.tree.of_role(Role.DOMAIN)
    )
    others = tuple(
        file.path
        for file in exam.tree.of_role(Role.OTHER)
        if len(file.parts) == 1 and file.suffix.lower() in {".csv", ".xpt"}
    )
    return ClinicalInput(tables, others, exam.rules, exam.today, exam.name_tokens, _partner(exam))


def _leaks_of_further_tables(exam: Examination) -> list[Finding]:
    tables = (exam.metadata, exam.association, exam.changes)
    return [
        finding
        for table in tables
        if table is not None
        for finding in check_further_table(table, exam.rules, exam.name_tokens)
    ]


def _partner(exam: Examination) -> str | None:
    rows = exam.metadata.rows if exam.metadata else ()
    partners = {row.values.get("partner", "") for row in rows} - {""}
    return partners.pop() if len(partners) == 1 else None


def _settled(exam: Examination, result: CheckResult) -> CheckResult:
    """Give findings the rule set's severities and mask the names that the transfer holds."""
    if result.outcome is CheckOutcome.NOT_APPLICABLE:
        return result
    findings = tuple(_finding(exam, finding) for finding in result.findings)
    return conclude(result.check, findings, result.reasons)


def _finding(exam: Examination, finding: Finding) -> Finding:
    severity = exam.rules.severity(finding.code)
    if severity is not None:
        finding = replace(finding, severity=Severity(severity))
    names = exam.name_tokens
    return replace(
        finding,
        file=finding.file and without_tokens(shown_path(finding.file), names),
        column=finding.column and without_tokens(finding.column, names),
        subject=finding.subject and without_tokens(shown_path(finding.subject), names),
        series=finding.series and without_tokens(finding.series, names),
    )


def _in_order(rules: RuleSet, results: list[CheckResult]) -> tuple[CheckResult, ...]:
    by_check = {result.check: result for result in results}
    return tuple(by_check[rule.id] for rule in rules.checks)
