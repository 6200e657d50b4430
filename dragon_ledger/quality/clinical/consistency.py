"""Check 11, variables that go together: age, occurrence, dose, class, category, concentration.

Rules of the CDISC conformance rules that reach these domains are named by their CORE number.
"""

from __future__ import annotations

import polars as pl

from dragon_ledger.quality.clinical.identifiers import one_to_one
from dragon_ledger.quality.clinical.missing import is_number
from dragon_ledger.quality.clinical.reporting import Reporter
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.findings import Finding

_YEARS_PER_UNIT = {"YEARS": 1.0, "MONTHS": 1 / 12, "WEEKS": 7 / 365.25, "DAYS": 1 / 365.25,
                   "HOURS": 1 / 8766}  # fmt: skip
OLDEST = 120
_FINDINGS = ("LB", "MB", "MI", "DD")


def check_consistency(table: Table) -> list[Finding]:
    """Findings about variables of one table that contradict each other."""
    reporter = Reporter(table)
    findings = _subcategory(table, reporter)
    if table.domain == "DM":
        return findings + _ages(table, reporter)
    if table.domain == "SU":
        return findings + _substances(table, reporter)
    if table.domain in _FINDINGS and table.has(table.name_of("--CONC")):
        findings.append(reporter.about("sdtm.concentration", column=table.name_of("--CONC")))
    return findings


def age_in_years(table: Table) -> pl.Expr:
    """AGE in years; AGEU is YEARS where it is not given."""
    age = pl.when(is_number("AGE")).then(pl.col("AGE")).cast(pl.Float64, strict=False)
    if not table.has("AGEU"):
        return age
    unit = pl.col("AGEU").fill_null("YEARS")
    return age * unit.replace_strict(_YEARS_PER_UNIT, default=1.0, return_dtype=pl.Float64)


def _ages(table: Table, reporter: Reporter) -> list[Finding]:
    if not table.has("AGE"):
        return []
    age = age_in_years(table)
    return reporter.rows("sdtm.age", (age < 0) | (age > OLDEST), "AGE")


def _subcategory(table: Table, reporter: Reporter) -> list[Finding]:
    """CORE-000104."""
    subcategory = table.name_of("--SCAT")
    if not table.has(subcategory) or table.has(table.name_of("--CAT")):
        return []
    return [reporter.about("sdtm.subcategory", column=subcategory)]


def _substances(table: Table, reporter: Reporter) -> list[Finding]:
    return [
        *_occurrence(table, reporter),
        *_dose(table, reporter),
        *one_to_one(table, reporter, "sdtm.class-pair", "SUCLASCD", "SUCLAS"),
    ]


def _occurrence(table: Table, reporter: Reporter) -> list[Finding]:
    """CORE-000015 and CORE-000018."""
    if not table.has("SUOCCUR"):
        return []
    if not table.has("SUPRESP"):
        return [reporter.about("sdtm.occurrence-alone", column="SUOCCUR")]
    answered = pl.col("SUSTAT").is_not_null() if table.has("SUSTAT") else pl.lit(value=False)
    wrong = (pl.col("SUPRESP") == "Y") & ~answered & pl.col("SUOCCUR").is_null()
    return reporter.rows("sdtm.occurrence-blank", wrong, "SUOCCUR")


def _dose(table: Table, reporter: Reporter) -> list[Finding]:
    """CORE-000092 and CORE-000094, and doses below zero."""
    findings = []
    if table.has("SUDOSE"):
        dose = pl.col("SUDOSE").cast(pl.Float64, strict=False)
        findings += reporter.rows("sdtm.dose-negative", dose < 0, "SUDOSE")
    if table.has("SUDOSTXT"):
        findings += reporter.rows("sdtm.dose-text", is_number("SUDOSTXT"), "SUDOSTXT")
    if table.has("SUDOSE", "SUDOSTXT"):
        both = pl.col("SUDOSE").is_not_null() & pl.col("SUDOSTXT").is_not_null()
        findings += reporter.rows("sdtm.dose-twice", both, "SUDOSTXT")
    return findings
