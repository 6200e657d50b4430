"""Check 11, time: dates, dates with times and durations in ISO 8601 as SDTM uses it.

SDTM IG 3.3 section 4.4 allows less precise dates (2020-12), a hyphen for an unknown middle part
(2020---15) and two dates joined by a slash.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl

from dragon_ledger.quality.clinical.reporting import Question, Reporter
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.findings import Finding

_CLOCK = r"(T(\d{2}|-)(:(\d{2}|-)(:(\d{2}(\.\d+)?|-))?)?(Z|[+-]\d{2}:?\d{2})?)?"
_DATE = rf"(\d{{4}}|-)(-(\d{{2}}|-)(-(\d{{2}}|-){_CLOCK})?)?"
DATE = rf"^{_DATE}(/{_DATE})?$"
_POSSIBLE_CLOCK = r"T([01]\d|2[0-4]|-)(:([0-5]\d|-)(:([0-5]\d|60|-))?)?"
_DURATION = (
    r"^[+-]?P(\d+([.,]\d+)?W|(\d+([.,]\d+)?Y)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?D)?"
    r"(T(\d+([.,]\d+)?H)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?S)?)?)$"
)
_EARLIEST = "1850"
_USUAL = r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?)?$"


def check_times(table: Table, today: date) -> list[Finding]:
    """Findings about one table's dates (--DTC) and durations (--DUR)."""
    findings: list[Finding] = []
    for name in table.variables:
        if name.endswith("DTC"):
            unusual = table.frame.lazy().filter(~_plainly_right(name, today)).collect()
            reporter = Reporter(replace(table, frame=unusual))
            findings += reporter.answers(_dates(name, today))
        elif name.endswith("DUR") and name.startswith(table.domain):
            findings += Reporter(table).answer(_duration(name))
    return findings


def _plainly_right(name: str, today: date) -> pl.Expr:
    """Whether a date is of the usual form and exists in every month: most need no closer look."""
    text = pl.col(name)
    past = text.str.slice(0, 10) <= today.isoformat()
    return (text.str.contains(_USUAL) & past).fill_null(value=True)


def _dates(name: str, today: date) -> list[Question]:
    text = pl.col(name)
    formed = text.str.contains(DATE)
    impossible = formed & ~_possible(text)
    late = (text.str.slice(0, 10) > today.isoformat()) & ~text.str.starts_with("-")
    return [
        Question("sdtm.date-format", ~formed, name),
        Question("sdtm.date-impossible", impossible, name),
        Question("sdtm.date-future", formed & ~impossible & late, name),
    ]


def _possible(text: pl.Expr) -> pl.Expr:
    """Whether the first date of a well-formed text exists, as far as it is precise."""
    day = text.str.slice(0, 10)
    full = day.str.contains(r"^\d{4}-\d{2}-\d{2}$")
    exists = day.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    month = day.str.contains(r"^(\d{4}|-)(-(0[1-9]|1[0-2]|-)(-.*)?)?$")
    clock = ~text.str.contains("T", literal=True) | text.str.contains(_POSSIBLE_CLOCK)
    modern = text.str.starts_with("-") | (text.str.slice(0, 4) >= _EARLIEST)
    return pl.when(full).then(exists).otherwise(month) & clock & modern


def _duration(name: str) -> Question:
    text = pl.col(name)
    nothing = text.str.contains(r"[PT]$")
    return Question("sdtm.duration", ~text.str.contains(_DURATION) | nothing, name)
