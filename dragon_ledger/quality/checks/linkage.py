"""Section 5: everything of one patient is linked by one identifier or by an association table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from dragon_ledger.quality.checks.gathering import at_series
from dragon_ledger.quality.examination import Examination
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.person_names import is_placeholder, looks_like_person
from dragon_ledger.quality.transfer import Role
from dragon_ledger.quality.vocabulary import tag_label

_NAME = tag_label("PatientName")


def check_linkage(
    exam: Examination, subjects: frozenset[str] | None, clinical_file: str | None
) -> CheckResult:
    """Patients with images against DM's subjects (`subjects`, None when DM could not be read)."""
    if not exam.subjects and not subjects:
        return not_applicable("subject-linkage", "the transfer names no subject")
    association = (*_association(exam), *_two_pseudonyms(exam))
    if subjects is None:
        return conclude("subject-linkage", association, ("the subjects of DM are not known",))
    linked = dict(exam.linked_ids)
    with_images = {linked.get(subject, subject): subject for subject in sorted(exam.subjects)}
    findings = chain(
        association,
        (
            exam.catalogue.finding(
                "subject-linkage.no-clinical", "no row in DM", file=folder, subject=folder
            )
            for usubjid, folder in with_images.items()
            if usubjid not in subjects and folder not in subjects
        ),
        _without_images(exam, subjects - set(with_images) - exam.subjects, clinical_file),
    )
    return conclude("subject-linkage", findings, exam.doubts)


def _without_images(
    exam: Examination, subjects: frozenset[str], clinical_file: str | None
) -> Iterator[Finding]:
    earlier = {series.patient for series in exam.known.series.values()}
    for subject in sorted(subjects - earlier):
        yield exam.catalogue.finding(
            "subject-linkage.no-images", "no images", file=clinical_file, subject=subject
        )


def _two_pseudonyms(exam: Examination) -> Iterator[Finding]:
    for series in exam.series:
        facts = series.first.facts
        name, patient = facts.patient_name, facts.tags.get("PatientID", "")
        if name and name != patient and not looks_like_person(name) and not is_placeholder(name):
            found = f"PatientName {shape_of(name)}, another PatientID"
            yield at_series(exam, "subject-linkage.two-ids", found, series, tag=_NAME)


def _association(exam: Examination) -> Iterator[Finding]:
    files = exam.tree.of_role(Role.ASSOCIATION)
    if not files:
        return
    path, table = files[0].path, exam.association
    if table is None or not {"patient", "usubjid"} <= set(table.columns) or len(files) > 1:
        found = exam.table_problems.get(path, "other columns, or several tables")
        yield exam.catalogue.finding("subject-linkage.association", found, file=path, row=1)
        return
    for column in ("patient", "usubjid"):
        counts = Counter(row.values.get(column, "") for row in table.rows)
        for row in table.rows:
            value = row.values.get(column, "")
            if not value or counts[value] > 1:
                found = "twice" if value else "nothing"
                yield exam.catalogue.finding(
                    "subject-linkage.association", found, file=path, row=row.number, column=column
                )
