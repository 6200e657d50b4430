"""Small tables: what is read, what is refused with its place, and that nothing else happens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.quality.tables import UnreadableTable, read_table
from dragon_ledger.quality.text_leaks import leaks

HEADER = b"patient,usubjid\n"


@pytest.mark.parametrize(
    ("content", "encoding", "separator"),
    [
        (HEADER + "P1,Ä\n".encode(), "UTF-8", ","),
        (b"\xef\xbb\xbf" + HEADER + b"P1,S1\n", "UTF-8 with byte order mark", ","),
        (b"patient;usubjid\r\nP1;\xc4\r\n", "Windows-1252", ";"),
        (b"Patient\tUSUBJID \nP1\tS1\n", "UTF-8", "\t"),
    ],
)
def test_encodings_and_separators_are_recognised(
    content: bytes, encoding: str, separator: str
) -> None:
    table = read_table("t.csv", content)
    assert (table.encoding, table.separator) == (encoding, separator)
    assert table.columns == ("patient", "usubjid")
    assert table.rows[0].number == 2
    assert table.rows[0].values["patient"] == "P1"


def test_quoted_values_may_hold_separators_and_line_ends() -> None:
    table = read_table("t.csv", HEADER + b'"a,\nb",c\n\nd,e,f\n')
    assert table.rows[0].values == {"patient": "a,\nb", "usubjid": "c"}
    assert [row.complete for row in table.rows] == [True, False]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"a,b\0c", "zero bytes"),
        (HEADER + b'"never closed,\n', "line"),
        (b"\xef\xbb\xbf\xff\xfe", "byte order mark"),
        (b"," * 20_000, "10 000 columns"),
        (b"a," + b"x" * 200_000, "field larger"),
    ],
)
def test_what_is_no_table_is_said(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableTable, match=why):
        read_table("t.csv", content)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    try:
        table = read_table("t.csv", content)
    except UnreadableTable:
        return
    assert all(set(row.values) <= set(table.columns) for row in table.rows)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("85.07.30-033 28", {"national number"}),
        ("RCCMNL83S18D969H", {"national number"}),
        ("born 1961-03-12", {"birth date"}),
        ("ask a.b@c.org", {"e-mail address"}),
        ("+32 4 366 71 11", {"telephone number"}),
        ("12/03/2020", {"date"}),
        ("CHEST 1.0 B31f", set()),
        ("1.2.840.10008.5.1.4.1.1.2", set()),
        ("120 kV, 35.5 mAs", set()),
        ("31/02/2020", set()),
    ],
)
def test_patterns_in_texts(text: str, kinds: set[str]) -> None:
    assert {leak.kind for leak in leaks(text)} == kinds


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ["a" * 60_000 + "@", "born" + " " * 60_000, "1 " * 30_000, "@." * 30_000]
)
def test_long_texts_take_no_square_time(text: str) -> None:
    leaks(text)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_patterns_survive_any_text(text: str) -> None:
    assert all(leak.kind for leak in leaks(text))
