"""Runs the quality check of a transfer for the agent, and remembers what was read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from dragon_ledger.digests import manifest
from dragon_ledger.quality.known import FileRecord, Progress
from dragon_ledger.quality.tables import UnreadableTable, open_table
from dragon_ledger.site.earlier_transfers import EarlierTransfers, series_facts
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.intake import COMPLETION_MARKER, Checked, CheckedFile, Interrupted

if TYPE_CHECKING:
    from dragon_ledger.quality.report import QualityReport
    from dragon_ledger.quality.rules import RuleSet

SUBJECT_COLUMN = "usubjid"
_LOGGED_EVERY = 10_000


class QualityCheck:
    """Checks the transfers of one site; a file that was read before and is unchanged is not read.

    `reread` reads every file, known or not. Setting `stopping` ends a check at the next file.
    """

    def __init__(
        self,
        rules: RuleSet,
        earlier: EarlierTransfers,
        workers: int,
        stopping: Event,
        *,
        reread: bool = False,
    ) -> None:
        self._rules = rules
        self._reread = reread
        self._earlier = earlier
        self._workers = workers or None
        self._stopping = stopping

    def __call__(self, transfer: Path) -> Checked:
        """Check a transfer.

        Raises:
            InputError: the folder cannot be read at all.
        """
        from dragon_ledger.quality.report_html import render_html  # noqa: PLC0415 (as in `report`)

        report = self.report(transfer)
        return Checked(
            outcome=str(report.outcome),
            rule_set=report.rules.digest.value,
            summary=report.summary_json(),
            annex=report.annex_json(),
            html=render_html(report.summary(), report.annex()).encode(),
            files=[_file(record) for record in report.files if record.path != COMPLETION_MARKER],
            rows=clinical_rows(transfer, report.files),
            series=series_facts(report.kept, {row.series_uid: row.slices for row in report.series}),
            adds=not self._cumulative,
            withdrawn=withdrawn_paths(transfer, report.files),
        )

    def report(
        self,
        transfer: Path,
        *,
        own: bool = True,
        keep: bool = True,
        show: Callable[[Progress], None] | None = None,
    ) -> QualityReport:
        """The report on a transfer.

        Args:
            transfer: its folder.
            own: whether it lies in the inbox; then what is known under its name is of this one.
            keep: whether to remember what was read, for the next check of this transfer.
            show: told how far the check is.

        Raises:
            InputError: the folder cannot be read at all.
        """
        # Half of an agent's start-up time, and most starts have nothing to check.
        from dragon_ledger.quality.check import check_transfer  # noqa: PLC0415 (see above)

        def remember(progress: Progress) -> None:
            if keep:
                self._earlier.remember(transfer.name, progress.new)
            if show is not None:
                show(progress)
            self._end_if_stopping()

        self._earlier.upgrade(self._upgraded)
        return check_transfer(
            transfer,
            self._rules,
            today=_today(),
            known=self._earlier.known(transfer.name if own else "", reread=self._reread),
            previous=self._earlier.previous(
                transfer, whole=self._cumulative, also=_declared(transfer)
            ),
            progress=remember,
            workers=self._workers,
        )

    def _upgraded(self, done: int, total: int) -> None:
        if done % _LOGGED_EVERY == 0 or done == total:
            log_event("records.completed", files=done, of=total)
        self._end_if_stopping()

    def _end_if_stopping(self) -> None:
        if self._stopping.is_set():
            raise Interrupted("the agent stops; the check goes on at its start")

    @property
    def _cumulative(self) -> bool:
        return bool(self._rules.document["transfer"]["type"] == "cumulative")


def _declared(transfer: Path) -> frozenset[str]:
    """What a transfer withdraws, before it is read; only regular files are opened."""
    try:
        with os.scandir(transfer) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return frozenset()  # the check says what is wrong with the folder
    return _withdrawn(transfer, names)


def withdrawn_paths(transfer: Path, files: tuple[FileRecord, ...]) -> frozenset[str]:
    """Paths that the transfer's table of changes declares as withdrawn.

    A table that cannot be read withdraws nothing; the quality report says what is wrong with it.
    """
    return _withdrawn(transfer, [file.path for file in files if file.subject is None])


def _withdrawn(transfer: Path, names: Iterable[str]) -> frozenset[str]:
    paths: set[str] = set()
    for name in names:
        if name.lower().endswith("_changes.csv"):
            with contextlib.suppress(UnreadableTable, OSError):
                table = open_table(transfer, name)
                paths.update(
                    row.values.get("path", "")
                    for row in table.rows
                    if row.values.get("action", "").lower() == "withdraw"
                )
    return frozenset(paths - {""})


def clinical_rows(
    transfer: Path, files: tuple[FileRecord, ...]
) -> Mapping[str, list[manifest.ClinicalRow]]:
    """The rows of the transfer's CSV tables that name a subject, by subject.

    A table that cannot be read is in the quality report, and in the manifest as a file.
    """
    rows: dict[str, list[manifest.ClinicalRow]] = {}
    for file in files:
        if file.subject is not None or not file.path.lower().endswith(".csv"):
            continue
        domain = Path(file.path).stem.rpartition("_")[2].upper()
        try:
            table = open_table(transfer, file.path)
        except UnreadableTable:
            continue
        for row in table.rows:
            if subject := row.values.get(SUBJECT_COLUMN):
                rows.setdefault(subject, []).append(manifest.ClinicalRow(domain, row.values))
    return rows


def _file(record: FileRecord) -> CheckedFile:
    return CheckedFile(manifest.FileRecord(record.path, record.size, record.sha256), record.subject)


def _today() -> date:
    return datetime.now(UTC).date()
