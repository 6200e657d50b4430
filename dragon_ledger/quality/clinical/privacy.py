"""Check 1, the clinical part: what in a table may tell who a subject is."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from dragon_ledger.quality.clinical.consistency import age_in_years
from dragon_ledger.quality.clinical.reporting import Reporter, finding
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.findings import Finding
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.rules import RuleSet
from dragon_ledger.quality.text_leaks import leaks

_BIRTH = ("BRTHDTC", "BIRTHDT", "BRTHDT", "DOB", "BIRTHDATE", "DATEOFBIRTH")
_IDENTIFYING_COLUMN = re.compile(
    r"(PAT(IENT)?|SUBJ(ECT)?|FIRST|LAST|FAMILY|GIVEN|FULL|MAIDEN|SUR|FORE)_?NA?ME?S?|NAMES?|"
    r"INITIALS?|INVNAM|(HOME_?)?ADDR(ESS)?\d?|STREET|CITY|TOWN|VILLAGE|ZIP(_?CODE)?|"
    r"POST(AL)?_?CODE|(TELE)?PHONE(_?NO)?|TEL|MOBILE|FAX|E_?MAIL|SSN|NHS(_?NO|NUM)?|MRN|BSN|NISS|"
    r"INSURANCE(_?NO)?|PASSPORT|NATIONAL_?ID"
)
_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_LEAK = 6
_CODED = ("STUDYID", "DOMAIN", "--TESTCD", "--TEST", "--SEQ", "--CAT", "--ORRESU", "--STRESU")


def check_privacy(
    table: Table, rules: RuleSet, name_tokens: frozenset[str], numbers: Iterable[str]
) -> list[Finding]:
    """Findings about one table; `numbers` are its variables that hold numbers only."""
    reporter = Reporter(table)
    return [
        *_births(table, reporter),
        *_columns(table, reporter),
        *_texts(table, reporter, name_tokens, frozenset(numbers)),
        *_ages(table, reporter, rules),
    ]


def check_file_names(paths: Iterable[str]) -> list[Finding]:
    """Findings about the names of tables."""
    return [
        finding("privacy.clinical-file-name", leak.kind)
        for path in paths
        for leak in leaks(path.rpartition(".")[0].replace("_", " "))
        if not leak.is_date
    ]


def _births(table: Table, reporter: Reporter) -> list[Finding]:
    return [
        each
        for name in _BIRTH
        if table.has(name)
        for each in reporter.rows(
            "privacy.clinical-birth-date",
            pl.col(name).is_not_null(),
            name,
            known=_shapes(table, name),
        )
    ]


def _shapes(table: Table, name: str) -> dict[str, str]:
    """Every value of a variable as its shape: nothing of it is shown."""
    values = table.frame.get_column(name).drop_nulls().unique()
    return {value: shape_of(value) for value in values}


def _columns(table: Table, reporter: Reporter) -> list[Finding]:
    return [
        reporter.about("privacy.clinical-column", column=name)
        for name in table.variables
        if _IDENTIFYING_COLUMN.fullmatch(name) and name not in _BIRTH
    ]


def _texts(
    table: Table, reporter: Reporter, tokens: frozenset[str], numbers: frozenset[str]
) -> list[Finding]:
    skipped = {table.name_of(stem) for stem in _CODED} | numbers | set(_BIRTH)
    findings: list[Finding] = []
    for name in table.variables:
        if name not in skipped and not name.endswith("DTC"):
            findings += _text(table, reporter, name, tokens)
    return findings


def _text(table: Table, reporter: Reporter, name: str, tokens: frozenset[str]) -> list[Finding]:
    shortest = min((len(token) for token in tokens), default=_SHORTEST_LEAK)
    values = _suspects(table, name, min(shortest, _SHORTEST_LEAK))
    by_code: dict[str, dict[str, str]] = {}
    for value in values:
        for code, kind in _leaks(value, tokens):
            by_code.setdefault(code, {})[value] = f"{kind}: {shape_of(value)}"
    return [
        each
        for code, known in sorted(by_code.items())
        for each in reporter.rows(code, pl.col(name).is_in(sorted(known)), name, known=known)
    ]


def _suspects(table: Table, name: str, shortest: int) -> list[str]:
    """Distinct values that are long enough and no plain numbers."""
    text = pl.col(name)
    suspect = (text.str.len_chars() >= shortest) & ~text.str.contains(r"^[0-9.]{1,7}$")
    return table.frame.lazy().filter(suspect).select(name).unique().collect().to_series().to_list()


def _leaks(value: str, tokens: frozenset[str]) -> list[tuple[str, str]]:
    found = [
        ("privacy.clinical-date" if leak.is_date else "privacy.clinical-pattern", leak.kind)
        for leak in leaks(value)
    ]
    if tokens and any(word.upper() in tokens for word in _WORD.findall(value)):
        found.append(("privacy.clinical-name", "name"))
    return found


def _ages(table: Table, reporter: Reporter, rules: RuleSet) -> list[Finding]:
    if table.domain != "DM" or not table.has("AGE"):
        return []
    limit = rules.limit("subject_age_note_above")
    return reporter.rows(
        "privacy.clinical-age",
        age_in_years(table) > float(limit),
        "AGE",
        known=_shapes(table, "AGE"),
        subject_age_note_above=limit,
    )
