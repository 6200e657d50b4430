"""SAS transport files are read as pyreadstat reads them, and damage is refused with a reason."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import polars as pl
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.quality.clinical.table import ROW, Table, UnreadableTable
from dragon_ledger.quality.clinical.xport_table import RECORD, is_xport, read_xport_table

FRAME = pl.DataFrame(
    {
        "USUBJID": ["A-1", "A-2", ""],
        "LBSEQ": [1.0, 2.0, 3.0],
        "LBSTRESN": [164.7, None, -0.001],
        "LBSTRESC": ["164.7", "<5", "ü"],
    }
)


def read(content: bytes) -> Table:
    return read_xport_table("A_lb.xpt", "LB", content)


def written(
    folder: Path, frame: pl.DataFrame, version: Literal[5, 8], names: list[str] | None = None
) -> bytes:
    path = folder / "table.xpt"
    labels: list[str | None] = list(names or [])
    pyreadstat.write_xport(
        frame, str(path), file_format_version=version, column_labels=labels or None
    )
    return path.read_bytes()


@pytest.mark.parametrize("version", [5, 8])
def test_versions_5_and_8_are_read_with_types_labels_and_missing_values(
    version: Literal[5, 8], tmp_path: Path
) -> None:
    labels = ["Unique Subject Identifier", "Sequence Number", "Number", "Text"]
    content = written(tmp_path, FRAME, version, labels)
    table = read(content)
    assert is_xport(content)
    assert table.frame.drop(ROW).to_dict(as_series=False) == {
        "USUBJID": ["A-1", "A-2", None],
        "LBSEQ": ["1", "2", "3"],
        "LBSTRESN": ["164.7", ".", "-0.001"],
        "LBSTRESC": ["164.7", "<5", "ü"],
    }
    assert table.kinds == {
        "USUBJID": "Char", "LBSEQ": "Num", "LBSTRESN": "Num", "LBSTRESC": "Char",
    }  # fmt: skip
    assert list(table.labels.values()) == labels
    assert table.notes["format"] == f"SAS XPORT version {version}"


def test_special_missing_values_keep_their_letter(tmp_path: Path) -> None:
    content = bytearray(written(tmp_path, pl.DataFrame({"AGE": [1.0, 2.0, 3.0]}), 5))
    start = len(content) - RECORD
    content[start : start + 24] = b"A\0\0\0\0\0\0\0_\0\0\0\0\0\0\0.\0\0\0\0\0\0\0"
    assert read(bytes(content)).frame.get_column("AGE").to_list() == [".A", "._", "."]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(min_value=-1e60, max_value=1e60), min_size=1, max_size=20))
def test_numbers_come_back_to_the_last_bit(values: list[float]) -> None:
    numbers = [value if abs(value) > 1e-60 else 0.0 for value in values]
    content = _one_number_column(numbers)
    texts = read(content).frame.get_column("X").to_list()
    assert [float(text) for text in texts] == numbers


def _one_number_column(values: list[float]) -> bytes:
    head = b"HEADER RECORD*******%-8sHEADER RECORD!!!!!!!%s  "
    name = struct.pack(">hhhh8s40s8shhh2s8shhi52s", 1, 0, 8, 1, b"X       ", b" " * 40, b" " * 8,
                       0, 0, 0, b"", b" " * 8, 0, 0, 0, b"")  # fmt: skip
    parts = [
        head % (b"LIBRARY ", b"0" * 30), b" " * 160,
        head % (b"MEMBER  ", b"0" * 17 + b"1600000000140"),
        head % (b"DSCRPTR ", b"0" * 30), b" " * 160,
        head % (b"NAMESTR ", b"0000000001" + b"0" * 20), name.ljust(160),
        head % (b"OBS     ", b"0" * 30),
    ]  # fmt: skip
    body = b"".join(_ibm(value) for value in values)
    return b"".join(parts) + body.ljust(-(-len(body) // RECORD) * RECORD)


def _ibm(value: float) -> bytes:
    if value == 0:
        return bytes(8)
    fraction, exponent = math.frexp(abs(value))
    shift = -exponent % 4
    bits = int(fraction * 2**53) << 3 >> shift
    power = (exponent + shift) // 4 + 64
    sign = 0x80 if value < 0 else 0
    return bytes((power | sign, *bits.to_bytes(7, "big")))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda c: c[:-1], "does not end at a whole record"),
        (lambda c: c[: 3 * RECORD], "no MEMBER header"),
        (lambda c: c[: 9 * RECORD], "claims 4 variables and does not hold them"),
        (
            lambda c: c.replace(b"!!!!!!!0000000004", b"!!!!!!!0000999999"),
            "claims 999999 variables",
        ),
        (lambda c: c.replace(b"USUBJID", b"LBSEQ\0\0"), "contradicts another"),
        (lambda c: c.replace(b"OBS     ", b"OBX     "), "no OBS header"),
        (lambda c: b" " * RECORD + c, "no library header"),
    ],
)
def test_damage_is_refused_with_the_reason(
    damage: Callable[[bytes], bytes], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableTable, match=reason):
        read(damage(written(tmp_path, FRAME, 5)))


def test_a_second_data_set_is_left_out_and_said(tmp_path: Path) -> None:
    one = written(tmp_path, FRAME, 5)
    table = read(one + one[3 * RECORD :])
    assert table.frame.height == 3
    assert "several-data-sets" in {each.code for each in table.oddities}


def test_every_real_transport_file_is_read_as_pyreadstat_reads_it(shared_data: Path) -> None:
    paths = sorted(shared_data.glob("sdtm_*/**/*.xpt"))
    assert len(paths) > 20
    for path in paths:
        table = read(path.read_bytes())
        encoding = "cp1252" if table.notes["encoding"] == "Windows-1252" else None
        second, _ = pyreadstat.read_xport(str(path), output_format="polars", encoding=encoding)
        assert list(table.variables) == [name.upper() for name in second.columns], path
        for name in table.variables:
            ours, theirs = table.frame.get_column(name), second.get_column(name)
            if table.kinds[name] == "Num":
                assert ours.cast(pl.Float64, strict=False).eq_missing(theirs.cast(pl.Float64)).all()
            else:
                trimmed = theirs.str.strip_chars()
                assert ours.eq_missing(trimmed.set(trimmed == "", None)).all(), (path, name)
