"""A domain's table as the clinical checks see it, whatever format it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from dragon_ledger.errors import InputError

ROW = "#row"


class UnreadableTable(InputError):
    """A table's bytes cannot be read; the text says why and names no value of any subject."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something about a table's form that the reader could work around: `code` after `domains.`."""

    code: str
    found: str
    row: int | None = None
    column: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table read whole.

    Attributes:
        path: Path in the transfer.
        domain: Domain code that the file's name gives.
        frame: Every variable as text without surrounding blanks, null where there is none; and
            the column `#row`, the row as a spreadsheet counts it (the first record is row 2).
        kinds: `Char` or `Num` by variable, where the format says so (XPORT).
        labels: Label by variable, where the format has labels (XPORT).
        oddities: What the reader worked around.
        notes: What was recognised, for the report: format, encoding, separator, rows.
    """

    path: str
    domain: str
    frame: pl.DataFrame
    kinds: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    oddities: tuple[Oddity, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> tuple[str, ...]:
        """The table's variables in file order."""
        return tuple(name for name in self.frame.columns if name != ROW)

    def has(self, *names: str) -> bool:
        """Whether all these variables are there."""
        return all(name in self.frame.columns for name in names)

    def name_of(self, stem: str) -> str:
        """A variable's name in this domain: `--TESTCD` gives `LBTESTCD`."""
        return stem.replace("--", self.domain)
