"""Section 3 and 2.1: what a transfer adds, changes and withdraws against the last version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from dragon_ledger.quality.examination import Examination
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.known import PreviousVersion
from dragon_ledger.quality.transfer import Role

_COLUMNS = ("path", "action", "reason")
_ACTIONS = ("correct", "withdraw")


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """Files against the last version, for the report."""

    added: int
    unchanged: int
    corrected: int
    changed: int
    withdrawn: int
    missing: int


def check_changes(exam: Examination) -> tuple[CheckResult, ChangeCounts | None]:
    """A file that was accepted may change only when the changes table declares it."""
    declaration = tuple(_declaration(exam))
    if exam.previous is None:
        if not declaration:
            return not_applicable("changes", "there is no earlier version"), None
        return conclude("changes", declaration), None
    comparison = _Comparison(exam)
    findings = chain(declaration, _unknown(exam, exam.previous), comparison.findings())
    return conclude("changes", findings), comparison.counts()


class _Comparison:
    def __init__(self, exam: Examination) -> None:
        before = exam.previous.files if exam.previous else {}
        now = exam.digests
        self._exam = exam
        corrections = exam.declared("correct")
        tables = {file.path for file in exam.tree.files if file.role is not Role.IMAGE}
        differing = {path for path in now if path in before and now[path] != before[path]}
        # Tables grow with every transfer under the same name: their change is shown, not refused.
        self._corrected = {path for path in differing if path in corrections}
        self._changed = {path for path in differing - self._corrected if path not in tables}
        self._tables = (differing - self._corrected) & tables
        self._unchanged = {path for path in now if before.get(path) == now[path]}
        self._added = set(now) - set(before)
        gone = set(before) - set(now)
        self._withdrawn = gone & set(exam.declared("withdraw"))
        images_gone = {path for path in gone if path.lower().endswith(".dcm")}
        self._missing = images_gone - self._withdrawn if _cumulative(exam) else set()

    def findings(self) -> Iterator[Finding]:
        kinds = (
            ("changes.changed", self._changed, "another content"),
            ("changes.table", self._tables, "another content"),
            ("changes.corrected", self._corrected, "declared as a correction"),
            ("changes.withdrawn", self._withdrawn, "declared as withdrawn"),
            ("changes.missing", self._missing, "not in this transfer"),
        )
        for code, paths, found in kinds:
            for path in sorted(paths):
                yield self._exam.catalogue.finding(code, found, file=path)
        if self._unchanged and not _cumulative(self._exam):
            first, count = min(self._unchanged), len(self._unchanged)
            yield self._exam.catalogue.finding(
                "changes.repeated", "unchanged", file=first, count=count
            )

    def counts(self) -> ChangeCounts:
        return ChangeCounts(
            added=len(self._added),
            unchanged=len(self._unchanged),
            corrected=len(self._corrected),
            changed=len(self._changed),
            withdrawn=len(self._withdrawn),
            missing=len(self._missing),
        )


def _cumulative(exam: Examination) -> bool:
    return bool(exam.rules.document["transfer"]["type"] == "cumulative")


def _unknown(exam: Examination, previous: PreviousVersion) -> Iterator[Finding]:
    """Declarations that change nothing: a misspelt path would leave what was to be withdrawn."""
    for row in exam.changes.rows if exam.changes else ():
        path, action = row.values.get("path", ""), row.values.get("action", "").lower()
        found = ""
        if action == "withdraw" and path in exam.digests:
            found = "a withdrawal of a file that is in this transfer"
        elif action == "withdraw" and path not in previous.files:
            found = "a withdrawal of a file that the last version does not have"
        elif action == "correct" and path not in exam.digests:
            found = "a correction of a file that is not in this transfer"
        if found and exam.changes:
            yield exam.catalogue.finding(
                "changes.unknown", found, file=exam.changes.path, row=row.number, column="path"
            )


def _declaration(exam: Examination) -> Iterator[Finding]:
    files = exam.tree.of_role(Role.CHANGES)
    if not files:
        return
    path, table = files[0].path, exam.changes
    if table is None or not set(_COLUMNS) <= set(table.columns) or len(files) > 1:
        found = exam.table_problems.get(path, "other columns, or several tables")
        yield exam.catalogue.finding("changes.declaration", found, file=path, row=1)
        return
    for row in table.rows:
        for column in _COLUMNS:
            value = row.values.get(column, "")
            if not value or (column == "action" and value.lower() not in _ACTIONS):
                found = "nothing" if not value else "another action"
                yield exam.catalogue.finding(
                    "changes.declaration", found, file=path, row=row.number, column=column
                )
