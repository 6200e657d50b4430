"""Check 6: two scans of a patient can be put in order, and tags and metadata table agree on it.

Scans of earlier transfers count, too, as far as the site's records have their dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, combinations, pairwise

from dragon_ledger.quality.checks.gathering import at_series
from dragon_ledger.quality.checks.moments import Moment, by_table, by_tags, differ
from dragon_ledger.quality.dates import dicom_date, dicom_time, table_moment
from dragon_ledger.quality.examination import Examination, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.masking import shown_path, without_tokens
from dragon_ledger.quality.vocabulary import tag_label

_SERIES_DATE = tag_label("SeriesDate")
_FIRST_CT = date(1971, 10, 1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of the transfer: its moment, `date_time` of its visit, its row in the table."""

    series: Series
    moment: Moment
    visit: datetime | None
    row: int | None


@dataclass(frozen=True, slots=True)
class EarlierScan:
    """A scan of an earlier transfer: its SeriesInstanceUID and its moment."""

    uid: str
    moment: Moment


def check_chronology(exam: Examination) -> CheckResult:
    """Dates exist and are past; scans of one patient have an order; tags and table agree."""
    if not exam.scans:
        return not_applicable("chronology", "the transfer has no series that could be read")
    scans = [_scan(exam, series) for series in exam.scans]
    by_subject: dict[str, list[Scan]] = {}
    for scan in scans:
        by_subject.setdefault(scan.series.subject, []).append(scan)
    findings = chain(
        chain.from_iterable(_dates(exam, scan) for scan in scans),
        chain.from_iterable(_table_dates(exam, scan) for scan in scans),
        chain.from_iterable(_unordered(exam, entries) for entries in by_subject.values()),
        chain.from_iterable(_contradictions(exam, entries) for entries in by_subject.values()),
        chain.from_iterable(_known_self(exam, scan) for scan in scans),
        chain.from_iterable(
            _against_known(exam, entries, _known_scans(exam, subject))
            for subject, entries in by_subject.items()
        ),
    )
    return conclude("chronology", findings, exam.doubts)


def _scan(exam: Examination, series: Series) -> Scan:
    row = exam.metadata_row(series)
    values = row.values if row else {}
    moment = Moment.of(
        series.text("SeriesDate"), series.text("SeriesTime"), values.get("series_date_time", "")
    )
    visit = table_moment(values.get("date_time", ""))
    return Scan(series, moment, visit, row.number if row else None)


def _dates(exam: Examination, entry: Scan) -> Iterator[Finding]:
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


def _study_first(exam: Examination, entry: Scan) -> Iterator[Finding]:
    study = dicom_date(entry.series.text("StudyDate"))
    if study and entry.moment.day and entry.moment.day < study:
        found = f"series {entry.moment.day}, study {study}"
        yield at_series(exam, "chronology.before-study", found, entry.series, tag=_SERIES_DATE)


def _table_dates(exam: Examination, entry: Scan) -> Iterator[Finding]:
    end = datetime.combine(exam.today, time.max)
    for column, moment in (("date_time", entry.visit), ("series_date_time", entry.moment.table)):
        if moment and moment > end:
            yield _at_row(exam, entry, "chronology.future", f"{moment}", column)
        elif moment and moment.date() < _FIRST_CT:
            yield _at_row(exam, entry, "chronology.impossible", f"{moment}", column)
    if entry.moment.table and entry.moment.day and not _agree(entry):
        tagged = entry.moment.tagged or entry.moment.day
        found = f"table {entry.moment.table}, tags {tagged}"
        yield _at_row(exam, entry, "chronology.table", found, "series_date_time")
    if entry.moment.table and entry.visit and entry.moment.table.date() < entry.visit.date():
        found = f"series {entry.moment.table}, visit {entry.visit}"
        yield _at_row(exam, entry, "chronology.before-study", found, "date_time")


def _agree(entry: Scan) -> bool:
    moment = entry.moment
    if moment.table is None:
        return True
    if moment.tagged is None:
        return moment.table.date() == moment.day
    return abs(moment.table - moment.tagged) <= _MINUTE


def _unordered(exam: Examination, scans: list[Scan]) -> Iterator[Finding]:
    for first, second in pairwise(sorted(scans, key=_sort_key)):
        if _has_no_order(first.moment, second.moment):
            found = f"no order of this scan and {_shown(exam, first.series.uid)}"
            yield at_series(exam, "chronology.order", found, second.series, tag=_SERIES_DATE)


def _contradictions(exam: Examination, scans: list[Scan]) -> Iterator[Finding]:
    for first, second in combinations(scans, 2):
        if _contradicts(first.moment, second.moment):
            found = f"the opposite order of this scan and {_shown(exam, first.series.uid)}"
            yield _at_row(exam, second, "chronology.contradiction", found, "series_date_time")


def _shown(exam: Examination, uid: str) -> str:
    return f"scan {without_tokens(shown_path(uid), exam.name_tokens)}"


def _sort_key(scan: Scan) -> tuple[datetime, datetime, str]:
    return (*scan.moment.sort_key(), scan.series.uid)


def _has_no_order(first: Moment, second: Moment) -> bool:
    return by_tags(first, second) == 0 and by_table(first, second) == 0


def _contradicts(first: Moment, second: Moment) -> bool:
    return by_tags(first, second) * by_table(first, second) < 0


def _known_scans(exam: Examination, subject: str) -> list[EarlierScan]:
    """Scans of a subject in earlier transfers that are not in this one and were not withdrawn."""
    here = {series.uid for series in exam.series}
    known = [
        EarlierScan(uid, Moment.of(each.date, each.time, each.table))
        for uid, each in exam.known.series.items()
        if each.patient == subject and uid not in here and not each.withdrawn
    ]
    recorded = (each for each in known if each.moment.recorded)
    return sorted(recorded, key=lambda each: (each.moment.sort_key(), each.uid))


def _known_self(exam: Examination, scan: Scan) -> Iterator[Finding]:
    known = exam.known.series.get(scan.series.uid)
    if known is None or _is_corrected(exam, scan.series):
        return
    before = Moment.of(known.date, known.time, known.table)
    if differ(before, scan.moment):
        found = f"{_said(scan.moment)}, in an earlier transfer {_said(before)}"
        yield at_series(exam, "chronology.known-series", found, scan.series, tag=_SERIES_DATE)


def _is_corrected(exam: Examination, series: Series) -> bool:
    corrected = exam.declared("correct")
    table = exam.metadata.path if exam.metadata else ""
    return table in corrected or any(image.path in corrected for image in series.images)


def _said(moment: Moment) -> str:
    table = f", table {moment.table}" if moment.table else ""
    return f"tags {moment.tagged or moment.day or 'no date'}{table}"


def _against_known(
    exam: Examination, scans: list[Scan], known: list[EarlierScan]
) -> Iterator[Finding]:
    """A scan that came before was compared then; if its date changed, `_known_self` says so."""
    for scan in scans:
        if scan.series.uid not in exam.known.series:
            yield from _new_against_known(exam, scan, known)


def _new_against_known(
    exam: Examination, scan: Scan, known: list[EarlierScan]
) -> Iterator[Finding]:
    new = scan.moment
    equal = next((each for each in known if _has_no_order(each.moment, new)), None)
    opposite = next((each for each in known if _contradicts(each.moment, new)), None)
    if equal is not None:
        found = f"no order of this scan and {_shown(exam, equal.uid)} of an earlier transfer"
        yield at_series(exam, "chronology.order", found, scan.series, tag=_SERIES_DATE)
    elif opposite is not None:
        other = _shown(exam, opposite.uid)
        found = f"the opposite order of this scan and {other} of an earlier transfer"
        yield _at_row(exam, scan, "chronology.contradiction", found, "series_date_time")
    elif known and new.recorded and new.sort_key() < known[0].moment.sort_key():
        found = f"{_said(new)}, the first in earlier transfers {_said(known[0].moment)}"
        yield at_series(exam, "chronology.before-known", found, scan.series, tag=_SERIES_DATE)


def _at_row(exam: Examination, entry: Scan, code: str, found: str, column: str) -> Finding:
    return exam.catalogue.finding(
        code,
        found,
        file=exam.metadata.path if exam.metadata else None,
        row=entry.row,
        column=column,
        subject=entry.series.subject,
        series=entry.series.uid,
    )
