"""What is known before a check: unchanged files, earlier transfers, the last version."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileDataset

from dragon_ledger.quality.derivation import derive
from dragon_ledger.quality.findings import CheckOutcome, Severity
from dragon_ledger.quality.known import (
    FileRecord,
    KnownSeries,
    KnownTransfers,
    PreviousVersion,
    Progress,
)
from dragon_ledger.quality.report import QualityReport
from dragon_ledger.quality.rules import built_in
from tests.quality.conftest import Transfer, codes

pytestmark = pytest.mark.slow


def read_again(transfer: Transfer, known: KnownTransfers) -> tuple[QualityReport, list[FileRecord]]:
    seen: list[Progress] = []
    report = transfer.judge(known=known, progress=seen.append)
    assert seen[-1].done_files == seen[-1].total_files
    assert seen[-1].done_bytes == seen[-1].total_bytes
    return report, [record for progress in seen for record in progress.new]


def remembered(report: QualityReport) -> dict[str, FileRecord]:
    return {record.path: record for record in report.files}


def images(records: list[FileRecord]) -> list[str]:
    return [record.path for record in records if record.memo]


def test_every_file_is_in_the_manifest_with_its_digest(transfer: Transfer) -> None:
    report = transfer.judge()
    on_disk = {
        transfer.relative(path): hashlib.sha256(path.read_bytes()).digest()
        for path in transfer.folder.rglob("*")
        if path.is_file()
    }
    assert {record.path: record.sha256 for record in report.files} == on_disk
    subjects = {record.subject for record in report.files if record.memo}
    assert subjects == {path.parts[-3] for path in transfer.series}


def test_unchanged_files_are_not_read_again(transfer: Transfer) -> None:
    first = transfer.judge()
    again, new = read_again(transfer, KnownTransfers(files=remembered(first)))
    assert images(new) == []
    assert again.summary_json() == first.summary_json()
    assert again.annex_json() == first.annex_json()
    assert again.files == first.files


def test_a_touched_file_is_read_again(transfer: Transfer) -> None:
    first = transfer.judge()
    path = transfer.images()[3]
    os.utime(path, ns=(1, 1))
    _, new = read_again(transfer, KnownTransfers(files=remembered(first)))
    assert images(new) == [transfer.relative(path)]


def test_a_memo_for_other_tags_is_not_used(transfer: Transfer) -> None:
    first = transfer.judge()
    document = {
        "name": "site",
        "tags": {"KVP": {"number": "(0018,0060)", "vr": "DS", "requirement": "value"}},
    }
    rules = derive(built_in(), document, "site")
    report = transfer.judge(rules, known=KnownTransfers(files=remembered(first)))
    assert report.result("tags").outcome is CheckOutcome.PASS


def test_remembered_files_change_nothing_in_a_report(transfer: Transfer) -> None:
    """With other slices another one is decoded; what was seen in the first choice is left out."""

    def rescale(image: FileDataset) -> None:
        image.RescaleIntercept = "0"

    transfer.edit_series(rescale)
    first = transfer.images()[0]
    spare = first.rename(transfer.folder.parent / "spare.dcm")
    known = KnownTransfers(files=remembered(transfer.judge()))
    spare.rename(first)
    fresh, again = transfer.judge(), transfer.judge(known=known)
    assert "dicom.hounsfield" in codes(fresh)
    assert again.annex_json() == fresh.annex_json()


@pytest.mark.parametrize("memo", [b"", b"nonsense", b'[1,"x"]', b"[]"])
def test_a_damaged_memo_is_not_used(transfer: Transfer, memo: bytes) -> None:
    first = transfer.judge()
    damaged = {path: replace(record, memo=memo) for path, record in remembered(first).items()}
    again, new = read_again(transfer, KnownTransfers(files=damaged))
    assert len(images(new)) == 75
    assert again.annex_json() == first.annex_json()


def test_what_progress_raises_ends_the_check(transfer: Transfer) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    before = sorted(transfer.folder.rglob("*"))
    with pytest.raises(KeyboardInterrupt):
        transfer.judge(progress=stop)
    assert sorted(transfer.folder.rglob("*")) == before


def test_a_series_of_an_earlier_transfer_keeps_its_patient(transfer: Transfer) -> None:
    path = transfer.series[0]
    patient, study, series = path.parts[-3:]
    known = KnownTransfers(series={series: KnownSeries(patient, study)})
    assert transfer.judge(known=known).passed
    for other in (KnownSeries("P99", study), KnownSeries(patient, "1.2.3")):
        report = transfer.judge(known=KnownTransfers(series={series: other}))
        assert codes(report) == {"uniqueness.known-series"}


def test_an_image_of_an_earlier_transfer_keeps_its_content(transfer: Transfer) -> None:
    report = transfer.judge()
    path = transfer.relative(transfer.images()[0])
    record = remembered(report)[path]
    uid = str(pydicom.dcmread(transfer.images()[0]).SOPInstanceUID)
    same = KnownTransfers(instances={uid: record.sha256})
    assert transfer.judge(known=same).passed
    other = KnownTransfers(instances={uid: b"\1" * 32})
    assert codes(transfer.judge(known=other)) == {"uniqueness.known-instance"}


def previous(transfer: Transfer) -> PreviousVersion:
    return PreviousVersion({r.path: r.sha256 for r in transfer.judge().files})


def declare(transfer: Transfer, *rows: str) -> None:
    text = "\n".join(("path,action,reason", *rows)) + "\n"
    (transfer.folder / "UNIFI_changes.csv").write_text(text, "utf-8")


def test_an_accepted_image_may_not_change_undeclared(transfer: Transfer) -> None:
    last = previous(transfer)
    path = transfer.images()[0]
    transfer.edit(path, lambda image: setattr(image, "BodyPartExamined", "THORAX"))
    report = transfer.judge(previous=last)
    assert codes(report) == {"changes.changed"}
    declare(transfer, f"{transfer.relative(path)},correct,wrong body part")
    report = transfer.judge(previous=last)
    assert report.passed
    assert "changes.corrected" in codes(report, Severity.NOTE)
    assert report.changes is not None
    assert (report.changes.corrected, report.changes.added) == (1, 1)


def test_what_is_added_and_repeated_is_counted(transfer: Transfer, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(transfer.folder, whole)
    shutil.rmtree(transfer.series[2])
    last = previous(transfer)
    report = Transfer(whole).judge(previous=last)
    assert report.changes is not None
    assert report.changes.added == 25
    assert report.changes.unchanged == len(last.files)
    assert "changes.repeated" in codes(report, Severity.NOTE)


def test_a_cumulative_transfer_holds_everything(transfer: Transfer) -> None:
    rules = derive(built_in(), {"name": "c", "transfer": {"type": "cumulative"}}, "c")
    last = previous(transfer)
    gone = transfer.relative(transfer.images(0)[-1])
    transfer.images(0)[-1].unlink()
    assert "changes.missing" in codes(transfer.judge(rules, previous=last))
    declare(transfer, f"{gone},withdraw,consent withdrawn")
    report = transfer.judge(rules, previous=last)
    assert "changes.missing" not in codes(report)
    assert "changes.withdrawn" in codes(report, Severity.NOTE)


@pytest.mark.parametrize("row", ["a.dcm,replace,why", "a.dcm,correct,", ",correct,why"])
def test_a_declaration_with_a_mistake_is_refused(transfer: Transfer, row: str) -> None:
    declare(transfer, row)
    report = transfer.judge()
    assert codes(report) == {"changes.declaration"}
    assert next(f for f in report.findings if f.code == "changes.declaration").row == 2
