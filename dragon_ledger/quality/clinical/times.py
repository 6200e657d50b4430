"""Check 11, time: dates, dates with times and durations in ISO 8601 as SDTM uses it.

SDTM IG 3.3 section 4.4 allows less precise dates (2020-12), a hyphen for an unknown middle part
(2020---15) and two dates joined by a slash.
"""

from __future__ import annotations

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


def check_times(table: Table, today: date) -> list[Finding]:
    """Findings about one table's dates (--DTC) and durations (--DUR)."""
    dates = [name for name in table.variables if name.endswith("DTC")]
    durations = [
        name for name in table.variables if name.endswith("DUR") and name.startswith(table.domain)
    ]
    return Reporter(table).answers(
        [
            *(question for name in dates for question in _dates(name, today)),
            *(_duration(name) for name in durations),
        ]
    )


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
