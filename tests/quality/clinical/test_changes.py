"""One change to clean tables gives exactly the finding that it should, at its column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dragon_ledger.quality.clinical.reporting import entries

DM, SU, LB, MB, MI, DD = (f"UNIFI_{domain}.csv" for domain in ("dm", "su", "lb", "mb", "mi", "dd"))
Change = Callable[[Any], None]


def put(file: str, row: int, **values: str) -> Change:
    """Set values in a record (from 0)."""

    def change(tables: Any) -> None:
        tables[file][row].update(values)

    return change


def put_all(file: str, **values: str) -> Change:
    """Set values in every record; a new variable is added."""

    def change(tables: Any) -> None:
        for row in tables[file]:
            row.update(values)

    return change


def drop(file: str, column: str) -> Change:
    def change(tables: Any) -> None:
        for row in tables[file]:
            del row[column]

    return change


def rename(file: str, column: str, name: str) -> Change:
    def change(tables: Any) -> None:
        tables[file] = [
            {name if key == column else key: value for key, value in row.items()}
            for row in tables[file]
        ]

    return change


def without(file: str) -> Change:
    def change(tables: Any) -> None:
        del tables[file]

    return change


def repeat(file: str, row: int) -> Change:
    def change(tables: Any) -> None:
        tables[file].append(dict(tables[file][row]))

    return change


def drop_record(file: str, row: int) -> Change:
    def change(tables: Any) -> None:
        del tables[file][row]

    return change


def both(*changes: Change) -> Change:
    def change(tables: Any) -> None:
        for each in changes:
            each(tables)

    return change


# Record 1 of MB is a viral load (a number with a unit), record 2 a negative detection.
CASES: list[tuple[str, Change, set[tuple[str, str | None]]]] = [
    ("blank", put(LB, 1, LBORRES=""), {("clinical-missing.blank", "LBORRES")}),
    ("only blanks", put(LB, 1, LBCAT="  "),
     {("clinical-missing.blank", "LBCAT"), ("sdtm.padding", "LBCAT")}),
    ("SAS code", put(DM, 0, AGE=".A"), {("clinical-missing.sas-code", "AGE")}),
    ("SAS dot", put(LB, 0, LBSTRESN="."),
     {("clinical-missing.sas-code", "LBSTRESN"), ("sdtm.standard-number-absent", "LBSTRESN")}),
    ("NA", put(DM, 1, ETHNIC="n/a"), {("clinical-missing.na-spelling", "ETHNIC")}),
    ("None", put(SU, 1, SUTRT="None"), {("clinical-missing.na-spelling", "SUTRT")}),
    ("none as a result", put(MB, 2, MBORRES="NONE", MBSTRESC="NONE"), set()),
    ("unit of a number", put(LB, 2, LBORRESU=""), {("clinical-missing.blank", "LBORRESU")}),
    ("unit of pH", put(LB, 2, LBTESTCD="PH", LBTEST="pH", LBORRESU="", LBSTRESU=""), set()),
    ("unit of a ratio", put(MI, 0, MIORRESU="", MISTRESU=""), set()),
    ("not done", both(put_all(LB, LBSTAT=""), put(
        LB, 3, LBSTAT="NOT DONE", LBORRES="", LBORRESU="", LBSTRESC="", LBSTRESN="", LBSTRESU="",
    )), set()),
    ("never-user without SUOCCUR", both(drop(SU, "SUOCCUR"), drop(SU, "SUPRESP")),
     {("clinical-missing.blank", name) for name in ("SUDOSE", "SUDOSU", "SUDUR")}),
    ("never-user with dose 0", both(
        drop(SU, "SUOCCUR"), drop(SU, "SUPRESP"), put(SU, 0, SUDOSE="0"), put(SU, 2, SUDOSE="0"),
    ), set()),
    ("dose in words", both(put_all(SU, SUDOSTXT=""), put(SU, 1, SUDOSE="", SUDOSTXT="<5")), set()),
    ("MBTSTDTL", rename(MB, "MBTESTDTL", "MBTSTDTL"), set()),
    ("no DOMAIN in DD", drop(DD, "DOMAIN"), {("sdtm.variable-advised", "DOMAIN")}),
    ("no LBCAT", drop(LB, "LBCAT"), {("sdtm.variable-absent", "LBCAT")}),
    ("lower case", rename(LB, "LBCAT", "lbcat"), {("sdtm.variable-spelling", "LBCAT")}),
    ("long name", put_all(LB, LBSOMETHING="1"), {("sdtm.variable-name", "LBSOMETHING")}),
    ("no number", put(LB, 0, LBSTRESN="<5", LBSTRESC="<5", LBORRES="<5"),
     {("sdtm.type", "LBSTRESN"), ("sdtm.standard-number-extra", "LBSTRESN")}),
    ("decimal comma", put(DM, 0, AGE="65,5"), {("sdtm.type", "AGE")}),
    ("infinite", put(DM, 0, AGE="inf"), {("sdtm.type", "AGE")}),
    ("long code", put_all(DD, DDTESTCD="PRIMARYCAUSE"),
     {("sdtm.length", "DDTESTCD"), ("sdtm.testcd", "DDTESTCD"),
      ("sdtm.term-extended", "DDTESTCD")}),
    ("long name of a test", put_all(DD, DDTEST="Primary Cause of Death" * 2),
     {("sdtm.length", "DDTEST"), ("sdtm.term-pair", "DDTEST")}),
    ("domain", put(LB, 0, DOMAIN="VS"), {("sdtm.domain", "DOMAIN")}),
    ("sequence", put(LB, 0, LBSEQ="1.5"), {("sdtm.seq", "LBSEQ")}),
    ("sequence twice", put(LB, 1, LBSEQ="1"), {("sdtm.seq-twice", "LBSEQ")}),
    ("sequence twice, written otherwise", put(LB, 1, LBSEQ="01"), {("sdtm.seq-twice", "LBSEQ")}),
    ("subject twice", repeat(DM, 3), {("sdtm.subject-twice", "USUBJID")}),
    ("stranger", put(MI, 0, USUBJID="UN27D-0099"), {("sdtm.subject-not-in-dm", "USUBJID")}),
    ("code", put_all(DD, DDTESTCD="prcdth"),
     {("sdtm.testcd", "DDTESTCD"), ("sdtm.term-extended", "DDTESTCD")}),
    ("two names for a code", put(LB, 0, LBTEST="CRP"),
     {("sdtm.test-pair", "LBTESTCD"), ("sdtm.term-pair", "LBTEST")}),
    ("another name than CDISC's", put_all(DD, DDTEST="Cause"), {("sdtm.term-pair", "DDTEST")}),
    ("date", put(MB, 0, MBDTC="03/12/2020"), {("sdtm.date-format", "MBDTC")}),
    ("date without hyphens", put(MB, 0, MBDTC="20201203"), {("sdtm.date-format", "MBDTC")}),
    ("no such day", put(MB, 0, MBDTC="2021-02-29"), {("sdtm.date-impossible", "MBDTC")}),
    ("no such month", put(MB, 0, MBDTC="2021-13"), {("sdtm.date-impossible", "MBDTC")}),
    ("no such hour", put(MB, 0, MBDTC="2021-03-01T25:00"), {("sdtm.date-impossible", "MBDTC")}),
    ("tomorrow", put(MB, 0, MBDTC="2026-11-23"), {("sdtm.date-future", "MBDTC")}),
    ("today", put(MB, 0, MBDTC="2026-11-22T23:59"), set()),
    ("only a year", put(MB, 0, MBDTC="2021"), set()),
    ("an unknown month", put(MB, 0, MBDTC="2021---15"), set()),
    ("an unlisted date", put(LB, 0, LBDTC="1.3.2021"), {("sdtm.date-format", "LBDTC")}),
    ("duration", put(SU, 1, SUDUR="10 years"), {("sdtm.duration", "SUDUR")}),
    ("empty duration", put(SU, 1, SUDUR="PT"), {("sdtm.duration", "SUDUR")}),
    ("weeks", put(SU, 1, SUDUR="P3W"), set()),
    ("closed list", put(DM, 0, SEX="FEMALE"), {("sdtm.term", "SEX")}),
    ("the specification's own RACE", put(DM, 0, RACE="BLACK"), {("sdtm.term", "RACE")}),
    ("the specification's own ETHNIC", put(DM, 0, ETHNIC="HISPANIC"), {("sdtm.term", "ETHNIC")}),
    ("open list", put_all(MI, MISPEC="LAVAGE"), {("sdtm.term-extended", "MISPEC")}),
    ("unit's case", put_all(MI, MIORRESU="percent", MISTRESU="percent"),
     {("sdtm.term-extended", "MIORRESU"), ("sdtm.term-extended", "MISTRESU")}),
    ("country", put(DM, 0, COUNTRY="BE"), {("sdtm.country", "COUNTRY")}),
    ("number left out", put(LB, 0, LBSTRESN=""),
     {("clinical-missing.blank", "LBSTRESN"), ("sdtm.standard-number-absent", "LBSTRESN")}),
    ("number too many", put(MB, 0, MBSTRESN="1"), {("sdtm.standard-number-extra", "MBSTRESN")}),
    ("other number", put(LB, 3, LBSTRESC="1"), {("sdtm.standard-number-differs", "LBSTRESN")}),
    ("two units", put(LB, 0, LBORRESU="g/L", LBSTRESU="g/L"),
     {("sdtm.standard-units-differ", "LBSTRESU")}),
    ("conversion", put(LB, 3, LBSTRESC="13.9", LBSTRESN="13.9"),
     {("sdtm.conversion", "LBSTRESN")}),
    ("same unit, other number", put(LB, 0, LBSTRESC="999", LBSTRESN="999"),
     {("sdtm.conversion", "LBSTRESN")}),
    ("category without result", both(put_all(DD, DDRESCAT="TREATED"), put(DD, 0, DDSTRESC="")),
     {("sdtm.result-category", "DDRESCAT"), ("clinical-missing.blank", "DDSTRESC")}),
    ("subcategory alone", put_all(MB, MBSCAT="PCR"), {("sdtm.subcategory", "MBSCAT")}),
    ("occurrence alone", drop(SU, "SUPRESP"), {("sdtm.occurrence-alone", "SUOCCUR")}),
    ("occurrence blank", put(SU, 1, SUOCCUR=""), {("sdtm.occurrence-blank", "SUOCCUR")}),
    ("dose twice", both(put_all(SU, SUDOSTXT=""), put(SU, 1, SUDOSTXT="a few")),
     {("sdtm.dose-twice", "SUDOSTXT")}),
    ("dose text a number", both(put_all(SU, SUDOSTXT=""), put(SU, 1, SUDOSE="", SUDOSTXT="5")),
     {("sdtm.dose-text", "SUDOSTXT")}),
    ("dose below zero", put(SU, 1, SUDOSE="-1"), {("sdtm.dose-negative", "SUDOSE")}),
    ("classes", both(put_all(SU, SUCLASCD="A", SUCLAS="TOBACCO"), put(SU, 1, SUCLAS="OTHER")),
     {("sdtm.class-pair", "SUCLASCD")}),
    ("concentration", put_all(MB, MBCONC="1"), {("sdtm.concentration", "MBCONC")}),
    ("age", put(DM, 0, AGE="130"), {("sdtm.age", "AGE")}),
    ("age in months", put(DM, 0, AGE="130", AGEU="MONTHS"), set()),
    ("death flag", put(DM, 2, DTHFL="", DTHDTC=""), {("sdtm.death-flag", "DTHFL")}),
    ("death date alone", put(DM, 0, DTHDTC="2021-04-01"), {("sdtm.death-date-flag", "DTHFL")}),
    ("death without details", put(DM, 0, DTHFL="Y"), {("sdtm.death-details", "DTHFL")}),
    ("details before death", put(DD, 0, DDDTC="2021-01-01"), {("sdtm.death-before", "DDDTC")}),
    ("no MB", without(MB), {("domains.absent", None)}),
    ("no SU, MI, DD", both(without(SU), without(MI), without(DD)), set()),
    ("date of birth", put_all(DM, BRTHDTC="1950-01-01"),
     {("privacy.clinical-birth-date", "BRTHDTC")}),
    ("date of birth, blank", put_all(DM, BRTHDTC=""), set()),
    ("name column", put_all(DM, LASTNAME="X"), {("privacy.clinical-column", "LASTNAME")}),
    ("address column", put_all(DM, ZIP="4000"), {("privacy.clinical-column", "ZIP")}),
    ("name as pseudonym", put(DM, 0, SUBJID="Dubuis, Jeanne"),
     {("privacy.clinical-subject", "SUBJID")}),
    ("e-mail", put(DD, 0, DDORRES="ask j.smith@example.org"),
     {("privacy.clinical-pattern", "DDORRES")}),
    ("telephone", put(DD, 0, DDORRES="tel 0475 12 34 56"),
     {("privacy.clinical-pattern", "DDORRES")}),
    ("national number", put(DD, 0, DDORRES="niss 85.07.30-033 28"),
     {("privacy.clinical-pattern", "DDORRES")}),
    ("date in a text", put(DD, 0, DDORRES="PNEUMONIA SINCE 2021-03-01"),
     {("privacy.clinical-date", "DDORRES")}),
    ("name in a text", put(DD, 0, DDORRES="MRS DUBOIS"), {("privacy.clinical-name", "DDORRES")}),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("change", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_one_change_gives_its_finding_and_no_other(
    change: Change, expected: set[tuple[str, str | None]], clean: Any, judge: Any, codes: Any
) -> None:
    change(clean)
    assert codes(judge(clean, tokens=frozenset({"DUBOIS"}))) == expected


def test_the_clean_tables_have_no_findings_at_all(clean: Any, judge: Any) -> None:
    assert judge(clean) == []
    assert {judge.outcome(check) for check in ("clinical-missing", "sdtm", "domains")} == {"PASS"}


def test_notes_fail_nothing(clean: Any, judge: Any) -> None:
    clean[DM][0]["AGE"] = "93"
    clean[DM][1]["STUDYID"] = "OTHER"
    del clean[SU]
    found = judge(clean)
    assert {each.code for each in found} == {
        "privacy.clinical-age", "sdtm.study-differs", "domains.optional-absent",
    }  # fmt: skip
    assert {judge.outcome(check) for check in ("clinical-missing", "sdtm", "domains")} == {"PASS"}
    assert "93" not in {each.found for each in found}


def test_a_finding_names_file_row_subject_and_how_to_mend(clean: Any, judge: Any) -> None:
    clean[LB][5]["LBORRES"] = ""
    (found,) = judge(clean)
    assert (found.file, found.row, found.column) == (LB, 7, "LBORRES")
    assert found.subject == clean[LB][5]["USUBJID"]
    assert found.mend.startswith("fill in the value")


def test_many_equal_rows_become_five_findings_that_stand_for_all(clean: Any, judge: Any) -> None:
    for row in clean[LB]:
        row["LBCAT"] = ""
    found = judge(clean)
    assert len(found) == 5
    assert sum(each.count for each in found) == len(clean[LB])


def test_values_are_masked_unless_they_are_terms_or_digits(clean: Any, judge: Any) -> None:
    clean[DM][0] |= {"SEX": "female", "RACE": "Smyth, Jane", "COUNTRY": "STPMY"}
    clean[MB][0]["MBDTC"] = "01.03.2021"
    shown = {each.column: each.found for each in judge(clean)}
    assert shown == {
        "SEX": "female (meant: F)",
        "RACE": "Aaaaa, Aaaa",
        "COUNTRY": "AAAAA",
        "MBDTC": "01.03.2021",
    }


def test_the_cases_reach_every_kind_of_finding_about_values() -> None:
    reached = {code for case in CASES for code, _ in case[2]}
    elsewhere = {
        code
        for code in entries()
        if code.startswith("domains.") or entries()[code].severity == "note"
    } | {
        "sdtm.stored-type", "sdtm.label", "sdtm.variable-twice", "sdtm.variable-unnamed",
        "sdtm.term-rule-set",
    }  # fmt: skip
    assert set(entries()) - reached - elsewhere == set()
