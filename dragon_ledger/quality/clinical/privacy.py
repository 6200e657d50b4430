"""Check 1, the clinical part: what in a table may tell who a subject is."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from dragon_ledger.quality.clinical.consistency import age_in_years
from dragon_ledger.quality.clinical.reporting import Reporter
from dragon_ledger.quality.clinical.suspects import are_codes, suspect_values
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.findings import Finding
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.person_names import looks_like_full_name
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
NATIONAL = "national number"
_PSEUDONYMS = ("USUBJID", "SUBJID")
_CODED = ("STUDYID", "DOMAIN", "--TESTCD", "--TEST", "--SEQ", "--CAT", "--ORRESU", "--STRESU")


def check_privacy(
    table: Table, rules: RuleSet, name_tokens: frozenset[str], numbers: Iterable[str]
) -> list[Finding]:
    """Findings about one table; `numbers` are its variables that hold numbers only."""
    reporter = Reporter(table)
    return [
        *_births(table, reporter),
        *_columns(table, reporter),
        *_names_for_pseudonyms(table, reporter),
        *_texts(table, reporter, name_tokens, frozenset(numbers)),
        *_ages(table, reporter, rules),
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


def _names_for_pseudonyms(table: Table, reporter: Reporter) -> list[Finding]:
    return [
        each
        for name in _PSEUDONYMS
        if table.has(name)
        for each in reporter.rows(
            "privacy.clinical-subject", pl.col(name).is_in(_full_names(table, name)), name
        )
    ]


def _full_names(table: Table, name: str) -> list[str]:
    text = pl.col(name)
    spoken = text.str.contains(r"[\s,^]") & ~text.str.contains(r"\d")
    values = table.frame.lazy().filter(spoken).select(name).unique().collect().to_series()
    return sorted(value for value in values if looks_like_full_name(value))


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
    by_code: dict[str, dict[str, str]] = {}
    for code, value, kind in _leaking(suspect_values(table, name, tokens), tokens):
        by_code.setdefault(code, {})[value] = f"{kind}: {shape_of(value)}"
    return [
        each
        for code, known in sorted(by_code.items())
        for each in reporter.rows(code, pl.col(name).is_in(sorted(known)), name, known=known)
    ]


def _leaking(values: list[str], tokens: frozenset[str]) -> list[tuple[str, str, str]]:
    """Code, value and kind of every leak; chance hits among many codes are left out."""
    found = [(code, value, kind) for value in values for code, kind in _leaks(value, tokens)]
    national = [hit for hit in found if hit[2] == NATIONAL]
    if national and are_codes(values) and 2 * len(national) < len(values):
        return [hit for hit in found if hit[2] != NATIONAL]
    return found


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
