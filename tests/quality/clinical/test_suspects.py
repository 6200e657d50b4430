"""Identifying texts are found among very many values, and chance hits among codes are not."""

from __future__ import annotations

from typing import Any

import pytest

from dragon_ledger.quality.clinical.suspects import MOST_NUMBERS

LB = "UNIFI_lb.csv"


def national_number(day: int) -> str:
    """A Belgian national number: nine digits, and 97 less their remainder."""
    first = f"8507{day:02d}033"
    return f"{first}{97 - int(first) % 97:02d}"


def with_references(clean: Any, references: list[str]) -> Any:
    pattern = clean[LB][0]
    clean[LB] = [
        pattern | {"LBSEQ": str(number), "LBREFID": reference}
        for number, reference in enumerate(references, start=1)
    ]
    return clean


def test_codes_that_pass_a_check_digit_by_chance_are_no_finding(clean: Any, judge: Any) -> None:
    codes = [f"{number:011d}" for number in range(10_000_000_000, 10_000_000_300, 3)]
    assert judge(with_references(clean, [*codes, national_number(30)])) == []


def test_a_column_of_national_numbers_is_found(clean: Any, judge: Any) -> None:
    numbers = [national_number(day) for day in range(1, 32)] * 3
    (first, *_) = found = judge(with_references(clean, numbers))
    assert {each.code for each in found} == {"privacy.clinical-pattern"}
    assert first.found == "national number: 99999999999"


def test_a_single_national_number_among_few_values_is_found(clean: Any, judge: Any) -> None:
    found = judge(with_references(clean, ["A1", "B2", f"NISS {national_number(3)}"]))
    assert [(each.code, each.row) for each in found] == [("privacy.clinical-pattern", 4)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ask j.dubois@example.org", "privacy.clinical-pattern"),
        ("Madame Dubois", "privacy.clinical-pattern"),
        ("+32 4 123 45 67", "privacy.clinical-pattern"),
        ("for dubois", "privacy.clinical-name"),
    ],
)
def test_one_text_among_very_many_codes_is_found(
    text: str, code: str, clean: Any, judge: Any
) -> None:
    codes = [f"SPEC-{number:09d}" for number in range(2 * MOST_NUMBERS)]
    files = with_references(clean, [*codes, text])
    found = judge(files, tokens=frozenset({"DUBOIS"}))
    assert {each.row for each in found} == {len(codes) + 2}
    assert code in {each.code for each in found}


def test_dates_among_very_many_codes_are_looked_at_in_part(clean: Any, judge: Any) -> None:
    """A known limitation: beyond the limit, numbers and dates are sampled, not all read."""
    codes = [f"SPEC-{number:09d}" for number in range(2 * MOST_NUMBERS)]
    assert judge(with_references(clean, [*codes, "T 2021-03-04"])) == []
