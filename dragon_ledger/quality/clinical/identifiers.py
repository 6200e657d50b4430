"""Check 11, identity: --SEQ per subject, USUBJID and DM, test codes and their names."""

from __future__ import annotations

import polars as pl

from dragon_ledger.quality.clinical.reporting import Reporter
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.findings import Finding

_TEST_CODE = r"^[A-Z][A-Z0-9_]{0,7}$"
_WHOLE_NUMBER = r"^0*[1-9][0-9]*(\.0*)?$"


def check_identifiers(table: Table, subjects: frozenset[str] | None) -> list[Finding]:
    """Findings about one table's identifiers; `subjects` are DM's, None when DM cannot be read."""
    reporter = Reporter(table)
    return [
        *_sequence(table, reporter),
        *_subjects(table, subjects, reporter),
        *_test_codes(table, reporter),
    ]


def subjects_in(table: Table) -> frozenset[str]:
    """The distinct USUBJID values of a table."""
    if not table.has("USUBJID"):
        return frozenset()
    return frozenset(table.frame.get_column("USUBJID").drop_nulls().unique())


def _sequence(table: Table, reporter: Reporter) -> list[Finding]:
    name = table.name_of("--SEQ")
    if not table.has(name, "USUBJID"):
        return []
    number = pl.col(name).str.contains(_WHOLE_NUMBER)
    findings = reporter.rows("sdtm.seq", ~number, name)
    key = pl.struct("USUBJID", pl.col(name).cast(pl.Float64, strict=False))
    repeated = key.is_duplicated() & pl.col(name).is_not_null() & pl.col("USUBJID").is_not_null()
    return findings + reporter.rows("sdtm.seq-twice", repeated, name)


def _subjects(table: Table, subjects: frozenset[str] | None, reporter: Reporter) -> list[Finding]:
    if not table.has("USUBJID"):
        return []
    subject = pl.col("USUBJID")
    if table.domain == "DM":
        repeated = subject.is_duplicated() & subject.is_not_null()
        return reporter.rows("sdtm.subject-twice", repeated, "USUBJID")
    if subjects is None:
        return []
    unknown = sorted(subjects_in(table) - subjects)
    if not unknown:
        return []
    return reporter.rows("sdtm.subject-not-in-dm", subject.is_in(unknown), "USUBJID")


def _test_codes(table: Table, reporter: Reporter) -> list[Finding]:
    code, name = table.name_of("--TESTCD"), table.name_of("--TEST")
    if not table.has(code):
        return []
    findings = reporter.rows("sdtm.testcd", ~pl.col(code).str.contains(_TEST_CODE), code)
    return findings + one_to_one(table, reporter, "sdtm.test-pair", code, name)


def one_to_one(
    table: Table, reporter: Reporter, code: str, first: str, second: str
) -> list[Finding]:
    """Findings where one value of `first` stands beside several of `second`, or the reverse."""
    if not table.has(first, second):
        return []
    pairs = table.frame.lazy().select(first, second).drop_nulls().unique().collect()
    findings = []
    for one, other in ((first, second), (second, first)):
        several = pairs.filter(pl.col(one).is_duplicated()).get_column(one).unique()
        if len(several):
            counted = pl.col(one).is_in(several.sort().to_list())
            findings += reporter.rows(code, counted & pl.col(other).is_not_null(), one)
    return findings
