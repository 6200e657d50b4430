"""The annex's table of series and the slice positions of offending series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dragon_ledger.quality.checks.slices import stack_of, stated_slices
from dragon_ledger.quality.examination import Examination, Series
from dragon_ledger.quality.findings import CheckResult, Severity
from dragon_ledger.quality.geometry import layout_of
from dragon_ledger.quality.known import KnownSeries
from dragon_ledger.quality.masking import shape_of, shown_path, without_tokens
from dragon_ledger.quality.report import SeriesRow, SlicePlot

_PLOTTED = frozenset({"slices"})
_MOST_PLOTS = 200


def series_rows(exam: Examination, results: Iterable[CheckResult]) -> tuple[SeriesRow, ...]:
    """One row for each series, by subject and identifier."""
    errors: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    for result in results:
        for finding in result.findings:
            counts = {Severity.ERROR: errors, Severity.WARNING: warnings}.get(finding.severity)
            if counts is not None and finding.series:
                counts[finding.series] += finding.count
    rows = [_row(exam, series, errors, warnings) for series in exam.series]
    return tuple(sorted(rows, key=lambda row: (row.subject, row.study_uid, row.series_uid)))


def _row(
    exam: Examination, series: Series, errors: Counter[str], warnings: Counter[str]
) -> SeriesRow:
    stack = stack_of(series)
    layout = layout_of(stack) if stack else None
    stated = stated_slices(exam, series)
    return SeriesRow(
        subject=without_tokens(shown_path(series.subject), exam.name_tokens),
        study_uid=without_tokens(series.text("StudyInstanceUID"), exam.name_tokens),
        series_uid=without_tokens(series.uid, exam.name_tokens),
        slices=len(series.images),
        slices_stated=None if stated is None else str(stated),
        date=series.text("SeriesDate") or None,
        thickness=_plain(series.text("SliceThickness")),
        spacing=_plain(series.text("PixelSpacing")),
        kernel=without_tokens(series.text("ConvolutionKernel"), exam.name_tokens) or None,
        gap_mm=f"{layout.gap:.3f}" if layout else None,
        tilt_degrees=f"{layout.tilt:.1f}" if layout else None,
        errors=errors[without_tokens(series.uid, exam.name_tokens)],
        warnings=warnings[without_tokens(series.uid, exam.name_tokens)],
    )


def kept_of(exam: Examination, series: Series) -> KnownSeries:
    """What a site keeps of a series, to compare later transfers with it."""
    row = exam.metadata_row(series)
    return KnownSeries(
        series.subject,
        series.text("StudyInstanceUID"),
        series.text("SeriesDate"),
        series.text("SeriesTime"),
        row.values.get("series_date_time", "") if row else "",
    )


def _plain(text: str) -> str | None:
    """A number's text as it is, any other text masked: it may be anything."""
    plain = not text.strip("0123456789.+-eE\\ ")
    return (text if plain else shape_of(text)) or None


def plots_of(exam: Examination, results: Iterable[CheckResult]) -> tuple[SlicePlot, ...]:
    """Slice positions of each series with an error or a warning of check 3."""
    masked = {without_tokens(series.uid, exam.name_tokens): series for series in exam.scans}
    offending = {
        finding.series
        for result in results
        if result.check in _PLOTTED
        for finding in result.findings
        if finding.series and finding.severity is not Severity.NOTE
    }
    series = [masked[uid] for uid in sorted(masked) if uid in offending][:_MOST_PLOTS]
    return tuple(plot for plot in (_plot(exam, entry) for entry in series) if plot is not None)


def _plot(exam: Examination, series: Series) -> SlicePlot | None:
    stack = stack_of(series)
    if stack is None:
        return None
    heights = layout_of(stack).heights
    return SlicePlot(
        without_tokens(series.uid, exam.name_tokens),
        without_tokens(shown_path(series.subject), exam.name_tokens),
        tuple(f"{height:.3f}" for height in heights.tolist()),
    )
