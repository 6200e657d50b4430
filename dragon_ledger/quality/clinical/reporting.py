"""Turn what a check saw into findings: texts from the catalogue, examples, and values masked.

A million equal rows become five findings that stand for all of them. A value is shown as it is only
when it is made of digits and marks, or is a term of a codelist; anything else may name a person
and is shown by its shape.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import polars as pl

from dragon_ledger.quality.catalogue import Entry
from dragon_ledger.quality.clinical.table import ROW, Oddity, Table
from dragon_ledger.quality.findings import EXAMPLES_PER_GROUP, Finding, Severity
from dragon_ledger.quality.masking import shape_of

_HARMLESS = re.compile(
    r"[0-9/ .,:+<>=%()^-]{0,40}|\d{4}[0-9T:Z.+/-]{0,36}|PT?\d[0-9YMWDTHS.,]{0,30}"
)
_LIKE_A_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


@cache
def entries() -> Mapping[str, Entry]:
    """All kinds of findings of the clinical checks, by code."""
    file = resources.files("dragon_ledger.quality") / "texts" / "clinical.toml"
    return {
        code: Entry(code, Severity(text["severity"]), text["expected"], text["mend"])
        for code, text in tomllib.loads(file.read_text("utf-8")).items()
    }


def finding(
    code: str,
    found: str = "",
    *,
    file: str | None = None,
    row: int | None = None,
    column: str | None = None,
    subject: str | None = None,
    count: int = 1,
    particulars: Mapping[str, object] | None = None,
) -> Finding:
    """A finding of a kind at a place; `particulars` fill the braces of its text."""
    entry = entries()[code]
    expected = entry.expected.format_map(particulars or {})
    return Finding(
        entry.check, code, entry.severity, expected, entry.mend, found,
        file=file, row=row, column=column and shown_column(column), subject=subject, count=count,
    )  # fmt: skip


def shown_column(name: str) -> str:
    """A column's name as a summary may show it: what is no variable's name may be anybody's."""
    return name if _LIKE_A_VARIABLE.fullmatch(name) else shape_of(name)


def shown(value: str | None, known: Iterable[str] = ()) -> str:
    """A value as a report may show it."""
    if value is None:
        return ""
    return value if _HARMLESS.fullmatch(value) or value in known else shape_of(value)


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows of a table are wrong in one way.

    Attributes:
        code: The finding's code.
        wrong: True where a row is wrong; null is false.
        column: The variable that the finding names.
        known: For values that may be shown, what to show: the value, or the value and which term
            may be meant.
        particulars: What fills the braces of the finding's text.
    """

    code: str
    wrong: pl.Expr
    column: str
    known: Mapping[str, str] = field(default_factory=dict)
    particulars: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Makes findings about rows of one table."""

    table: Table

    def about(
        self, code: str, found: str = "", *, column: str | None = None, **particulars: object
    ) -> Finding:
        """A finding about the table as a whole, or about a column."""
        row = 1 if column else None
        return finding(
            code, found, file=self.table.path, row=row, column=column, particulars=particulars
        )

    def odd(self, code: str, oddity: Oddity) -> Finding:
        """A finding about something that the reader worked around."""
        return finding(
            code,
            oddity.found,
            file=self.table.path,
            row=oddity.row,
            column=oddity.column,
            count=oddity.count,
        )

    def rows(
        self,
        code: str,
        wrong: pl.Expr,
        column: str,
        *,
        known: Mapping[str, str] | None = None,
        **particulars: object,
    ) -> list[Finding]:
        """Findings at the rows that one question finds wrong."""
        return self.answer(Question(code, wrong, column, known or {}, particulars))

    def answers(self, questions: Iterable[Question]) -> list[Finding]:
        """Findings of many questions, which one pass over the table narrows to those with any."""
        asked = list(questions)
        sums = [each.wrong.sum().alias(str(place)) for place, each in enumerate(asked)]
        counts = self.table.frame.lazy().select(sums).collect().row(0) if sums else ()
        return [
            found
            for question, count in zip(asked, counts, strict=True)
            if count
            for found in self.answer(question)
        ]

    def answer(self, question: Question) -> list[Finding]:
        """Findings at the first wrong rows; the last one stands for all that follow."""
        subject = "USUBJID" if self.table.has("USUBJID") else ROW
        columns = dict.fromkeys((ROW, subject, question.column))
        hits = self.table.frame.lazy().filter(question.wrong).select(*columns).collect()
        return [
            finding(
                question.code,
                _found(line[question.column], question.known),
                file=self.table.path,
                row=line[ROW],
                column=question.column,
                subject=line["USUBJID"] if subject != ROW else None,
                count=count,
                particulars=question.particulars,
            )
            for line, count in _examples(hits)
        ]


def _found(value: str | None, known: Mapping[str, str]) -> str:
    return known.get(value or "", shown(value))


def _examples(hits: pl.DataFrame) -> list[tuple[dict[str, Any], int]]:
    """The first rows, each with how many it stands for: the last one stands for all that follow."""
    lines = hits.head(EXAMPLES_PER_GROUP).to_dicts()
    counts = [1] * len(lines)
    if lines:
        counts[-1] += hits.height - len(lines)
    return list(zip(lines, counts, strict=True))
