"""Check 7: the listed variables hold no missing value.

Blanks, SAS missing values and words for 'missing' are told apart. What may stay blank is decided in
`docs/adr/0031-clinical-decisions.md`: number and units of a qualitative result, units of a test
that has none, results of a test that was not done, and amounts of a substance never used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from dragon_ledger.quality.clinical.reporting import Question, Reporter
from dragon_ledger.quality.clinical.table import ROW, Table
from dragon_ledger.quality.findings import Finding
from dragon_ledger.quality.rules import DomainRule, VariableRule

SAS_CODES = (".", "._", *(f".{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
_WORDS = (
    "NA", "N/A", "#N/A", "N.A.", "<NA>", "NULL", "NAN", "MISSING", "NOT AVAILABLE", "NOT KNOWN",
    "NaN", "NaT", "(NULL)", r"\N", "?", "??", "???", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!",
    "#NAME?",
)  # fmt: skip
_WORDS_UNLESS_RESULTS = ("NONE", "NIL", "-", "--", "---")
_RESULTS = ("--ORRES", "--STRESC")
_FINDINGS = ("LB", "MB", "MI")
_UNITLESS_TESTS = ("PH", "SPGRAV", "INR", "PTINR")
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def check_missing(table: Table, domain: DomainRule) -> list[Finding]:
    """Findings of check 7 in one table."""
    reporter = Reporter(table)
    listed = [name for rule in domain.variables if (name := name_in(table, rule)) is not None]
    questions = [
        Question(f"clinical-missing.{code}", ~excused(table, name) & missing, name)
        for name in _with_missing(table, listed)
        for code, missing in _kinds(table, name)
    ]
    return reporter.answers(questions) + _not_done(table, reporter)


def _with_missing(table: Table, names: list[str]) -> list[str]:
    """The variables that miss any value, whether or not they may: most miss none."""
    if not names:
        return []
    spelled = [_is_spelled(table, name).fill_null(value=True).any().alias(name) for name in names]
    (found,) = table.frame.lazy().select(spelled).collect().to_dicts()
    return [name for name in names if found[name]]


def name_in(table: Table, rule: VariableRule) -> str | None:
    """Under which of its accepted names a variable is in the table."""
    return next((name for name in (rule.name, *rule.alternatives) if table.has(name)), None)


def without_missing(table: Table) -> Table:
    """The table with every kind of missing value as null, for the checks that look at values."""
    cleaned = [
        pl.when(_is_spelled(table, name)).then(None).otherwise(pl.col(name)).alias(name)
        for name in table.variables
    ]
    return replace(table, frame=table.frame.select(ROW, *cleaned))


def is_number(name: str) -> pl.Expr:
    """Whether a text is a decimal number."""
    return pl.col(name).str.contains(NUMBER).fill_null(value=False)


def _kinds(table: Table, name: str) -> Iterator[tuple[str, pl.Expr]]:
    yield "blank", pl.col(name).is_null()
    yield "sas-code", pl.col(name).is_in(SAS_CODES)
    yield "na-spelling", pl.col(name).is_in(_words(table, name))


def _words(table: Table, name: str) -> list[str]:
    is_result = name in {table.name_of(stem) for stem in _RESULTS}
    words = _WORDS if is_result else (*_WORDS, *_WORDS_UNLESS_RESULTS)
    return sorted({form for word in words for form in (word, word.lower(), word.capitalize())})


def _is_spelled(table: Table, name: str) -> pl.Expr:
    return pl.col(name).is_in([*SAS_CODES, *_words(table, name)])


def _value(table: Table, stem: str) -> pl.Expr:
    """A variable's values without missing ones; all null where the variable is not there."""
    name = table.name_of(stem)
    if not table.has(name):
        return pl.lit(None, dtype=pl.String)
    return pl.when(~_is_spelled(table, name)).then(pl.col(name))


def excused(table: Table, name: str) -> pl.Expr:
    """Where a listed variable may hold no value."""
    stem = "--" + name.removeprefix(table.domain)
    if table.domain in _FINDINGS:
        return _excused_finding(table, stem)
    if table.domain == "SU":
        return _excused_substance(table, stem)
    return pl.lit(value=False)


def _excused_finding(table: Table, stem: str) -> pl.Expr:
    if stem not in ("--ORRES", "--ORRESU", "--STRESC", "--STRESN", "--STRESU"):
        return pl.lit(value=False)
    not_done = (_value(table, "--STAT") == "NOT DONE").fill_null(value=False)
    if stem in _RESULTS:
        return not_done
    result = pl.coalesce(_value(table, "--STRESC"), _value(table, "--ORRES"))
    qualitative = (~result.str.contains(NUMBER)).fill_null(value=False)
    return (
        not_done | qualitative | (_unitless(table) if stem != "--STRESN" else pl.lit(value=False))
    )


def _unitless(table: Table) -> pl.Expr:
    """Tests of pH and the like, and ratios, which CDISC names `numerator/denominator`."""
    code = _value(table, "--TESTCD").is_in(_UNITLESS_TESTS)
    ratio = _value(table, "--TEST").str.contains("/", literal=True)
    return (code | ratio).fill_null(value=False)


def _excused_substance(table: Table, stem: str) -> pl.Expr:
    if stem not in ("--DOSE", "--DOSU", "--DUR"):
        return pl.lit(value=False)
    never = (_value(table, "--OCCUR") == "N").fill_null(value=False)
    not_done = (_value(table, "--STAT") == "NOT DONE").fill_null(value=False)
    in_words = _value(table, "--DOSTXT").is_not_null()
    nothing = _value(table, "--DOSE").str.contains(r"^0(\.0*)?$").fill_null(value=False)
    return never | not_done | (in_words if stem == "--DOSE" else nothing)


def _not_done(table: Table, reporter: Reporter) -> list[Finding]:
    status = table.name_of("--STAT")
    if not table.has(status):
        return []
    return reporter.rows(
        "clinical-missing.not-done",
        pl.col(status) == "NOT DONE",
        status,
        known={"NOT DONE": "NOT DONE"},
    )
