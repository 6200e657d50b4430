"""What is known before a check: unchanged files, earlier transfers, the last version."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from dragon_ledger.quality.derivation import derive
from dragon_ledger.quality.findings import CheckOutcome, Severity
from dragon_ledger.quality.known import (
    FileRecord,
    KnownImage,
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


def test_a_series_taken_back_may_come_under_its_right_patient(transfer: Transfer) -> None:
    patient, study, series = transfer.series[0].parts[-3:]
    wrong = KnownSeries("P99", study)
    assert not transfer.judge(known=KnownTransfers(series={series: wrong})).passed
    gone = replace(wrong, withdrawn=True)
    assert transfer.judge(known=KnownTransfers(series={series: gone})).passed
    image = replace(
        known_image(transfer, transfer.images()[0]),
        path=f"P99/{study}/{series}/0001.dcm",
        sha256=b"\1" * 32,
    )
    known = replace(recalling(image), series={series: wrong})
    assert codes(transfer.judge(known=known)) == {
        "uniqueness.known-series",
        "uniqueness.known-instance",
    }
    declare(transfer, f"{image.path},withdraw,it was of patient {patient}")
    assert transfer.judge(known=known).passed


def recalling(*images: KnownImage) -> KnownTransfers:
    """A site that transferred these images before."""
    return KnownTransfers(
        recall=lambda instances, pixels: [
            image for image in images if image.instance in instances or image.pixels in pixels
        ]
    )


def known_image(transfer: Transfer, path: Path) -> KnownImage:
    """An image of the transfer as a site keeps it; the copy is the file itself."""
    name = transfer.relative(path)
    record = remembered(transfer.judge())[name]
    return KnownImage(name, record.instance, record.sha256, record.pixels, path)


def test_an_image_of_an_earlier_transfer_keeps_its_content(transfer: Transfer) -> None:
    image = known_image(transfer, transfer.images()[0])
    assert transfer.judge(known=recalling(image)).passed
    other = replace(image, sha256=b"\1" * 32)
    assert codes(transfer.judge(known=recalling(other))) == {"uniqueness.known-instance"}


def under_another_identifier(transfer: Transfer, path: Path) -> None:
    def change(image: FileDataset) -> None:
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1234")

    transfer.edit(path, change)


def test_pixels_of_an_earlier_transfer_under_another_identifier(
    transfer: Transfer, tmp_path: Path
) -> None:
    path = transfer.images()[4]
    copy = tmp_path / "copy.dcm"
    shutil.copy(path, copy)
    image = replace(known_image(transfer, path), path="P/1/2/3.dcm", copy=copy)
    assert transfer.judge(known=recalling(image)).passed
    under_another_identifier(transfer, path)
    report = transfer.judge(known=recalling(image))
    assert codes(report) == {"uniqueness.known-pixels"}
    (finding,) = (each for each in report.findings if each.check == "uniqueness")
    assert finding.file == transfer.relative(path)
    assert finding.found == (
        f"2.25.1234 has the pixels of image {image.instance} of an earlier transfer"
    )
    assert image.instance.encode() not in report.summary_json()
    declare(transfer, "P/1/2/3.dcm,withdraw,sent again under its own identifier")
    assert transfer.judge(known=recalling(image)).passed


def test_a_hash_alone_does_not_make_pixels_equal(transfer: Transfer, tmp_path: Path) -> None:
    path = transfer.images()[4]
    image = known_image(transfer, path)
    under_another_identifier(transfer, path)
    other = replace(image, copy=transfer.images()[7])
    assert transfer.judge(known=recalling(other)).passed
    gone = replace(image, copy=tmp_path / "gone.dcm")
    (finding,) = (
        each
        for each in transfer.judge(known=recalling(gone)).findings
        if each.code == "uniqueness.known-pixels"
    )
    assert "the site's copy cannot be read" in finding.found


def test_slices_of_one_value_are_no_copies(transfer: Transfer) -> None:
    path = transfer.images()[0]
    transfer.edit(path, lambda image: setattr(image, "PixelData", bytes(len(image.PixelData))))
    image = replace(known_image(transfer, path), instance="1.2.3")
    assert transfer.judge(known=recalling(image)).passed


def test_a_file_that_is_carried_on_is_not_asked_for(transfer: Transfer) -> None:
    asked: list[str] = []

    def recall(instances: Collection[str], _: Collection[str]) -> list[KnownImage]:
        asked.extend(instances)
        return []

    last = previous(transfer)
    added = transfer.images()[3]
    files = {path: sha for path, sha in last.files.items() if path != transfer.relative(added)}
    transfer.judge(known=KnownTransfers(recall=recall), previous=PreviousVersion(files))
    assert asked == [str(pydicom.dcmread(added).SOPInstanceUID)]


def moments(transfer: Transfer) -> dict[str, KnownSeries]:
    return dict(transfer.judge().kept)


def test_a_scan_of_an_earlier_transfer_has_an_order_with_a_new_one(transfer: Transfer) -> None:
    kept = moments(transfer)
    uid = min(kept, key=lambda each: kept[each].date)
    other = replace(kept[uid], date="20200101", time="080000", table="2020/01/01 08:00:00")
    assert transfer.judge(known=KnownTransfers(series={"1.2.3": other})).passed
    same = KnownTransfers(series={"1.2.3": kept[uid]})
    report = transfer.judge(known=same)
    assert codes(report) == {"chronology.order"}
    found = [each.found for each in report.findings if each.check == "chronology"]
    assert found == ["no order of this scan and scan 1.2.3 of an earlier transfer"]
    nothing = replace(kept[uid], date="", time="", table="")
    assert codes(transfer.judge(known=KnownTransfers(series={"1.2.3": nothing}))) == set()
    gone = replace(kept[uid], withdrawn=True)
    assert codes(transfer.judge(known=KnownTransfers(series={"1.2.3": gone}))) == set()


def test_an_earlier_scan_and_the_table_in_opposite_orders(transfer: Transfer) -> None:
    kept = moments(transfer)[transfer.series[0].name]
    opposite = replace(kept, date="20200101", table="2026/01/01 08:00:00")
    report = transfer.judge(known=KnownTransfers(series={"1.2.3": opposite}))
    assert codes(report) == {"chronology.contradiction"}
    (first, *_) = (each for each in report.findings if each.check == "chronology")
    assert (first.file, first.column) == ("UNIFI_metadata.csv", "series_date_time")


def test_a_scan_before_those_of_earlier_transfers_is_warned_of(transfer: Transfer) -> None:
    kept = moments(transfer)[transfer.series[0].name]
    later = replace(kept, date="20260101", table="2026/01/01 08:00:00")
    report = transfer.judge(known=KnownTransfers(series={"1.2.3": later}))
    assert codes(report) == {"chronology.before-known"}
    assert report.passed


@pytest.mark.parametrize(
    "stated", [{"date": "20200101"}, {"time": "000000"}, {"table": "2020/01/01 08:00:00"}]
)
def test_a_series_that_comes_again_keeps_its_moment(
    transfer: Transfer, stated: dict[str, str]
) -> None:
    uid = transfer.series[0].name
    kept = moments(transfer)
    assert transfer.judge(known=KnownTransfers(series=kept)).passed
    known = KnownTransfers(series=kept | {uid: replace(kept[uid], **stated)})  # type: ignore[arg-type]  # texts
    assert codes(transfer.judge(known=known)) == {"chronology.known-series"}
    declare(transfer, "UNIFI_metadata.csv,correct,the clock of the scanner was wrong")
    assert transfer.judge(known=known).passed


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
