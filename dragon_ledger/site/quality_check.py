"""Runs the quality check of a transfer for the agent, and remembers what was read."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from dragon_ledger.digests import manifest
from dragon_ledger.errors import LedgerError
from dragon_ledger.quality.known import (
    FileRecord,
    KnownSeries,
    KnownTransfers,
    PreviousVersion,
    Progress,
)
from dragon_ledger.quality.tables import UnreadableTable, read_table
from dragon_ledger.site.intake import COMPLETION_MARKER, Checked, CheckedFile
from dragon_ledger.site.lineage import Lineage
from dragon_ledger.site.records_database import RecordsDatabase

if TYPE_CHECKING:
    from dragon_ledger.quality.report import QualityReport
    from dragon_ledger.quality.rules import RuleSet

SUBJECT_COLUMN = "usubjid"


class Interrupted(LedgerError):
    """A check was ended because the agent stops; the next start begins where it was."""


class QualityCheck:
    """Checks the transfers of one site; a file that was read before and is unchanged is not read.

    `reread` reads every file, known or not. Setting `stopping` ends a check at the next file.
    """

    def __init__(
        self,
        rules: RuleSet,
        database: RecordsDatabase,
        lineage: Lineage,
        workers: int,
        stopping: Event,
        *,
        reread: bool = False,
    ) -> None:
        self._rules = rules
        self._reread = reread
        self._database = database
        self._lineage = lineage
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
            series={row.series_uid: (row.subject, row.study_uid) for row in report.series},
            adds=not self._cumulative,
            withdrawn=withdrawn_paths(transfer, report.files),
        )

    def report(self, transfer: Path) -> QualityReport:
        """The report on a transfer."""
        # Half of an agent's start-up time, and most starts have nothing to check.
        from dragon_ledger.quality.check import check_transfer  # noqa: PLC0415 (see above)

        def remember(progress: Progress) -> None:
            self._database.put_files(
                transfer.name, ((record.path, _write(record)) for record in progress.new)
            )
            if self._stopping.is_set():
                raise Interrupted(f"{transfer}: the agent stops; the check goes on at its start")

        return check_transfer(
            transfer,
            self._rules,
            today=_today(),
            known=self._known(transfer),
            previous=self._previous(),
            progress=remember,
            workers=self._workers,
        )

    def _known(self, transfer: Path) -> KnownTransfers:
        files = {} if self._reread else dict(self._files(transfer.name))
        series: dict[str, KnownSeries] = {}
        instances: dict[str, bytes] = {}
        for _, facts in self._database.versions():
            for uid, (patient, study) in facts["series"].items():
                series[uid] = KnownSeries(patient, study)
            for record in self._files(facts["transfer"]):
                if uid := _instance(record[1]):
                    instances[uid] = record[1].sha256
        return KnownTransfers(files, series, instances)

    def _files(self, transfer: str) -> Iterator[tuple[str, FileRecord]]:
        for data in self._database.files(transfer):
            record = _read(data)
            yield record.path, record

    @property
    def _cumulative(self) -> bool:
        return bool(self._rules.document["transfer"]["type"] == "cumulative")

    def _previous(self) -> PreviousVersion | None:
        """The files of the last accepted version, which a new transfer is compared with."""
        accepted = self._lineage.accepted()
        if not accepted:
            return None
        files: dict[str, bytes] = {}
        for version in self._lineage.transfers_of(accepted[-1]):
            files.update(
                (path, record.sha256) for path, record in self._files(version.facts["transfer"])
            )
            for path in version.facts["withdrawn"]:
                files.pop(path, None)
        return PreviousVersion(files)


def withdrawn_paths(transfer: Path, files: tuple[FileRecord, ...]) -> frozenset[str]:
    """Paths that the transfer's table of changes declares as withdrawn.

    A table that cannot be read withdraws nothing; the quality report says what is wrong with it.
    """
    paths: set[str] = set()
    for file in files:
        if file.subject is None and file.path.lower().endswith("_changes.csv"):
            with contextlib.suppress(UnreadableTable):
                table = read_table(file.path, (transfer / file.path).read_bytes())
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
            table = read_table(file.path, (transfer / file.path).read_bytes())
        except UnreadableTable:
            continue
        for row in table.rows:
            if subject := row.values.get(SUBJECT_COLUMN):
                rows.setdefault(subject, []).append(manifest.ClinicalRow(domain, row.values))
    return rows


def _file(record: FileRecord) -> CheckedFile:
    return CheckedFile(manifest.FileRecord(record.path, record.size, record.sha256), record.subject)


def _instance(record: FileRecord) -> str:
    """The SOPInstanceUID that a check remembers of an image; empty for a table."""
    if not record.memo:
        return ""
    from dragon_ledger.quality.dicom.image_facts import from_memo  # noqa: PLC0415 (as above)

    # The second entry names the profile that the memo was made for; any will do here.
    facts = from_memo(record.memo, json.loads(record.memo)[1])
    return facts.sop_instance if facts else ""


def _write(record: FileRecord) -> bytes:
    return json.dumps(
        [
            record.path,
            record.size,
            record.sha256.hex(),
            record.mtime_ns,
            record.inode,
            record.subject,
            base64.b64encode(record.memo).decode(),
        ]
    ).encode()


def _read(data: bytes) -> FileRecord:
    path, size, sha256, mtime_ns, inode, subject, memo = json.loads(data)
    return FileRecord(
        path, size, bytes.fromhex(sha256), mtime_ns, inode, subject, base64.b64decode(memo)
    )


def _today() -> date:
    return datetime.now(UTC).date()
