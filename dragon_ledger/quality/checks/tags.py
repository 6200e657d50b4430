"""Checks 4, 5, 9 and 10: Table 1's attributes, their values, and that a scan agrees on them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain

from dragon_ledger.quality.checks.gathering import at_images, at_series
from dragon_ledger.quality.examination import Examination, Image, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.numbers import close, decimals
from dragon_ledger.quality.rules import TagRule

_NO_IMAGES = "the transfer has no DICOM image that could be read"


def check_tags(exam: Examination) -> CheckResult:
    """Check 4: every attribute of Table 1 is there, has a value, and the value asked for."""
    if not exam.images:
        return not_applicable("tags", _NO_IMAGES)
    findings = chain.from_iterable(_tag_findings(exam, series) for series in exam.series)
    return conclude("tags", findings, exam.doubts)


def _tag_findings(exam: Examination, series: Series) -> Iterator[Finding]:
    for rule in exam.rules.tags:
        keyword = rule.keyword
        absent = [image for image in series.images if keyword not in image.facts.tags]
        empty = [image for image in series.images if image.facts.tags.get(keyword) == ""]
        yield from at_images(exam, "tags.absent", "absent", absent, series=series, tag=rule.label)
        yield from at_images(exam, "tags.empty", "empty", empty, series=series, tag=rule.label)
        if rule.requirement == "equals":
            yield from _unequal(exam, series, rule)


def _unequal(exam: Examination, series: Series, rule: TagRule) -> Iterator[Finding]:
    others: dict[str, list[Image]] = {}
    for image in series.images:
        value = image.facts.tags.get(rule.keyword, "")
        if value not in {"", rule.value}:
            others.setdefault(value, []).append(image)
    for value, images in sorted(others.items()):
        shown = value if len(value) <= len(rule.value or "") else shape_of(value)
        found = f"{shown} instead of {rule.value}"
        yield from at_images(exam, "tags.value", found, images, series=series, tag=rule.label)


def check_same_values(exam: Examination) -> CheckResult:
    """Check 5: all files of a scan have the same value of each attribute of Table 1.

    Decimal strings are compared as numbers (tolerance `decimal_relative`), all other text exactly.
    """
    if not exam.images:
        return not_applicable("same-values", _NO_IMAGES)
    findings = chain.from_iterable(_differences(exam, series) for series in exam.series)
    return conclude("same-values", findings, exam.doubts)


def _differences(exam: Examination, series: Series) -> Iterator[Finding]:
    distinct = {tuple(image.facts.tags.items()) for image in series.images}
    if len(distinct) == 1:
        return
    for rule in exam.rules.tags:
        values = _images_by_value(series, rule.keyword)
        if len(values) > 1:
            yield from _difference(exam, series, rule, values)


def _images_by_value(series: Series, keyword: str) -> dict[str, list[Image]]:
    values: dict[str, list[Image]] = {}
    for image in series.images:
        values.setdefault(image.facts.tags.get(keyword, ""), []).append(image)
    return values


def _difference(
    exam: Examination, series: Series, rule: TagRule, values: dict[str, list[Image]]
) -> Iterator[Finding]:
    usual = max(sorted(values), key=lambda value: len(values[value]))
    tolerance = exam.rules.tolerance("decimal_relative")
    for value, images in sorted(values.items()):
        if value == usual:
            continue
        if rule.vr == "DS" and _same_numbers(value, usual, tolerance):
            yield at_series(exam, "same-values.decimal", "written differently", series,
                            tag=rule.label)  # fmt: skip
        else:
            found = _shown(value, usual, len(images), len(series.images))
            yield from at_images(
                exam, "same-values.differ", found, images, series=series, tag=rule.label
            )


def _same_numbers(first: str, second: str, tolerance: Decimal) -> bool:
    a, b = decimals(first), decimals(second)
    if a is None or b is None or len(a) != len(b):
        return False
    return all(close(x, y, tolerance) for x, y in zip(a, b, strict=True))


def _shown(value: str, usual: str, files: int, of: int) -> str:
    if not (value + usual).strip("0123456789.+-eE\\ "):
        return f"{value or 'nothing'} in {files} of {of} files, {usual or 'nothing'} in most"
    return f"{shape_of(value) or 'nothing'} in {files} of {of} files, another value in most"


def check_pixel_spacing(exam: Examination) -> CheckResult:
    """Check 9: both values of PixelSpacing inside the limits, and as Table 3's pixel_spacing."""
    return _check_range(exam, "pixel-spacing", "PixelSpacing", 2)


def check_slice_thickness(exam: Examination) -> CheckResult:
    """Check 10: SliceThickness inside the limits, and as Table 3's slice_thickness."""
    return _check_range(exam, "slice-thickness", "SliceThickness", 1)


def _check_range(exam: Examination, check: str, keyword: str, count: int) -> CheckResult:
    series = exam.scans
    if not series:
        return not_applicable(check, _NO_IMAGES)
    rule = next((rule for rule in exam.rules.tags if rule.keyword == keyword), None)
    if rule is None:
        return not_applicable(check, f"the rule set does not ask for {keyword}")
    findings = chain.from_iterable(_range(exam, check, rule, entry, count) for entry in series)
    unknown = any(not entry.text(keyword) for entry in series)
    doubts = exam.doubts + ((f"a series has no {keyword}",) if unknown else ())
    return conclude(check, findings, doubts)


def _range(
    exam: Examination, check: str, rule: TagRule, series: Series, count: int
) -> Iterator[Finding]:
    for text, images in sorted(_images_by_value(series, rule.keyword).items()):
        if not text:
            continue
        values = decimals(text)
        if values is None or len(values) != count:
            found = f"{shape_of(text)}, which is not {count} decimal number(s)"
            yield from at_images(
                exam, f"{check}.number", found, images, series=series, tag=rule.label
            )
            continue
        code = _range_code(exam, rule, values)
        if code:
            found = f"{text} mm"
            yield from at_images(
                exam, f"{check}.{code}", found, images, series=series, tag=rule.label
            )
        if len(set(values)) > 1 and not close(values[0], values[-1], Decimal("0.001")):
            yield at_series(exam, f"{check}.anisotropic", f"{text} mm", series, tag=rule.label)
        yield from _against_table(exam, check, series, values)


def _against_table(
    exam: Examination, check: str, series: Series, values: tuple[Decimal, ...]
) -> Iterator[Finding]:
    row, column = exam.metadata_row(series), check.replace("-", "_")
    stated = decimals(row.values.get(column, "")) if row else None
    tolerance = exam.rules.tolerance("table_mm")
    if row and stated and any(abs(value - stated[0]) > tolerance for value in values):
        yield exam.catalogue.finding(
            f"{check}.table",
            f"table {stated[0]}, images {values[0]}",
            file=exam.metadata.path if exam.metadata else None,
            row=row.number,
            column=column,
            subject=series.subject,
            series=series.uid,
        )


def _range_code(exam: Examination, rule: TagRule, values: tuple[Decimal, ...]) -> str:
    low = exam.rules.limit(f"{rule.limit}_minimum")
    high = exam.rules.limit(f"{rule.limit}_maximum")
    noise = exam.rules.tolerance("limit_mm")
    if any(value < low - noise or value > high + noise for value in values):
        return "limit"
    return "noise" if any(value < low or value > high for value in values) else ""
