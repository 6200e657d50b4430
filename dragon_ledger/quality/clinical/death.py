"""Check 11, DD against DM: who has died, and when."""

from __future__ import annotations

import polars as pl

from dragon_ledger.quality.clinical.identifiers import subjects_in
from dragon_ledger.quality.clinical.reporting import Reporter
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.findings import Finding

_DAY = 10  # characters of YYYY-MM-DD


def check_death(demographics: Table | None, details: Table | None) -> list[Finding]:
    """Findings about death in DM and DD, as far as DM has the death variables (CORE-000108)."""
    if demographics is None or not demographics.has("USUBJID"):
        return []
    findings = _dates_without_flag(demographics)
    if details is None or not details.has("USUBJID"):
        return findings
    return [*findings, *_flags(demographics, details), *_collected_before(demographics, details)]


def _flags(demographics: Table, details: Table) -> list[Finding]:
    if not demographics.has("DTHFL"):
        return []
    died = subjects_in(details)
    flagged = (pl.col("DTHFL") == "Y").fill_null(value=False)
    in_details = pl.col("USUBJID").is_in(sorted(died))
    reporter = Reporter(demographics)
    return [
        *reporter.rows("sdtm.death-flag", in_details & ~flagged, "DTHFL"),
        *reporter.rows("sdtm.death-details", flagged & ~in_details, "DTHFL", known={"Y": "Y"}),
    ]


def _dates_without_flag(demographics: Table) -> list[Finding]:
    if not demographics.has("DTHFL", "DTHDTC"):
        return []
    wrong = pl.col("DTHDTC").is_not_null() & (pl.col("DTHFL") != "Y").fill_null(value=True)
    return Reporter(demographics).rows("sdtm.death-date-flag", wrong, "DTHFL")


def _collected_before(demographics: Table, details: Table) -> list[Finding]:
    if not demographics.has("DTHDTC") or not details.has("DDDTC"):
        return []
    known = demographics.frame.select("USUBJID", "DTHDTC").drop_nulls()
    deaths = dict(known.iter_rows())
    if not deaths:
        return []
    death = pl.col("USUBJID").replace_strict(deaths, default=None, return_dtype=pl.String)
    day, died = pl.col("DDDTC").str.slice(0, _DAY), death.str.slice(0, _DAY)
    precise = (day.str.len_chars() == _DAY) & (died.str.len_chars() == _DAY)
    return Reporter(details).rows("sdtm.death-before", precise & (day < died), "DDDTC")
