"""The catalogue of findings of the imaging checks: what each code expects and how to mend it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dragon_ledger.quality.findings import Finding, Severity
from dragon_ledger.quality.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of finding; `check` is the part of the code before the dot."""

    code: str
    severity: Severity
    expected: str
    mend: str

    @property
    def check(self) -> str:
        """Id of the check that the finding belongs to."""
        return self.code.partition(".")[0]


@cache
def entries(part: str = "imaging") -> Mapping[str, Entry]:
    """All kinds of findings of a part of the checks (`imaging`, `clinical`), by code."""
    file = resources.files("dragon_ledger.quality") / "texts" / f"{part}.toml"
    document = tomllib.loads(file.read_text("utf-8"))
    return {
        code: Entry(code, Severity(text["severity"]), text["expected"], text["mend"])
        for code, text in document.items()
    }


class Catalogue:
    """Makes findings whose texts carry the limits of one rule set."""

    def __init__(self, rules: RuleSet) -> None:
        limits = rules.document["limits"]
        self._entries = {
            code: Entry(code, entry.severity, entry.expected.format_map(limits), entry.mend)
            for code, entry in entries().items()
        }

    def finding(
        self,
        code: str,
        found: str = "",
        *,
        file: str | None = None,
        tag: str | None = None,
        row: int | None = None,
        column: str | None = None,
        subject: str | None = None,
        series: str | None = None,
        count: int = 1,
    ) -> Finding:
        """A finding of a kind at a place. `found` must be masked already if it may identify."""
        entry = self._entries[code]
        return Finding(
            entry.check,
            code,
            entry.severity,
            entry.expected,
            entry.mend,
            found,
            file=file,
            tag=tag,
            row=row,
            column=column,
            subject=subject,
            series=series,
            count=count,
        )
