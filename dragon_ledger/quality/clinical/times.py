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

_CLOCK = r"(T([0-9]{2}|-)(:([0-9]{2}|-)(:([0-9]{2}(\.[0-9]+)?|-))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_DATE = rf"([0-9]{{4}}|-)(-([0-9]{{2}}|-)(-([0-9]{{2}}|-){_CLOCK})?)?"
DATE = rf"^{_DATE}(/{_DATE})?$"
_POSSIBLE_CLOCK = (
    r"T(24(:00(:00(\.0+)?)?)?|([01][0-9]|2[0-3]|-)(:([0-5][0-9]|-)(:([0-5][0-9]|60|-)(\.[0-9]+)?)?)?)"
    r"(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?$"
)
_POSSIBLE_PARTS = r"^([0-9]{4}|-)(-(0[1-9]|1[0-2]|-)(-(0[1-9]|[12][0-9]|3[01]|-))?)?$"
_N = r"[0-9]+"
_DURATION = rf"^[+-]?P({_N}W|({_N}Y)?({_N}M)?({_N}D)?(T({_N}H)?({_N}M)?({_N}S)?)?)$"
_FRACTION = r"[.,][0-9]+([YMDWHS])$"  # only the last number may have decimals
_EARLIEST = "1850"
_USUAL = (  # every date of these centuries but 29 February
    r"^(19|20)[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
    r"|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?$"
)


def check_times(table: Table, today: date) -> list[Finding]:
    """Findings about one table's dates (--DTC) and durations (--DUR, --ELTM)."""
    findings: list[Finding] = []
    for name in table.variables:
        if name.endswith("DTC"):
            unusual = table.frame.lazy().filter(~plainly_right(name, today)).collect()
            reporter = Reporter(replace(table, frame=unusual))
            findings += reporter.answers(_dates(name, today))
        elif name in (table.name_of("--DUR"), table.name_of("--ELTM")):
            findings += Reporter(table).answer(_duration(name))
    return findings


def plainly_right(name: str, today: date) -> pl.Expr:
    """Whether a date is of the usual form and exists: nearly all need no closer look."""
    text = pl.col(name)
    past = text.str.slice(0, 10) <= today.isoformat()
    return (text.str.contains(_USUAL) & past).fill_null(value=True)


def _dates(name: str, today: date) -> list[Question]:
    text = pl.col(name)
    formed = text.str.contains(DATE)
    first, last = _ends(text)
    reversed_ends = _precise(first) & _precise(last) & (_day(last) < _day(first))
    impossible = formed & (~_possible(first) | ~_possible(last) | reversed_ends)
    late = _is_after(first, today) | _is_after(last, today)
    return [
        Question("sdtm.date-format", ~formed, name),
        Question("sdtm.date-impossible", impossible, name),
        Question("sdtm.date-future", formed & ~impossible & late, name),
    ]


def _ends(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Both dates of an interval; a date by itself is both."""
    parts = text.str.split("/")
    return parts.list.first(), parts.list.last()


def _day(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 10)


def _precise(text: pl.Expr) -> pl.Expr:
    return _day(text).str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


def _is_after(text: pl.Expr, today: date) -> pl.Expr:
    return (_day(text) > today.isoformat()) & ~text.str.starts_with("-")


def _possible(text: pl.Expr) -> pl.Expr:
    """Whether a well-formed date exists, as far as it is precise."""
    exists = _day(text).str.to_date("%Y-%m-%d", strict=False).is_not_null()
    parts = text.str.replace("T.*$", "").str.contains(_POSSIBLE_PARTS)
    clock = ~text.str.contains("T", literal=True) | text.str.contains(_POSSIBLE_CLOCK)
    modern = text.str.starts_with("-") | (text.str.slice(0, 4) >= _EARLIEST)
    return pl.when(_precise(text)).then(exists).otherwise(parts) & clock & modern


def _duration(name: str) -> Question:
    text = pl.col(name).str.replace(_FRACTION, "${1}")
    nothing = text.str.contains(r"[PT]$")
    return Question("sdtm.duration", ~text.str.contains(_DURATION) | nothing, name)
