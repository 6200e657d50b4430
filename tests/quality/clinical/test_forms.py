"""Names, formats and unreadable tables: check 12, and what the other checks say then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from dragon_ledger.quality.clinical.structure import labels
from dragon_ledger.quality.rules import RuleSet, built_in

DM, LB, DD = "UNIFI_dm.csv", "UNIFI_lb.csv", "UNIFI_dd.csv"


def to_xpt(rows: list[dict[str, str]], domain: str, folder: Path, *, labelled: bool) -> bytes:
    """A transport file of version 5: names of 8 characters, numbers as numbers, IG labels."""
    frame = pl.DataFrame(
        [{k.replace("MBTESTDTL", "MBTSTDTL"): v for k, v in r.items()} for r in rows]
    )
    numbers = [
        n for n in frame.columns if n in {"AGE", f"{domain}SEQ", f"{domain}STRESN", "SUDOSE"}
    ]
    frame = frame.with_columns(pl.col(numbers).replace("", None).cast(pl.Float64))
    names: list[str | None] = [labels()[domain].get(n, n) if labelled else n for n in frame.columns]
    path = folder / f"{domain}.xpt"
    pyreadstat.write_xport(frame, str(path), column_labels=names, file_format_version=5)
    return path.read_bytes()


def test_transport_files_are_accepted_in_place_of_csv(
    clean: Any, judge: Any, tmp_path: Path
) -> None:
    files = {
        name.replace(".csv", ".xpt"): to_xpt(rows, name[6:8].upper(), tmp_path, labelled=True)
        for name, rows in clean.items()
    }
    assert judge(files) == []


def test_labels_and_stored_types_of_transport_files_are_checked(
    clean: Any, judge: Any, codes: Any, tmp_path: Path
) -> None:
    clean[DM] = [row | {"AGE": f"{row['AGE']} "} for row in clean[DM]]
    frame = pl.DataFrame(clean[DM])
    path = tmp_path / "dm.xpt"
    wanted: list[str | None] = [labels()["DM"].get(n, n) for n in frame.columns]
    wanted[0] = "Study"
    pyreadstat.write_xport(frame, str(path), column_labels=wanted, file_format_version=5)
    del clean[DM]
    found = codes(judge(clean | {"UNIFI_dm.xpt": path.read_bytes()}))
    assert found == {("sdtm.label", "STUDYID"), ("sdtm.stored-type", "AGE")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UNIFI_DM.csv", set()),
        ("unifi_dm.CSV", set()),
        ("dm.csv", {"domains.name-without-partner"}),
        ("UNIFI_demographics.csv", {"domains.name-spelled-out"}),
        ("LIEGE_dm.csv", {"domains.partner-differs"}),
        ("UNIFI_dm.xpt", {"domains.extension"}),
    ],
)
def test_names_are_accepted_in_any_case_and_judged_otherwise(
    name: str, expected: set[str], clean: Any, judge: Any
) -> None:
    clean[name] = clean.pop(DM)
    assert {each.code for each in judge(clean)} == expected


def test_a_second_table_of_a_domain_and_a_table_of_no_domain_are_found(
    clean: Any, judge: Any, codes: Any
) -> None:
    clean["UNIFI_DD.csv"] = clean[DD]
    assert ("domains.several", None) in codes(judge(clean))
    del clean["UNIFI_DD.csv"]
    found = judge(clean, others=("UNIFI_ae.csv",))
    assert [(each.code, each.file) for each in found] == [("domains.unknown-table", "UNIFI_ae.csv")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "domains.empty-file"),
        (b"USUBJID,AGE\n1\n", "domains.unreadable"),
        (None, "domains.unreadable"),
        (b"HEADER RECORD*******LIBRARY", "domains.unreadable"),
    ],
)
def test_what_cannot_be_read_fails_check_12_and_leaves_7_and_11_open(
    content: bytes | None, code: str, clean: Any, judge: Any
) -> None:
    found = judge(clean | {DM: content})
    assert [(each.code, each.file) for each in found] == [(code, DM)]
    outcomes = [judge.outcome(check) for check in ("clinical-missing", "sdtm", "domains")]
    assert outcomes == ["NOT VERIFIABLE", "NOT VERIFIABLE", "FAIL"]
    assert judge.result.subjects is None


def test_a_table_with_a_header_only_has_no_records(clean: Any, judge: Any) -> None:
    header = ",".join(clean[DM][0]).encode()
    assert ("domains.no-records", DM) in {
        (each.code, each.file) for each in judge(clean | {DM: header})
    }


def test_without_any_table_checks_7_and_11_do_not_apply(judge: Any) -> None:
    assert {each.code for each in judge({})} == {"domains.absent", "domains.optional-absent"}
    assert judge.outcome("sdtm") == judge.outcome("clinical-missing") == "NOT APPLICABLE"


@pytest.mark.parametrize(
    ("encode", "code"),
    [
        (lambda text: text.encode("utf-8-sig"), "domains.byte-order-mark"),
        (lambda text: text.encode("cp1252"), "domains.encoding"),
        (lambda text: text.encode("utf-16"), "domains.encoding"),
        (lambda text: text.replace(",", ";").encode(), "domains.separator"),
        (lambda text: (text + ",,,,,,,,\n" + text.splitlines()[1] + "\n").encode(),
         "domains.blank-row"),
    ],
)  # fmt: skip
def test_what_was_recognised_is_said(encode: Any, code: str, clean: Any, judge: Any) -> None:
    clean[DD][0]["DDORRES"] = clean[DD][0]["DDSTRESC"] = "PNEUMONIE, ÜBERWIEGEND"[:9] + "Ü"
    text = "\n".join([",".join(clean[DD][0]), ",".join(clean[DD][0].values()), ""])
    found = judge(clean | {DD: encode(text)})
    assert code in {each.code for each in found}
    assert judge.result.notes[DD]["format"] == "CSV"


def test_a_column_twice_and_a_column_without_a_name_are_errors(clean: Any, judge: Any) -> None:
    row = clean[DD][0]
    text = ",".join([*row, "DDTEST", ""]) + "\n" + ",".join([*row.values(), "x", "y"])
    found = {(each.code, each.column) for each in judge(clean | {DD: text.encode()})}
    assert found == {("sdtm.variable-twice", "DDTEST"), ("sdtm.variable-unnamed", None)}


def test_a_rule_set_can_allow_fewer_terms_and_more_terms(
    clean: Any, judge: Any, codes: Any
) -> None:
    base = built_in()
    fewer = replace(base, document=base.document | {"terminology": {"COUNTRY": ["FRA"]}})
    assert codes(judge(clean, rules=fewer)) == {("sdtm.term-rule-set", "COUNTRY")}
    more = replace(base, document=base.document | {"accepted_terms": {"RACE": ["BLACK"]}})
    for row in clean[DM]:
        row["RACE"] = "BLACK"
    assert codes(judge(clean, rules=more)) == set()
    assert isinstance(more, RuleSet)


def test_subjects_are_told_to_the_rest_of_the_check(clean: Any, judge: Any) -> None:
    judge(clean)
    assert judge.result.subjects == {row["USUBJID"] for row in clean[DM]}
    assert judge.result.subjects_of["DD"] == {row["USUBJID"] for row in clean[DD]}
