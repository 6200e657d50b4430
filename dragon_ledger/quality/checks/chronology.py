"""Check 6: two scans of a patient can be put in order, and tags and metadata table agree on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain, pairwise

from dragon_ledger.quality.checks.gathering import at_series
from dragon_ledger.quality.dates import dicom_date, dicom_time, table_moment
from dragon_ledger.quality.examination import Examination, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.vocabulary import tag_label

_SERIES_DATE = tag_label("SeriesDate")
_FIRST_CT = date(1971, 10, 1)
_MINUTE = 60.0
_UNKNOWN = datetime(9999, 12, 31)  # noqa: DTZ001 (DICOM's dates carry no zone here)


@dataclass(frozen=True, slots=True)
class Moments:
    """When a series was taken: by its tags, and by the metadata table; None when not said."""

    series: Series
    tagged_day: date | None
    tagged: datetime | None
    table: datetime | None
    visit: datetime | None
    row: int | None


def check_chronology(exam: Examination) -> CheckResult:
    """Dates exist and are past; scans of one patient have an order; tags and table agree."""
    if not exam.scans:
        return not_applicable("chronology", "the transfer has no series that could be read")
    moments = [_moments(exam, series) for series in exam.scans]
    by_subject: dict[str, list[Moments]] = {}
    for entry in moments:
        by_subject.setdefault(entry.series.subject, []).append(entry)
    findings = chain(
        chain.from_iterable(_dates(exam, entry) for entry in moments),
        chain.from_iterable(_table_dates(exam, entry) for entry in moments),
        chain.from_iterable(_order(exam, entries) for entries in by_subject.values()),
    )
    return conclude("chronology", findings, exam.doubts)


def _moments(exam: Examination, series: Series) -> Moments:
    day = dicom_date(series.text("SeriesDate"))
    clock = dicom_time(series.text("SeriesTime"))
    row = exam.metadata_row(series)
    values = row.values if row else {}
    return Moments(
        series,
        day,
        datetime.combine(day, clock) if day and clock else None,
        table_moment(values.get("series_date_time", "")),
        table_moment(values.get("date_time", "")),
        row.number if row else None,
    )


def _dates(exam: Examination, entry: Moments) -> Iterator[Finding]:
    for keyword in ("StudyDate", "SeriesDate"):
        text = entry.series.text(keyword)
        day = dicom_date(text)
        if text and (day is None or day < _FIRST_CT):
            found = f"{text[:10]}: before the first CT" if day else "no date that exists"
            yield at_series(exam, "chronology.impossible", found, entry.series,
                            tag=tag_label(keyword))  # fmt: skip
        elif day and day > exam.today:
            yield at_series(exam, "chronology.future", text, entry.series, tag=tag_label(keyword))
    for keyword in ("StudyTime", "SeriesTime"):
        text = entry.series.text(keyword)
        if text and dicom_time(text) is None:
            yield at_series(exam, "chronology.impossible", "no time that exists", entry.series,
                            tag=tag_label(keyword))  # fmt: skip
    yield from _study_first(exam, entry)


def _study_first(exam: Examination, entry: Moments) -> Iterator[Finding]:
    study = dicom_date(entry.series.text("StudyDate"))
    if study and entry.tagged_day and entry.tagged_day < study:
        found = f"series {entry.tagged_day}, study {study}"
        yield at_series(exam, "chronology.before-study", found, entry.series, tag=_SERIES_DATE)


def _table_dates(exam: Examination, entry: Moments) -> Iterator[Finding]:
    end = datetime.combine(exam.today, time.max)
    for column, moment in (("date_time", entry.visit), ("series_date_time", entry.table)):
        if moment and moment > end:
            yield _at_row(exam, entry, "chronology.future", f"{moment}", column)
        elif moment and moment.date() < _FIRST_CT:
            yield _at_row(exam, entry, "chronology.impossible", f"{moment}", column)
    if entry.table and entry.tagged_day and not _agree(entry):
        tagged = entry.tagged or entry.tagged_day
        found = f"table {entry.table}, tags {tagged}"
        yield _at_row(exam, entry, "chronology.table", found, "series_date_time")
    if entry.table and entry.visit and entry.table.date() < entry.visit.date():
        found = f"series {entry.table}, visit {entry.visit}"
        yield _at_row(exam, entry, "chronology.before-study", found, "date_time")


def _agree(entry: Moments) -> bool:
    if entry.table is None:
        return True
    if entry.tagged is None:
        return entry.table.date() == entry.tagged_day
    return abs((entry.table - entry.tagged).total_seconds()) <= _MINUTE


def _order(exam: Examination, entries: list[Moments]) -> Iterator[Finding]:
    for first, second in pairwise(sorted(entries, key=_sort_key)):
        if _by_tags(first, second) == 0 and _by_table(first, second) == 0:
            yield at_series(exam, "chronology.order", "no order of two scans", second.series,
                            tag=_SERIES_DATE)  # fmt: skip
    for index, first in enumerate(entries):
        for second in entries[index + 1 :]:
            if _by_tags(first, second) * _by_table(first, second) < 0:
                yield _at_row(
                    exam, second, "chronology.contradiction", "the opposite order of two scans",
                    "series_date_time",
                )  # fmt: skip


def _sort_key(entry: Moments) -> tuple[datetime, datetime, str]:
    day = datetime.combine(entry.tagged_day, time.min) if entry.tagged_day else None
    by_tags = entry.tagged or day or entry.table or _UNKNOWN
    return (by_tags, entry.table or _UNKNOWN, entry.series.uid)


def _by_tags(first: Moments, second: Moments) -> int:
    """-1, 0 (cannot be told), 1: the order by SeriesDate and SeriesTime."""
    if first.tagged_day is None or second.tagged_day is None:
        return 0
    if first.tagged_day != second.tagged_day:
        return -1 if first.tagged_day < second.tagged_day else 1
    return _compare(first.tagged, second.tagged)


def _by_table(first: Moments, second: Moments) -> int:
    return _compare(first.table, second.table)


def _compare(first: datetime | None, second: datetime | None) -> int:
    if first is None or second is None or first == second:
        return 0
    return -1 if first < second else 1


def _at_row(exam: Examination, entry: Moments, code: str, found: str, column: str) -> Finding:
    return exam.catalogue.finding(
        code,
        found,
        file=exam.metadata.path if exam.metadata else None,
        row=entry.row,
        column=column,
        subject=entry.series.subject,
        series=entry.series.uid,
    )
