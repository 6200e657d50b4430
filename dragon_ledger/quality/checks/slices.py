"""Check 3 (the scan is complete) and section 5's 25 to 1 500 slices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain

from dragon_ledger.quality.checks.gathering import at_images, at_series
from dragon_ledger.quality.examination import Examination, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.geometry import Defect, Stack, Tolerances, examine
from dragon_ledger.quality.numbers import decimals
from dragon_ledger.quality.vocabulary import tag_label

_NO_SERIES = "the transfer has no series that could be read"
_NUMBER = tag_label("InstanceNumber")
_POSITION = tag_label("ImagePositionPatient")


def check_slices(exam: Examination) -> CheckResult:
    """Files against `slices_number`, and the geometry of each series."""
    if not exam.series:
        return not_applicable("slices", _NO_SERIES)
    findings = chain(
        chain.from_iterable(_against_table(exam, series) for series in exam.series),
        chain.from_iterable(_localizers(exam, series) for series in exam.series),
        chain.from_iterable(_geometry(exam, series) for series in exam.scans),
    )
    doubts = list(exam.doubts)
    if any(not _has_geometry(series) for series in exam.scans):
        doubts.append("a series has images without ImagePositionPatient or ImageOrientationPatient")
    return conclude("slices", findings, doubts)


def check_slice_limits(exam: Examination) -> CheckResult:
    """Section 5: at least 25 slices and no more than 1 500."""
    if not exam.scans:
        return not_applicable("slice-limits", _NO_SERIES)
    findings = chain.from_iterable(_limits(exam, series) for series in exam.scans)
    return conclude("slice-limits", findings, exam.doubts)


def _limits(exam: Examination, series: Series) -> Iterator[Finding]:
    count = len(series.images)
    if count < exam.rules.limit("slices_minimum"):
        yield at_series(exam, "slice-limits.few", f"{count} slices", series)
    if count > exam.rules.limit("slices_maximum"):
        yield at_series(exam, "slice-limits.many", f"{count} slices", series)


def _against_table(exam: Examination, series: Series) -> Iterator[Finding]:
    row, stated = exam.metadata_row(series), stated_slices(exam, series)
    if row is None or stated is None or stated == len(series.images):
        return
    found = f"{len(series.images)} files, slices_number {stated}"
    yield exam.catalogue.finding(
        "slices.number", found, file=exam.metadata.path if exam.metadata else None,
        row=row.number, column="slices_number", subject=series.subject, series=series.uid,
    )  # fmt: skip


def stated_slices(exam: Examination, series: Series) -> Decimal | None:
    """What the metadata table says of a series' slices; None when nothing, or no number."""
    row = exam.metadata_row(series)
    stated = decimals(row.values.get("slices_number", "")) if row else None
    return stated[0] if stated else None


def _has_geometry(series: Series) -> bool:
    return all(
        image.facts.is_localizer or (image.facts.position and image.facts.orientation)
        for image in series.images
    )


def _localizers(exam: Examination, series: Series) -> Iterator[Finding]:
    localizers = [image for image in series.images if image.facts.is_localizer]
    return at_images(exam, "slices.localizer", "a localizer", localizers, series=series)


def _geometry(exam: Examination, series: Series) -> Iterator[Finding]:
    stack = stack_of(series)
    if stack is None:
        return
    for defect in examine(stack, Tolerances.of(exam.rules)):
        yield from _finding_of(exam, series, stack, defect)


def stack_of(series: Series) -> Stack | None:
    """The series' slices that have a place; None when there are fewer than two."""
    placed = [
        image
        for image in series.images
        if image.facts.position and image.facts.orientation and not image.facts.is_localizer
    ]
    if len(placed) < 2:  # noqa: PLR2004 (one slice has no distance)
        return None
    thickness = decimals(series.text("SliceThickness"))
    return Stack(
        paths=tuple(image.path for image in placed),
        positions=tuple(image.facts.position or () for image in placed),
        orientations=tuple(image.facts.orientation or () for image in placed),
        numbers=tuple(image.facts.instance_number for image in placed),
        thickness=float(thickness[0]) if thickness else None,
    )


def _finding_of(
    exam: Examination, series: Series, stack: Stack, defect: Defect
) -> Iterator[Finding]:
    tag = _NUMBER if defect.code.startswith("instance") else _POSITION
    images = {image.path: image for image in series.images}
    named = [images[stack.paths[index]] for index in defect.slices]
    code = f"slices.{defect.code}"
    yield from at_images(exam, code, defect.found, named, series=series, tag=tag)
