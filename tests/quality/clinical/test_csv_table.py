"""CSV tables in the forms that hospitals send are read; broken ones are refused with a reason."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.quality.clinical.csv_table import read_csv_table
from dragon_ledger.quality.clinical.table import ROW, Table, UnreadableTable

KNOWN = frozenset({"STUDYID", "AGE", "SEX"})


def read(content: bytes) -> Table:
    return read_csv_table("A_dm.csv", "DM", content, KNOWN)


def cells(table: Table) -> list[tuple[str | None, ...]]:
    return table.frame.drop(ROW).rows()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_recognised_and_said(separator: str) -> None:
    table = read(separator.join(["STUDYID", "AGE"]).encode() + f"\nX{separator}1\n".encode())
    assert cells(table) == [("X", "1")]
    assert ("separator" in {each.code for each in table.oddities}) == (separator != ",")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("AGE,SEX\nzürich,F\n".encode(), "UTF-8"),
        ("AGE,SEX\nzürich,F\n".encode("utf-8-sig"), "UTF-8 with byte order mark"),
        ("AGE,SEX\nzürich,F\n".encode("cp1252"), "Windows-1252"),
        ("AGE,SEX\nzürich,F\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_the_encoding_is_recognised_and_said(content: bytes, encoding: str) -> None:
    table = read(content)
    assert cells(table) == [("zürich", "F")]
    assert table.notes["encoding"] == encoding


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_three_systems_are_read(newline: str) -> None:
    assert cells(read(newline.join(["AGE,SEX", "1,F", "2,M", ""]).encode())) == [
        ("1", "F"),
        ("2", "M"),
    ]


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    table = read(b'AGE,SEX\n1,"F\nor M"\n2,M\n')
    assert table.frame.get_column(ROW).to_list() == [2, 3]


def test_blank_values_are_null_and_blank_rows_are_left_out_and_said() -> None:
    table = read(b"AGE,SEX\n1,\n,\n  , F\n")
    assert cells(table) == [("1", None), (None, "F")]
    assert {(each.code, each.row) for each in table.oddities} == {
        ("blank-row", 3), ("padding", 4),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"AGE,SEX\n1,F\n2\n", "row 3 has 1 fields and the header 2"),
        (b"AGE,SEX\n1,F,x\n", "row 2 has 3 fields"),
        (b'AGE,SEX\n"1",F\n"2",F,F\n', "row 3 has 3 fields"),
        (b'AGE,SEX\n1,"F\n', "quotes around row 2"),
        (b"AGE,SEX\n1,\0\n", "NUL byte at offset 10"),
        (b"AGE,SEX\n1,\x81\n", "neither UTF-8, UTF-16 nor Windows-1252"),
        (b",".join([b"X"] * 2000) + b"\n", "names 2000 columns"),
        (b"X" * 70_000, "longer than 64 KiB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableTable, match=reason):
        read(content)


def test_a_column_without_name_or_of_a_known_name_is_left_out_and_said() -> None:
    table = read(b"AGE,AGE,,SEX\n1,2,3,F\n")
    assert table.variables == ("AGE", "SEX")
    assert [(each.code, each.found) for each in table.oddities] == [
        ("variable-twice", "column 2"),
        ("variable-unnamed", "column 3"),
    ]


_CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n"), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=6))
def test_whatever_a_csv_writer_quotes_comes_back(rows: list[tuple[str, ...]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("STUDYID", "AGE", "SEX"), *rows])
    stripped = [tuple(cell.strip() or None for cell in row) for row in rows]
    assert cells(read(stream.getvalue().encode())) == [row for row in stripped if any(row)]


def test_a_lone_quote_within_a_value_is_read_or_refused_and_never_moves_a_value() -> None:
    assert cells(read(b"AGE,SEX\n5'10\",F\n")) == [("5'10\"", "F")]
    with pytest.raises(UnreadableTable, match="quot"):
        read(b'AGE,SEX\n1,"F"x\n')
