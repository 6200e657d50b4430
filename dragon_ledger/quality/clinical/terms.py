"""Check 11, terms: codelists, paired test names, countries, the rule set's own terms."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from dragon_ledger.quality.clinical.reporting import Reporter, shown
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.clinical.terminology import Codelist, codelist_of, countries
from dragon_ledger.quality.findings import Finding
from dragon_ledger.quality.rules import RuleSet


def check_terms(table: Table, rules: RuleSet) -> list[Finding]:
    """Findings about the terms of one table."""
    reporter = Reporter(table)
    findings: list[Finding] = []
    for name in table.variables:
        codelist = codelist_of(name)
        if codelist is not None:
            findings += _codelist(reporter, name, codelist, rules.accepted_terms(name))
        allowed = rules.terminology(name)
        if allowed is not None:
            findings += _strangers(reporter, "sdtm.term-rule-set", name, allowed, None)
    return [*findings, *_pairs(table, reporter), *_countries(table, reporter)]


def _codelist(
    reporter: Reporter, name: str, codelist: Codelist, accepted: tuple[str, ...]
) -> list[Finding]:
    code = "sdtm.term-extended" if codelist.extensible else "sdtm.term"
    return _strangers(reporter, code, name, {*codelist.terms, *accepted}, codelist)


def _strangers(
    reporter: Reporter,
    code: str,
    name: str,
    allowed: Iterable[str],
    codelist: Codelist | None,
) -> list[Finding]:
    present = reporter.table.frame.get_column(name).drop_nulls().unique().to_list()
    strangers = sorted(set(present) - set(allowed))
    if not strangers:
        return []
    known = _suggestions(strangers, codelist) if codelist else {}
    return reporter.rows(
        code,
        pl.col(name).is_in(strangers),
        name,
        known=known,
        codelist=codelist.name if codelist else "",
    )


def _suggestions(strangers: Iterable[str], codelist: Codelist) -> dict[str, str]:
    meant = {value: codelist.meant_by(value) for value in strangers}
    return {value: f"{value} (meant: {term})" for value, term in meant.items() if term}


def _pairs(table: Table, reporter: Reporter) -> list[Finding]:
    code, name = table.name_of("--TESTCD"), table.name_of("--TEST")
    codelist = codelist_of(code)
    if codelist is None or not table.has(code, name):
        return []
    pairs = table.frame.lazy().select(code, name).drop_nulls().unique().collect()
    wrong = sorted(
        value for value, test in pairs.iter_rows() if codelist.test_of(value) not in (None, test)
    )
    if not wrong:
        return []
    paired = pl.col(code).replace_strict(
        {value: codelist.test_of(value) for value in wrong}, default=None, return_dtype=pl.String
    )
    differs = (pl.col(name) != paired).fill_null(value=False)
    names = table.frame.lazy().filter(differs).select(name).unique().collect().to_series()
    known = {value: shown(value) for value in names}
    return reporter.rows("sdtm.term-pair", differs, name, known=known)


def _countries(table: Table, reporter: Reporter) -> list[Finding]:
    if table.domain != "DM" or not table.has("COUNTRY"):
        return []
    return _strangers(reporter, "sdtm.country", "COUNTRY", countries(), None)
