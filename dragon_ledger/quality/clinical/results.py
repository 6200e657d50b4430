"""Check 11, results: standardised against original results, numbers against texts, units.

Rules of the CDISC conformance rules that reach these domains are named by their CORE number.
"""

from __future__ import annotations

import polars as pl

from dragon_ledger.quality.clinical.missing import is_number
from dragon_ledger.quality.clinical.reporting import Question, Reporter
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.clinical.units import scale_of
from dragon_ledger.quality.findings import Finding

_FINDINGS = ("LB", "MB", "MI", "DD")
_SAME_TEST = ("--TESTCD", "--CAT", "--SPEC", "--METHOD", "--TSTDTL", "--TESTDTL")
ROUNDING = 0.02  # relative: results are rounded to two or three digits when they are converted
EQUAL = 1e-6
_BETWEEN = "\n"
_MOST_PAIRS = 5_000  # a table with more pairs of units holds something else in their place


def check_results(table: Table) -> list[Finding]:
    """Findings about the results of one table of the Findings class."""
    if table.domain not in _FINDINGS:
        return []
    reporter = Reporter(table)
    questions = [
        *_standard_numbers(table),
        *_conversions(table),
        *_result_categories(table),
    ]
    return [*reporter.answers(questions), *_standard_units(table, reporter)]


def _number(name: str) -> pl.Expr:
    return pl.when(is_number(name)).then(pl.col(name)).cast(pl.Float64, strict=False)


def _standard_numbers(table: Table) -> list[Question]:
    """CORE-000732 and CORE-000863, and equality of --STRESC and --STRESN."""
    text, number = table.name_of("--STRESC"), table.name_of("--STRESN")
    if not table.has(text, number):
        return []
    has_text, has_number = pl.col(text).is_not_null(), pl.col(number).is_not_null()
    differs = (_number(text) - _number(number)).abs() > EQUAL * _number(text).abs()
    extra = has_text & ~is_number(text) & has_number
    return [
        Question("sdtm.standard-number-absent", is_number(text) & ~has_number, number),
        Question("sdtm.standard-number-extra", extra, number),
        Question("sdtm.standard-number-differs", differs, number),
    ]


def _standard_units(table: Table, reporter: Reporter) -> list[Finding]:
    """One test (of one category, specimen, method and detail) has one standard unit."""
    unit = table.name_of("--STRESU")
    test = [name for name in map(table.name_of, _SAME_TEST) if table.has(name)]
    if not table.has(unit) or table.name_of("--TESTCD") not in test:
        return []
    units = table.frame.lazy().filter(pl.col(unit).is_not_null()).select(*test, unit).unique()
    several = units.filter(pl.struct(test).is_duplicated()).collect()
    if several.is_empty():
        return []
    wrong = pl.struct(test).is_in(several.select(test).unique().to_struct().implode())
    known = {value: value for value in several.get_column(unit) if scale_of(value)}
    return reporter.rows("sdtm.standard-units-differ", wrong & pl.col(unit).is_not_null(), unit,
                         known=known)  # fmt: skip


def _conversions(table: Table) -> list[Question]:
    names = [table.name_of(stem) for stem in ("--ORRES", "--ORRESU", "--STRESN", "--STRESU")]
    if not table.has(*names):
        return []
    original, unit, standard, standard_unit = names
    rate = _rate(table.frame, unit, standard_unit)
    wanted = _number(original) * rate
    tolerance = pl.when(rate == 1.0).then(EQUAL).otherwise(ROUNDING)
    wrong = (wanted - _number(standard)).abs() > tolerance * wanted.abs()
    return [Question("sdtm.conversion", wrong, standard)]


def _rate(frame: pl.DataFrame, unit: str, standard_unit: str) -> pl.Expr:
    """The factor between a row's two units; null where they cannot be converted."""
    differ = pl.col(unit) != pl.col(standard_unit)
    pairs = (
        frame.lazy()
        .filter(differ)
        .select(unit, standard_unit)
        .unique()
        .sort(unit, standard_unit)
        .collect()
    )
    rates = {
        f"{original}{_BETWEEN}{standard}": factor_between(original, standard)
        for original, standard in pairs.head(_MOST_PAIRS).iter_rows()
    }
    pair = pl.concat_str(unit, standard_unit, separator=_BETWEEN)
    known = pair.replace_strict(rates, default=None, return_dtype=pl.Float64)
    return pl.when(~differ).then(1.0).otherwise(known) if rates else pl.when(~differ).then(1.0)


def factor_between(original: str, standard: str) -> float | None:
    """What a number in one unit is multiplied by to be in another, None when that is not known."""
    if original == standard:
        return 1.0
    first, second = scale_of(original), scale_of(standard)
    if first is None or second is None or first.dimension != second.dimension:
        return None
    return first.factor / second.factor


def _result_categories(table: Table) -> list[Question]:
    """CORE-000101."""
    category, result = table.name_of("--RESCAT"), table.name_of("--STRESC")
    if not table.has(category, result):
        return []
    wrong = pl.col(category).is_not_null() & pl.col(result).is_null()
    return [Question("sdtm.result-category", wrong, category)]
