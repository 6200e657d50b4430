"""Table 3: the metadata table itself, and its rows against the series that were transferred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from dragon_ledger.quality.dates import table_moment
from dragon_ledger.quality.examination import Examination, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.numbers import decimals
from dragon_ledger.quality.rules import ColumnRule
from dragon_ledger.quality.tables import Row, Table
from dragon_ledger.quality.transfer import Role

_DATES = frozenset({"date_time", "series_date_time"})
# Columns that repeat an attribute; slices, spacing and thickness belong to checks 3, 9 and 10.
_REPEATS = {
    "study_uid": "StudyInstanceUID",
    "modality": "Modality",
    "convolution_kernel": "ConvolutionKernel",
}


def check_metadata(exam: Examination) -> CheckResult:
    """One table, all columns and values, one row for each series, as the images say."""
    table = exam.metadata
    if table is None:
        return conclude("metadata", _why_none(exam))
    findings = chain(
        _shape(exam, table),
        chain.from_iterable(_row_findings(exam, table, row) for row in table.rows),
        _rows_against_series(exam, table),
        _one_partner(exam, table),
    )
    return conclude("metadata", findings, exam.doubts)


def _why_none(exam: Examination) -> Iterator[Finding]:
    files = exam.tree.of_role(Role.METADATA)
    if not files:
        yield exam.catalogue.finding("metadata.absent", "no table with the columns of Table 3")
    elif len(files) > 1:
        for file in files:
            yield exam.catalogue.finding("metadata.several", f"{len(files)} tables", file=file.path)
    else:
        path = files[0].path
        yield exam.catalogue.finding(
            "metadata.unreadable", exam.table_problems.get(path, ""), file=path
        )


def _shape(exam: Examination, table: Table) -> Iterator[Finding]:
    make = exam.catalogue.finding
    for rule in exam.rules.columns:
        if rule.name not in table.columns:
            yield make("metadata.column", "absent", file=table.path, row=1, column=rule.name)
    for name in table.repeated_columns:
        known = {rule.name for rule in exam.rules.columns}
        shown = name if name in known else shape_of(name)
        yield make("metadata.column-twice", "twice", file=table.path, row=1, column=shown)
    if table.encoding != "UTF-8" or table.separator != ",":
        written = {"\t": "tab"}.get(table.separator, table.separator)
        yield make("metadata.encoding", f"{table.encoding}, separator {written}", file=table.path)
    if not table.path.lower().endswith("_metadata.csv"):
        yield make("metadata.name", "another name", file=table.path)


def _row_findings(exam: Examination, table: Table, row: Row) -> Iterator[Finding]:
    if not row.complete:
        yield exam.catalogue.finding(
            "metadata.row-shape", "another number of values", file=table.path, row=row.number
        )
    for rule in exam.rules.columns:
        value = row.values.get(rule.name)
        code, found = _value_code(rule, value)
        if code:
            yield exam.catalogue.finding(
                f"metadata.{code}",
                found,
                file=table.path,
                row=row.number,
                column=rule.name,
                subject=row.values.get("patient"),
                series=row.values.get("series_uid"),
            )


def _value_code(rule: ColumnRule, value: str | None) -> tuple[str, str]:
    if not value:  # a missing column is a finding of its own
        return ("", "") if value is None else ("empty", "nothing")
    if rule.type == "Num" and (decimals(value) is None or "\\" in value):
        return "type", shape_of(value)
    if rule.name in _DATES and table_moment(value) is None:
        return "date", shape_of(value)
    if len(value) > rule.accepted_length:
        return "length", f"{len(value)} characters"
    if len(value) > rule.length:
        return "length-noted", f"{len(value)} characters, Table 3 says {rule.length}"
    return "", ""


def _rows_against_series(exam: Examination, table: Table) -> Iterator[Finding]:
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        rows.setdefault(row.values.get("series_uid", ""), []).append(row)
    series_by_uid = {series.uid: series for series in exam.series}
    for uid, series in series_by_uid.items():
        if uid not in rows:
            yield exam.catalogue.finding(
                "metadata.row-absent", "no row", file=series.first.path,
                subject=series.subject, series=uid,
            )  # fmt: skip
    for uid, members in rows.items():
        for row in members[1:]:
            yield _at(exam, table, row, "metadata.row-twice", "a second row", "series_uid")
        known = series_by_uid.get(uid)
        if known is not None:
            yield from _disagreements(exam, table, members[0], known)
        elif uid:
            for row in members:
                yield _at(exam, table, row, "metadata.row-extra", "no images", "series_uid")


def _disagreements(exam: Examination, table: Table, row: Row, series: Series) -> Iterator[Finding]:
    for column, keyword in _REPEATS.items():
        value, tag = row.values.get(column, ""), series.text(keyword)
        if value and tag and value != tag:
            found = f"{shape_of(value)}, the images say {shape_of(tag)}"
            yield _at(exam, table, row, "metadata.differs", found, column)
    patient = row.values.get("patient", "")
    pair = (series.subject, patient)
    if patient and series.subject != patient and pair not in exam.linked_ids:
        yield _at(
            exam, table, row, "metadata.differs", "another patient than the images'", "patient"
        )


def _one_partner(exam: Examination, table: Table) -> Iterator[Finding]:
    for column in ("project", "partner"):
        values = Counter(row.values.get(column, "") for row in table.rows)
        values.pop("", None)
        if len(values) > 1:
            found = f"{len(values)} different values"
            yield exam.catalogue.finding("metadata.partner", found, file=table.path, column=column)


def _at(exam: Examination, table: Table, row: Row, code: str, found: str, column: str) -> Finding:
    return exam.catalogue.finding(
        code,
        found,
        file=table.path,
        row=row.number,
        column=column,
        subject=row.values.get("patient") or None,
        series=row.values.get("series_uid") or None,
    )
