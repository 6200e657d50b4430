"""What a real series and real tables need to become a conforming transfer, and that they do."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pydicom
import pytest

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.rules import built_in
from tests.end_to_end.real_hospital import FILLED, REMOVED, SUBJECT, Changes, make_real_transfer

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def transfer(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> tuple[Path, Changes]:
    folder = tmp_path_factory.mktemp("real") / "transfer"
    return folder, make_real_transfer(shared_data, folder)


@pytest.mark.slow
def test_conforms(transfer: tuple[Path, Changes]) -> None:
    report = check_transfer(transfer[0], built_in(), today=TODAY, workers=2)
    worse = [finding for finding in report.findings if finding.severity is not Severity.NOTE]
    assert worse == []
    assert report.outcome.value == "PASS"


def test_pixels_are_the_published_ones(transfer: tuple[Path, Changes], shared_data: Path) -> None:
    published = {
        bytes(pydicom.dcmread(path).PixelData)
        for path in (shared_data / "ct_lidc0314_1mm").glob("*.dcm")
    }
    transferred = {bytes(pydicom.dcmread(path).PixelData) for path in transfer[0].rglob("*.dcm")}
    assert transferred == published
    assert len(published) == 36


def test_every_change_is_listed(transfer: tuple[Path, Changes], shared_data: Path) -> None:
    folder, changes = transfer
    first = pydicom.dcmread(sorted((shared_data / "ct_lidc0314_1mm").glob("*.dcm"))[0])
    other = next(
        image
        for image in map(pydicom.dcmread, sorted(folder.rglob("*.dcm")))
        if image.SOPInstanceUID == first.SOPInstanceUID
    )
    changed = {
        element.keyword
        for one, two in ((first, other), (other, first))
        for element in one
        if not element.tag.is_private and element.tag.element and two.get(element.tag) != element
    }
    assert changed == set(changes.listed) & changed
    assert "PatientID" in changed
    assert SUBJECT in changes.listed["PatientID"]


@pytest.mark.slow
def test_without_what_was_filled_in_it_fails(
    transfer: tuple[Path, Changes], tmp_path: Path
) -> None:
    folder = tmp_path / "stripped"
    shutil.copytree(transfer[0], folder)
    for path in folder.rglob("*.dcm"):
        image = pydicom.dcmread(path)
        del image.DeviceID
        image.save_as(path)
    report = check_transfer(folder, built_in(), today=TODAY, workers=2)
    assert report.outcome.value == "FAIL"
    assert {f.check for f in report.findings if f.severity is Severity.ERROR} == {"tags"}
    assert "DeviceID" in FILLED
    assert not set(FILLED) & set(REMOVED)
