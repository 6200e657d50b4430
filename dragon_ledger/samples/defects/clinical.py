"""Checks 7, 11 and 12: the clinical tables."""

from __future__ import annotations

from dragon_ledger.samples.defects.building import (
    add_file,
    drop,
    move_table,
    put,
    put_all,
    remove_table,
    rename,
    rows,
    table_bytes,
    together,
)
from dragon_ledger.samples.defects.defect import Damage, defect
from dragon_ledger.samples.tables import Row


def _copied(table: str, name: str) -> Damage:
    return lambda editor: editor.write(
        editor.table(table).with_name(name.format(partner=editor.partner)),
        editor.table(table).read_bytes(),
    )


def _repeated(lines: list[Row]) -> None:
    lines.append(dict(lines[-1]))


def _with_umlaut(content: bytes) -> bytes:
    return content.replace(b"COVID-19 PNEUMONIA", "Lungenentzündung".encode("cp1252"))


def _with_blank_row(content: bytes) -> bytes:
    header, first, rest = content.split(b"\n", 2)
    return b"\n".join([header, first, b"," * first.count(b","), rest])


MISSING = (
    defect("missing-required-value", "clinical-missing.blank", "a laboratory result is blank",
           put("lb", 1, LBORRES=""), "LBORRES"),
    defect("missing-age", "clinical-missing.blank", "an age is blank", put("dm", 1, AGE=""), "AGE"),
    defect("missing-unit", "clinical-missing.blank", "a number has no unit",
           put("lb", 2, LBORRESU=""), "LBORRESU"),
    defect("missing-date", "clinical-missing.blank", "a swab has no date",
           put("mb", 0, MBDTC=""), "MBDTC"),
    defect("missing-dose", "clinical-missing.blank", "a smoker's dose is blank",
           put("su", 1, SUDOSE=""), "SUDOSE"),
    defect("sas-missing-value", "clinical-missing.sas-code", "an age is the SAS missing value .A",
           put("dm", 0, AGE=".A"), "AGE"),
    defect("na-spelling", "clinical-missing.na-spelling", "ETHNIC is NA",
           put("dm", 0, ETHNIC="NA"), "ETHNIC"),
    defect("null-spelling", "clinical-missing.na-spelling", "LBCAT is null",
           put("lb", 3, LBCAT="null"), "LBCAT"),
)  # fmt: skip

DOMAINS = (
    defect("no-demographics", "domains.absent", "there is no table DM", remove_table("dm")),
    defect("no-laboratory-tests", "domains.absent", "there is no table LB", remove_table("lb")),
    defect("no-microbiology", "domains.absent", "there is no table MB", remove_table("mb")),
    defect("empty-table", "domains.empty-file", "the table LB has zero bytes",
           table_bytes("lb", lambda _: b""), None, "structure.empty-file"),
    defect("table-without-records", "domains.no-records", "the table LB is a header only",
           table_bytes("lb", lambda old: old.partition(b"\n")[0] + b"\n")),
    defect("uneven-rows", "domains.unreadable", "a row of LB has a value too many",
           table_bytes("lb", lambda old: old.replace(b"\n", b",\n", 2).replace(b",\n", b"\n", 1))),
    defect("nul-bytes", "domains.unreadable", "the table MB holds NUL bytes",
           table_bytes("mb", lambda old: old + b"\0\0\0\n")),
    defect("broken-quotes", "domains.unreadable", "a quote is not closed in LB",
           table_bytes("lb", lambda old: old + b'"DRAGON\n')),
    defect("no-partner-in-name", "domains.name-without-partner", "a table is called lb.csv",
           move_table("lb", "lb.csv")),
    defect("spelled-out-name", "domains.name-spelled-out", "a table is called by its domain's name",
           move_table("dm", "{partner}_demographics.csv")),
    defect("other-partner-in-name", "domains.partner-differs", "a table names another partner",
           move_table("mb", "OTHER_mb.csv")),
    defect("two-tables-of-a-domain", "domains.several", "there are two tables SU",
           _copied("su", "{partner}_SU.csv")),
    defect("unknown-table", "domains.unknown-table", "a table of adverse events",
           add_file("{partner}_ae.csv", b"STUDYID,DOMAIN\nDRAGON,AE\n")),
    defect("windows-1252", "domains.encoding", "a table is in Windows-1252",
           table_bytes("dd", _with_umlaut)),
    defect("semicolons", "domains.separator", "a table is separated by semicolons",
           table_bytes("dm", lambda old: old.replace(b",", b";"))),
    defect("wrong-extension", "domains.extension", "a CSV table is named .xpt",
           move_table("mi", "{partner}_mi.xpt")),
    defect("blank-row", "domains.blank-row", "a row has no value at all",
           table_bytes("mb", _with_blank_row)),
)  # fmt: skip

STRUCTURE_OF_TABLES = (
    defect("variable-absent", "sdtm.variable-absent", "LB has no LBCAT", drop("lb", "LBCAT"),
           "LBCAT"),
    defect("domain-variable-absent", "sdtm.variable-advised", "DD has no DOMAIN",
           drop("dd", "DOMAIN"), "DOMAIN"),
    defect("variable-in-lower-case", "sdtm.variable-spelling", "sex instead of SEX",
           rename("dm", "SEX", "sex"), "SEX"),
    defect("variable-name-too-long", "sdtm.variable-name", "a name of nine characters",
           put_all("mb", MBPLATEID9="1"), "MBPLATEID9"),
    defect("variable-twice", "sdtm.variable-twice", "AGE is there twice",
           table_bytes("dm", lambda old: old.replace(b",AGEU", b",AGE", 1)), "AGE"),
    defect("variable-unnamed", "sdtm.variable-unnamed", "a column has no name",
           table_bytes("dm", lambda old: old.replace(b",AGEU", b",", 1))),
    defect("padded-value", "sdtm.padding", "blanks around a value",
           put("lb", 0, LBCAT=" CHEMISTRY "), "LBCAT"),
    defect("text-in-number", "sdtm.type", "AGE is a text", put("dm", 0, AGE="sixty"), "AGE"),
    defect("decimal-comma", "sdtm.type", "a number with a decimal comma",
           put("su", 1, SUDOSE="2,5"), "SUDOSE"),
    defect("test-code-too-long", "sdtm.length", "a test code of nine characters",
           put_all("dd", DDTESTCD="PRCDTHXYZ"), "DDTESTCD", "sdtm.testcd", "sdtm.term-extended"),
    defect("test-name-too-long", "sdtm.length", "a test name of 41 characters",
           put_all("dd", DDTEST="Primary Cause of Death".ljust(41, ".")), "DDTEST",
           "sdtm.term-pair"),
    defect("text-too-long", "sdtm.length", "a result of 201 characters",
           put_all("dd", DDORRES="A" * 201), "DDORRES"),
    defect("domain-wrong", "sdtm.domain", "a record of MI says LB", put("mi", 0, DOMAIN="LB"),
           "DOMAIN"),
)  # fmt: skip

IDENTIFIERS = (
    defect("sequence-repeated", "sdtm.seq-twice", "LBSEQ is there twice",
           put("lb", 1, LBSEQ="1"), "LBSEQ"),
    defect("sequence-not-whole", "sdtm.seq", "MBSEQ is 1.5", put("mb", 0, MBSEQ="1.5"), "MBSEQ"),
    defect("subject-twice", "sdtm.subject-twice", "a subject is in DM twice",
           rows("dm", _repeated), "USUBJID"),
    defect("subject-not-in-dm", "sdtm.subject-not-in-dm", "a subject of MI is not in DM",
           put("mi", 0, USUBJID="UN-0099"), "USUBJID"),
    defect("test-code-shape", "sdtm.testcd", "a test code in lower case",
           put_all("dd", DDTESTCD="prcdth"), "DDTESTCD", "sdtm.term-extended"),
    defect("two-names-of-a-test", "sdtm.test-pair", "one test code has two names",
           put("lb", 0, LBTEST="CRP"), "LBTESTCD", "sdtm.term-pair"),
    defect("test-name-not-paired", "sdtm.term-pair", "a test has another name than CDISC gives",
           put_all("dd", DDTEST="Cause of Death"), "DDTEST"),
)  # fmt: skip

TIMES = (
    defect("date-format", "sdtm.date-format", "a date is written 03/12/2020",
           put("mb", 0, MBDTC="03/12/2020"), "MBDTC"),
    defect("date-impossible", "sdtm.date-impossible", "29 February 2021",
           put("mb", 0, MBDTC="2021-02-29"), "MBDTC"),
    defect("time-impossible", "sdtm.date-impossible", "a time of 25:00",
           put("mb", 0, MBDTC="2021-03-01T25:00"), "MBDTC"),
    defect("date-in-the-future", "sdtm.date-future", "a swab of the year 2999",
           put("mb", 0, MBDTC="2999-01-01"), "MBDTC"),
    defect("duration-format", "sdtm.duration", "a duration of '10 years'",
           put("su", 1, SUDUR="10 years"), "SUDUR"),
)  # fmt: skip

TERMS = (
    defect("sex-term", "sdtm.term", "SEX is FEMALE", put("dm", 0, SEX="FEMALE"), "SEX"),
    defect("race-term", "sdtm.term", "RACE is BLACK", put("dm", 0, RACE="BLACK"), "RACE"),
    defect("ethnic-term", "sdtm.term", "ETHNIC is HISPANIC", put("dm", 0, ETHNIC="HISPANIC"),
           "ETHNIC"),
    defect("occurrence-term", "sdtm.term", "SUPRESP is YES", put("su", 1, SUPRESP="YES"),
           "SUPRESP"),
    defect("unit-term", "sdtm.term-extended", "SUDOSU is not a CDISC unit",
           put("su", 1, SUDOSU="CIGARETTE EQUIVALENTS"), "SUDOSU"),
    defect("test-code-term", "sdtm.term-extended", "a test code is not CDISC's",
           put_all("mi", MITESTCD="LYMSHARE"), "MITESTCD"),
    defect("specimen-term", "sdtm.term-extended", "a specimen is not CDISC's",
           put_all("mi", MISPEC="LAVAGE"), "MISPEC"),
    defect("detail-term", "sdtm.term-extended", "a test detail is not CDISC's",
           put("mb", 0, MBTESTDTL="PRESENT"), "MBTESTDTL"),
    defect("country-of-two-letters", "sdtm.country", "COUNTRY is BE", put("dm", 0, COUNTRY="BE"),
           "COUNTRY"),
)  # fmt: skip

RESULTS = (
    defect("standard-number-absent", "sdtm.standard-number-absent",
           "LBSTRESC is a number, LBSTRESN is blank", put("lb", 0, LBSTRESN=""), "LBSTRESN",
           "clinical-missing.blank"),
    defect("standard-number-extra", "sdtm.standard-number-extra",
           "a qualitative result has a number", put("mb", 0, MBSTRESN="1"), "MBSTRESN"),
    defect("standard-number-differs", "sdtm.standard-number-differs",
           "LBSTRESN is not the number of LBSTRESC", put("lb", 3, LBSTRESC="1"), "LBSTRESN"),
    defect("standard-units-differ", "sdtm.standard-units-differ", "one test has two units",
           put("lb", 0, LBORRESU="g/L", LBSTRESU="g/L"), "LBSTRESU"),
    defect("conversion", "sdtm.conversion", "g/dL was not converted to g/L",
           put("lb", 3, LBSTRESC="13.9", LBSTRESN="13.9"), "LBSTRESN"),
    defect("result-changed", "sdtm.conversion", "the standard result is another number",
           put("lb", 0, LBSTRESC="999", LBSTRESN="999"), "LBSTRESN"),
    defect("category-without-result", "sdtm.result-category", "DDRESCAT without DDSTRESC",
           together(put_all("dd", DDRESCAT="TREATED"), put("dd", 0, DDSTRESC="")), "DDRESCAT",
           "clinical-missing.blank"),
)  # fmt: skip

CONSISTENCY = (
    defect("subcategory-alone", "sdtm.subcategory", "MBSCAT without MBCAT",
           put_all("mb", MBSCAT="PCR"), "MBSCAT"),
    defect("occurrence-alone", "sdtm.occurrence-alone", "SUOCCUR without SUPRESP",
           drop("su", "SUPRESP"), "SUOCCUR"),
    defect("occurrence-blank", "sdtm.occurrence-blank", "SUPRESP is Y, SUOCCUR is blank",
           put("su", 1, SUOCCUR=""), "SUOCCUR"),
    defect("dose-twice", "sdtm.dose-twice", "a dose as number and as text",
           together(put_all("su", SUDOSTXT=""), put("su", 1, SUDOSTXT="a few")), "SUDOSTXT"),
    defect("dose-text-a-number", "sdtm.dose-text", "a dose's text is a number",
           together(put_all("su", SUDOSTXT=""), put("su", 1, SUDOSE="", SUDOSTXT="5")),
           "SUDOSTXT"),
    defect("dose-negative", "sdtm.dose-negative", "a dose below zero",
           put("su", 1, SUDOSE="-1"), "SUDOSE"),
    defect("class-pair", "sdtm.class-pair", "one class code for two classes",
           together(put_all("su", SUCLASCD="A", SUCLAS="TOBACCO"), put("su", 1, SUCLAS="OTHER")),
           "SUCLASCD"),
    defect("concentration", "sdtm.concentration", "MBCONC, a variable of MS",
           put_all("mb", MBCONC="1"), "MBCONC"),
    defect("age-impossible", "sdtm.age", "an age of 130 years", put("dm", 0, AGE="130"), "AGE"),
    defect("death-flag", "sdtm.death-flag", "DD has a subject that is alive in DM",
           put("dm", 2, DTHFL="", DTHDTC=""), "DTHFL"),
    defect("death-date-without-flag", "sdtm.death-date-flag", "DTHDTC without DTHFL",
           put("dm", 0, DTHDTC="2021-04-01"), "DTHFL"),
    defect("death-without-details", "sdtm.death-details", "DTHFL Y without records in DD",
           put("dm", 0, DTHFL="Y"), "DTHFL"),
    defect("details-before-death", "sdtm.death-before", "death details from before the death",
           put("dd", 0, DDDTC="2021-01-01"), "DDDTC"),
)  # fmt: skip

CLINICAL = (
    *MISSING, *DOMAINS, *STRUCTURE_OF_TABLES, *IDENTIFIERS, *TIMES, *TERMS, *RESULTS, *CONSISTENCY,
)  # fmt: skip
