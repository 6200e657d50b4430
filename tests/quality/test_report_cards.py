"""Findings as people read them: one card for each kind, whatever its fields and places."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dragon_ledger.quality.report_cards import Card, cards, counted_findings

FOLDER = "P1/1.2/1.2.3/"


def group(code: str, **more: Any) -> dict[str, Any]:
    common = {"check": "c", "severity": "error", "expected": "e", "mend": "m", "tag": None}
    return {**common, "code": code, "column": None, "count": 1, "subjects": 0, "series": 0, **more}


def finding(number: int, **more: Any) -> dict[str, Any]:
    return {"group": number, "count": 1, **more}


def one_card(groups: list[dict[str, Any]], findings: list[dict[str, Any]]) -> Card:
    (card,) = cards({"findings": groups}, {"findings": findings})
    return card


def said(card: Card) -> list[str]:
    return [f"{place.where}{place.between}{place.what}" for place in card.places]


def test_files_of_a_folder_are_one_place() -> None:
    files = [finding(0, file=f"{FOLDER}{number}.dcm", found="2 mm") for number in range(1, 6)]
    card = one_card([group("a", tag="T", count=5, series=1, subjects=1)], files)
    assert said(card) == [f"{FOLDER} 1.dcm, 2.dcm, 3.dcm and 2 more files: 2 mm"]
    assert card.extent == "5 times, 1 series, 1 subject"


def test_a_finding_that_stands_for_many_counts_as_many() -> None:
    files = [finding(0, file=f"{FOLDER}1.dcm", found="x", count=30)]
    assert said(one_card([group("a", count=30)], files)) == [f"{FOLDER} 1.dcm and 29 more files: x"]


def test_what_differs_is_another_place() -> None:
    files = [finding(0, file=f"{FOLDER}{n}.dcm", found=f"{n} mm") for n in (1, 2)]
    assert said(one_card([group("a")], files)) == [f"{FOLDER}1.dcm: 1 mm", f"{FOLDER}2.dcm: 2 mm"]


def test_many_attributes_of_the_same_files_are_one_card() -> None:
    groups = [group("a", tag=tag, count=2, series=1) for tag in ("T1", "T2")]
    files = [finding(n, file=f"{name}.dcm", found="x") for n in (0, 1) for name in ("1", "2")]
    card = one_card(groups, files)
    assert card.fields == ("T1", "T2")
    assert card.extent == "4 times"
    assert said(card) == ["1.dcm, 2.dcm: x"]


def test_a_place_names_its_fields_where_the_card_has_others() -> None:
    groups = [group("a", tag=tag, count=1) for tag in ("(0010,1010) PatientAge", "(0010,1030) W")]
    files = [
        finding(0, file="1.dcm", found="064Y"),
        finding(0, file="2.dcm", found="absent"),
        finding(1, file="2.dcm", found="absent"),
    ]
    assert said(one_card(groups, files)) == ["1.dcm: PatientAge 064Y", "2.dcm: absent"]


def test_few_of_many_fields_of_a_place_are_named() -> None:
    groups = [group("a", tag=f"(0009,100{number})") for number in range(6)]
    files = [finding(number, file="1.dcm", found="a value") for number in range(5)]
    (place,) = one_card(groups, files).places
    assert place.what == "(0009,1000), (0009,1001), (0009,1002) and 2 more fields a value"


def test_rows_of_a_table_name_their_subject_and_column() -> None:
    groups = [group("a", column=column, count=1) for column in ("AGE", "SEX")]
    rows = [
        finding(0, file="X_dm.csv", row=2, subject="P1", column="AGE"),
        finding(1, file="X_dm.csv", row=3, column="SEX", found=".", count=7),
    ]
    assert said(one_card(groups, rows)) == [
        "X_dm.csv: row 2 AGE (P1); row 3 SEX: . and 6 more rows"
    ]
    assert said(one_card(groups[:1], rows[:1])) == ["X_dm.csv: row 2 (P1)"]


def test_other_texts_are_other_cards_in_the_order_of_the_summary() -> None:
    groups = [group("b"), group("a"), group("a", expected="other"), group("b")]
    found = cards({"findings": groups})
    assert [(card.code, card.expected) for card in found] == [
        ("b", "e"),
        ("a", "e"),
        ("a", "other"),
    ]
    assert Counter(card.places for card in found) == {(): 3}


def test_a_finding_about_the_whole_transfer_has_no_place() -> None:
    assert said(one_card([group("a")], [finding(0)])) == []
    assert said(one_card([group("a")], [finding(0, found="3 studies")])) == ["3 studies"]


def test_counts_are_in_words() -> None:
    assert counted_findings({"error": 1, "warning": 2, "note": 3}) == "1 error, 2 warnings"
    assert counted_findings({"error": 0, "warning": 0, "note": 3}) == ""
