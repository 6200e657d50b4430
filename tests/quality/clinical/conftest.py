"""A clean set of tables, and one way to judge it after a change."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from dragon_ledger.quality.clinical.check import check_clinical
from dragon_ledger.quality.clinical_boundary import ClinicalFile, ClinicalInput, ClinicalResult
from dragon_ledger.quality.findings import Finding, Severity
from dragon_ledger.quality.rules import RuleSet, built_in
from dragon_ledger.samples import make_transfer

TODAY = date(2026, 11, 22)

Rows = list[dict[str, str]]
Tables = dict[str, Rows]


def to_csv(rows: Rows, separator: str = ",") -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n", delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


class Judge:
    """Judges tables given as rows or bytes; results stay at hand for closer questions."""

    def __init__(self) -> None:
        self.result: ClinicalResult | None = None

    def __call__(
        self,
        files: dict[str, Rows | bytes | None],
        *,
        rules: RuleSet | None = None,
        tokens: frozenset[str] = frozenset(),
        partner: str | None = "UNIFI",
        others: tuple[str, ...] = (),
    ) -> list[Finding]:
        given = tuple(
            ClinicalFile(
                name,
                _domain(name),
                name.rpartition("_")[0] or None,
                to_csv(content) if isinstance(content, list) else content,
            )
            for name, content in sorted(files.items())
        )
        rule_set = rules or built_in()
        self.result = check_clinical(ClinicalInput(given, others, rule_set, TODAY, tokens, partner))
        return [*self.result.privacy, *(f for each in self.result.results for f in each.findings)]

    def outcome(self, check: str) -> str:
        assert self.result is not None
        return next(each.outcome for each in self.result.results if each.check == check)


def _domain(name: str) -> str:
    word = name.rpartition(".")[0].rpartition("_")[2]
    return {"demographics": "DM"}.get(word.lower(), word.upper()[:2])


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="session")
def _clean(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("clean") / "transfer"
    make_transfer(folder, partner="UNIFI", seed=1, slices=1, size=8)
    return {
        path.name: list(csv.DictReader(path.open(encoding="utf-8", newline="")))
        for path in sorted(Path(folder).glob("UNIFI_??.csv"))
    }


@pytest.fixture
def clean(_clean: Tables) -> Tables:
    """The six tables of a sample transfer as rows, by file name, free to be changed."""
    return {name: [dict(row) for row in rows] for name, rows in _clean.items()}


@pytest.fixture
def codes() -> Callable[[list[Finding]], set[tuple[str, str | None]]]:
    """Code and column of every finding that is no note."""

    def of(findings: list[Finding]) -> set[tuple[str, str | None]]:
        return {(f.code, f.column) for f in findings if f.severity is not Severity.NOTE}

    return of
