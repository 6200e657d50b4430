"""Check 11, terms: codelists, paired test names, countries, the rule set's own terms."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from dragon_ledger.quality.clinical.reporting import Reporter
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.clinical.terminology import Codelist, codelist_of, countries
from dragon_ledger.quality.findings import EXAMPLES_PER_GROUP, Finding
from dragon_ledger.quality.rules import RuleSet

_RESULTS = ("LBSTRESC",)  # lists of results in words: numbers, ranges and grades are no terms


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
    wrong = ~pl.col(name).is_in(sorted(allowed))
    if codelist is not None and codelist.name in _RESULTS:
        wrong &= ~pl.col(name).str.contains("[0-9]")
    shown_values = reporter.table.frame.lazy().filter(wrong).select(name).head(EXAMPLES_PER_GROUP)
    strangers = shown_values.collect().get_column(name).to_list()
    if not strangers:
        return []
    known = _suggestions(strangers, codelist) if codelist else {}
    return reporter.rows(code, wrong, name, known=known, codelist=codelist.name if codelist else "")


def _suggestions(strangers: Iterable[str], codelist: Codelist) -> dict[str, str]:
    meant = {value: codelist.meant_by(value) for value in strangers}
    return {value: f"{value} (meant: {term})" for value, term in meant.items() if term}


def _pairs(table: Table, reporter: Reporter) -> list[Finding]:
    code, name = table.name_of("--TESTCD"), table.name_of("--TEST")
    codelist = codelist_of(code)
    if codelist is None or not table.has(code, name):
        return []
    tests = {value: codelist.test_of(value) for value in codelist.terms}
    paired = pl.col(code).replace_strict(tests, default=None, return_dtype=pl.String)
    return reporter.rows("sdtm.term-pair", pl.col(name) != paired, name)


def _countries(table: Table, reporter: Reporter) -> list[Finding]:
    if table.domain != "DM" or not table.has("COUNTRY"):
        return []
    return _strangers(reporter, "sdtm.country", "COUNTRY", countries(), None)
