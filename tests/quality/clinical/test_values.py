"""Single values: dates, intervals, durations, numbers, words for missing, foreign formats."""

from __future__ import annotations

import gzip
import random
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from dragon_ledger.quality.clinical.times import plainly_right

pytestmark = pytest.mark.slow

DM, LB, SU, MB, DD = (f"UNIFI_{name}.csv" for name in ("dm", "lb", "su", "mb", "dd"))


def found_at(judge: Any, clean: Any, name: str, column: str, value: str) -> set[str]:
    """Codes about a column when its first value is replaced."""
    clean[name][0][column] = value
    return {each.code for each in judge(clean) if each.file == name and each.column == column}


@pytest.mark.parametrize(
    "value",
    [
        "2020", "2020-12", "2020-12-03", "2020-12-03T13", "2020-12-03T13:30", "2020-12-03T-:30",
        "2020-12-03T13:30:59.5", "2020-12-03T24:00", "2020-12-03T13:30Z", "2020-12-03T13:30+01:00",
        "2020---15", "--12-15", "-----T10:30", "2020-02-29", "2020-12-01/2020-12-03",
        "2020-12-01T10:00/2020-12-01T11:00", "2020/2021",
    ],
)  # fmt: skip
def test_dates_that_sdtm_allows(value: str, clean: Any, judge: Any) -> None:
    assert found_at(judge, clean, MB, "MBDTC", value) == set()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("03/12/2020", "format"), ("2020-12-3", "format"), ("20201203", "format"),
        ("2020-12-03 13:30", "format"), ("2020-12T13:30", "format"), ("T13:30", "format"),
        ("\uff12\uff10\uff12\uff10-12-03", "format"), ("2020-12-01/", "format"),
        ("3 Dec 2020", "format"),
        ("2020-13", "impossible"), ("2020-02-30", "impossible"), ("2021-02-29", "impossible"),
        ("2020---99", "impossible"), ("2020-12-03T24:30", "impossible"),
        ("2020-12-03T13:60", "impossible"), ("2020-12-03T25", "impossible"),
        ("2020-12-03T13:30+25:00", "impossible"), ("1020-12-03", "impossible"),
        ("2020-12-01/2020-13-01", "impossible"), ("2020-12-03/2020-12-01", "impossible"),
        ("2020-12-01/2020-02-30", "impossible"), ("2026-11-23", "future"),
        ("2020-12-01/2027-01-01", "future"), ("2027", "future"),
    ],
)  # fmt: skip
def test_dates_that_are_none(value: str, code: str, clean: Any, judge: Any) -> None:
    assert found_at(judge, clean, MB, "MBDTC", value) == {f"sdtm.date-{code}"}


def test_what_needs_no_closer_look_is_a_date_that_exists() -> None:
    """29 February alone is looked at, and a day that is none always is."""
    text = [f"{year}-{month:02}-{day:02}"
            for year in (1999, 2000) for month in range(14) for day in range(33)]  # fmt: skip
    frame = pl.DataFrame({"LBDTC": text})
    usual = frame.select(plainly_right("LBDTC", date(2026, 11, 22))).to_series()
    days = [date(2000, 1, 1) + timedelta(days=number) for number in range(-365, 366)]
    existing = {day.isoformat() for day in days} - {"2000-02-29"}
    assert set(frame.filter(usual).to_series()) == existing


@pytest.mark.parametrize("value", ["P10Y", "PT30M", "P1Y6M", "P2W", "P0.5Y", "P1DT2,5H", "-P1D"])
def test_durations(value: str, clean: Any, judge: Any) -> None:
    assert found_at(judge, clean, SU, "SUDUR", value) == set()


@pytest.mark.parametrize(
    "value", ["10 years", "P", "PT", "P10", "P1.5Y2M", "P1M1Y", "P1W2D", "10Y", "P1H", "P\uff11Y"]
)
def test_texts_that_are_no_durations(value: str, clean: Any, judge: Any) -> None:
    assert found_at(judge, clean, SU, "SUDUR", value) == {"sdtm.duration"}


@pytest.mark.parametrize("value", ["NaN", "nan", "NA", "n/a", "null", "(null)", r"\N", "#NUM!"])
def test_words_for_missing_values(value: str, clean: Any, judge: Any) -> None:
    assert found_at(judge, clean, DM, "AGE", value) == {"clinical-missing.na-spelling"}


@pytest.mark.parametrize("value", [".", ".A", ".Z", "._"])
def test_missing_values_of_sas(value: str, clean: Any, judge: Any) -> None:
    assert found_at(judge, clean, DM, "AGE", value) == {"clinical-missing.sas-code"}


@pytest.mark.parametrize("value", ["\uff16\uff14", "64 years", "6,4", "1 000", "0x40", "inf", "1e"])
def test_texts_that_are_no_numbers(value: str, clean: Any, judge: Any) -> None:
    assert found_at(judge, clean, DM, "AGE", value) == {"sdtm.type"}


@pytest.mark.parametrize(
    ("value", "found"),
    [("Positive", "Positive (meant: POSITIVE)"), ("TNTC", "TNTC (meant: TOO NUMEROUS TO COUNT)"),
     ("YELLOW", "AAAAAA"), ("POSITIVE", None), ("<5", None), ("1:40", None), ("3+", None)],
)  # fmt: skip
def test_results_in_words_are_terms(value: str, found: str | None, clean: Any, judge: Any) -> None:
    clean[LB][0] |= {"LBORRES": value, "LBSTRESC": value, "LBSTRESN": "", "LBSTRESU": ""}
    shown = [each.found for each in judge(clean) if each.code == "sdtm.term-extended"]
    assert shown == ([] if found is None else [found])


def test_the_day_of_death_counts_without_a_flag(clean: Any, judge: Any) -> None:
    died = clean[DD][0]["USUBJID"]
    for row in clean[DM]:
        row.pop("DTHFL", None)
        row["DTHDTC"] = "2026-01-02" if row["USUBJID"] == died else ""
    clean[DD][0]["DDDTC"] = "2026-01-01"
    assert "sdtm.death-before" in {each.code for each in judge(clean)}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(b"USUBJID\n", mtime=0), "gzip"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\0" * 12 + b"\xc2\xea\x81\x60\xb3", "SAS data set"),
        (b"DRAGON,DM,P1,64\nDRAGON,DM,P2,65\n", "header row is missing"),
        (b"USUBJID,AGE\nP1," + b"6" * 1_100_000 + b"\n", "row 2 is longer than 1 MiB"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(
    content: bytes, kind: str, clean: Any, judge: Any
) -> None:
    (finding,) = judge(clean | {DM: content})
    assert finding.code == "domains.unreadable"
    assert kind in finding.found


def test_columns_are_shown_only_when_they_can_be_variables(clean: Any, judge: Any) -> None:
    for row in clean[DM]:
        row |= {"Smith of ward 3": "x", "NOTESLONGER": "x"}
    columns = {each.column for each in judge(clean) if each.code == "sdtm.variable-name"}
    assert columns == {"AAAAA AA AAAA 9", "NOTESLONGER"}


def test_many_units_are_converted_by_their_own_factors(clean: Any, judge: Any) -> None:
    """Pairs of units are looked up, so their number costs little."""
    row = clean[LB][0]
    powers = range(-15, 16)
    rows = [
        row | {"LBTESTCD": f"T{number}", "LBTEST": f"Test {number}", "LBSEQ": str(number + 1),
               "LBORRES": "1", "LBORRESU": f"10^{first}/L", "LBSTRESU": f"10^{second}/L",
               "LBSTRESN": f"1e{first - second}", "LBSTRESC": f"1e{first - second}"}
        for number, (first, second) in enumerate((a, b) for a in powers for b in powers)
    ]  # fmt: skip
    random.Random(1).shuffle(rows)
    rows[500]["LBSTRESN"] = rows[500]["LBSTRESC"] = "7"
    conversions = [each for each in judge(clean | {LB: rows}) if each.code == "sdtm.conversion"]
    assert [each.row for each in conversions] == [502]
