"""Defects that only a SAS transport file in place of CSV can have: types, labels, data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dragon_ledger.samples.defects.defect import Damage, defect
from dragon_ledger.samples.defects.editing import TransferEditor
from dragon_ledger.samples.tables import Row, read_table
from dragon_ledger.samples.xport import Column, data_set, xport

Columns = dict[str, Column]
Write = Callable[[Sequence[Row], Columns], bytes]

# Labels of SDTM IG 3.3.
_SU: Columns = {
    "STUDYID": Column("Study Identifier"),
    "DOMAIN": Column("Domain Abbreviation"),
    "USUBJID": Column("Unique Subject Identifier"),
    "SUSEQ": Column("Sequence Number", numeric=True),
    "SUTRT": Column("Reported Name of Substance"),
    "SUPRESP": Column("SU Pre-Specified"),
    "SUOCCUR": Column("SU Occurrence"),
    "SUDOSE": Column("Substance Use Consumption", numeric=True),
    "SUDOSU": Column("Consumption Units"),
    "SUDOSFRQ": Column("Use Frequency Per Interval"),
    "SUDUR": Column("Duration of Substance Use"),
}


def _as_xport(write: Write) -> Damage:
    """Replace the table SU by a transport file."""

    def damage(editor: TransferEditor) -> str:
        table = editor.table("su")
        rows = read_table(table)
        table.unlink()
        return editor.write(table.with_suffix(".xpt"), write(rows, dict(_SU)))

    return damage


def _column(name: str, **changes: object) -> Write:
    def write(rows: Sequence[Row], columns: Columns) -> bytes:
        columns[name] = replace(columns[name], **changes)  # type: ignore[arg-type]  # its fields
        return xport("SU", rows, columns)

    return write


def _value(name: str, value: str) -> Write:
    """Set a variable of the second row: the first subject does not smoke."""

    def write(rows: Sequence[Row], columns: Columns) -> bytes:
        return xport("SU", [rows[0], {**rows[1], name: value}, *rows[2:]], columns)

    return write


def _twice(rows: Sequence[Row], columns: Columns) -> bytes:
    return xport("SU", rows, columns) + data_set("SU2", rows, columns)


def _cut_off(rows: Sequence[Row], columns: Columns) -> bytes:
    return xport("SU", rows, columns)[:-40]


XPORT = (
    defect("xport-label", "sdtm.label", "a transport file with another label",
           _as_xport(_column("SUTRT", label="Name of the drug")), "SUTRT"),
    defect("xport-number-as-text", "sdtm.stored-type", "a number stored as text",
           _as_xport(_column("SUDOSE", numeric=False)), "SUDOSE"),
    defect("xport-text-too-long", "sdtm.length", "a text longer than version 5 allows",
           _as_xport(_value("SUTRT", "CIGARETTES " * 19)), "SUTRT"),
    defect("xport-sas-missing-value", "clinical-missing.sas-code", "the missing value .A",
           _as_xport(_value("SUDOSE", ".A")), "SUDOSE"),
    defect("xport-two-data-sets", "domains.several-data-sets",
           "a transport file with two data sets", _as_xport(_twice)),
    defect("xport-cut-off", "domains.unreadable", "a transport file is cut off",
           _as_xport(_cut_off)),
)  # fmt: skip
