"""The whole check over a small transfer: one thing spoiled, its findings and nothing else."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileDataset

from dragon_ledger.errors import InputError
from dragon_ledger.quality.findings import CheckOutcome, Finding, Severity
from dragon_ledger.quality.report import QualityReport
from tests.quality.conftest import Transfer, codes

pytestmark = pytest.mark.slow

METADATA = "UNIFI_metadata.csv"
Spoil = Callable[[Transfer], object]


def the(report: QualityReport, code: str) -> Finding:
    """The one finding of a kind."""
    found = [finding for finding in report.findings if finding.code == code]
    assert len(found) == 1, found
    return found[0]


def test_a_clean_transfer_has_no_error_and_no_warning(clean_report: QualityReport) -> None:
    assert codes(clean_report) == set()
    assert clean_report.outcome is CheckOutcome.PASS
    outcomes = {result.check: result.outcome for result in clean_report.results}
    assert outcomes.pop("changes") is CheckOutcome.NOT_APPLICABLE
    assert set(outcomes.values()) == {CheckOutcome.PASS}
    assert len(outcomes) == 16


def rename(old: str, new: str) -> Spoil:
    return lambda transfer: (transfer.folder / old).rename(transfer.folder / new)


def first_image(act: Callable[[Path], object], index: int = 12) -> Spoil:
    return lambda transfer: act(transfer.images()[index])


def copy_to(target: str, index: int = 12) -> Spoil:
    return lambda transfer: shutil.copy(transfer.images()[index], transfer.folder / target)


def edit_one(keyword: str, value: object, index: int = 12) -> Spoil:
    return lambda transfer: transfer.edit(
        transfer.images()[index], lambda image: setattr(image, keyword, value)
    )


def edit_all(keyword: str, value: object) -> Spoil:
    return lambda transfer: transfer.edit_series(lambda image: setattr(image, keyword, value))


def drop_all(keyword: str) -> Spoil:
    return lambda transfer: transfer.edit_series(lambda image: delattr(image, keyword))


def archive(transfer: Transfer) -> None:
    with zipfile.ZipFile(transfer.folder / "more.zip", "w") as target:
        target.writestr("a", "b")


def link(transfer: Transfer) -> None:
    (transfer.series[0] / "9999.dcm").symlink_to(transfer.images()[0])


def other_position(transfer: Transfer) -> None:
    def shift(image: FileDataset) -> None:
        x, y, z = image.ImagePositionPatient
        image.ImagePositionPatient = [x + 5, y, z]

    transfer.edit(transfer.images()[12], shift)


ONE_GONE = {"slices.missing", "slices.instance-gap", "slices.number", "slice-limits.few"}
CASES: dict[str, tuple[Spoil, set[str]]] = {
    "slice gone": (first_image(Path.unlink), ONE_GONE),
    "first slice gone": (
        first_image(Path.unlink, 0),
        {"slices.instance-first", "slices.number", "slice-limits.few"},
    ),
    "last slice gone": (first_image(Path.unlink, -1), {"slices.number", "slice-limits.few"}),
    "no suffix": (first_image(lambda p: p.rename(p.with_suffix(""))), {"structure.extension"}),
    "capitals": (
        first_image(lambda p: p.rename(p.with_suffix(".DCM"))),
        {"structure.extension-case"},
    ),
    "too high": (
        first_image(lambda p: p.rename(p.parents[1] / p.name)),
        {"structure.depth", "uniqueness.series"},
    ),
    "unreadable": (
        first_image(lambda p: p.write_bytes(b"no image")),
        {"dicom.unreadable", *ONE_GONE},
    ),
    "empty file": (
        first_image(lambda p: p.write_bytes(b"")),
        {"structure.empty-file", "dicom.unreadable", *ONE_GONE},
    ),
    "dicomdir": (copy_to("DICOMDIR"), {"structure.dicomdir"}),
    "archive": (archive, {"structure.archive"}),
    "hidden": (lambda t: (t.folder / ".DS_Store").write_bytes(b"x"), {"structure.hidden"}),
    "unknown": (lambda t: (t.folder / "notes.docx").write_bytes(b"x"), {"structure.unknown"}),
    "link": (link, {"structure.link"}),
    "empty folder": (lambda t: (t.folder / "P99").mkdir(), {"structure.empty-folder"}),
    "name with umlaut": (first_image(lambda p: p.rename(p.with_name("ü.dcm"))), {"structure.name"}),
    "kernel": (edit_one("ConvolutionKernel", "B80f"), {"same-values.differ"}),
    "kernel in all": (edit_all("ConvolutionKernel", "B80f"), {"metadata.differs"}),
    "thickness": (
        edit_all("SliceThickness", "3.0"),
        {"slice-thickness.limit", "slice-thickness.table"},
    ),
    "thin": (
        edit_all("SliceThickness", "0.4"),
        {"slice-thickness.limit", "slice-thickness.table", "slices.thickness-gap"},
    ),
    "spacing": (
        edit_all("PixelSpacing", ["0.5", "0.5"]),
        {"pixel-spacing.limit", "pixel-spacing.table"},
    ),
    "anisotropic": (
        edit_all("PixelSpacing", ["1.5", "1.4"]),
        {"pixel-spacing.anisotropic", "pixel-spacing.table"},
    ),
    "device gone": (drop_all("DeviceID"), {"tags.absent"}),
    "description empty": (edit_all("StudyDescription", ""), {"tags.empty"}),
    "future": (edit_all("SeriesDate", "20991231"), {"chronology.future", "chronology.table"}),
    "long ago": (edit_all("StudyDate", "19010101"), {"chronology.impossible"}),
    "study later": (edit_all("StudyDate", "20251231"), {"chronology.before-study"}),
    "another study": (
        edit_one("StudyInstanceUID", "1.2.3"),
        {"same-values.differ", "structure.study-folder", "uniqueness.series"},
    ),
    "another patient": (
        edit_one("PatientID", "P77"),
        {"same-values.differ", "structure.patient-folder", "uniqueness.series"},
    ),
    "shifted": (other_position, {"slices.shifted"}),
    "localizer": (
        edit_one("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"], 0),
        {"slices.localizer", "slices.instance-first"},
    ),
    "name in path": (
        first_image(lambda p: p.rename(p.with_name("Jane_Smith.dcm"))),
        {"privacy.path"},
    ),
    "words in path": (
        first_image(lambda p: p.rename(p.with_name("rtdose_rle.dcm"))),
        {"privacy.path-words"},
    ),
    "no metadata": (lambda t: (t.folder / METADATA).unlink(), {"metadata.absent"}),
    "two metadata": (
        lambda t: shutil.copy(t.folder / METADATA, t.folder / "OTHER_metadata.csv"),
        {"metadata.several"},
    ),
    "renamed metadata": (rename(METADATA, "overview.csv"), {"metadata.name"}),
    "zero bytes": (
        lambda t: (t.folder / METADATA).write_bytes(b"project,partner\0"),
        {"metadata.unreadable"},
    ),
    "column": (lambda t: t.edit_text(METADATA, "modality", "mode"), {"metadata.column"}),
    "empty value": (lambda t: t.edit_text(METADATA, ",B30f,", ",,"), {"metadata.empty"}),
    "table slices": (lambda t: t.edit_text(METADATA, ",25,", ",26,"), {"slices.number"}),
    "table modality": (lambda t: t.edit_text(METADATA, ",CT,", ",MR,"), {"metadata.differs"}),
    "no number": (lambda t: t.edit_text(METADATA, ",25,", ",many,"), {"metadata.type"}),
    "long partner": (
        lambda t: t.edit_text(METADATA, "UNIFI,", "UNIVERSITY-X,"),
        {"metadata.length", "metadata.partner"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_defect_gives_its_findings_only(transfer: Transfer, name: str) -> None:
    spoil, expected = CASES[name]
    spoil(transfer)
    assert codes(transfer.judge()) - {"domains.partner"} == expected


def test_findings_name_file_tag_row_and_column(transfer: Transfer) -> None:
    wrong = transfer.images()[12]
    transfer.edit(wrong, lambda image: setattr(image, "ConvolutionKernel", "B80f"))
    transfer.edit_text(METADATA, ",25,", ",26,")
    report = transfer.judge()
    kernel, number = the(report, "same-values.differ"), the(report, "slices.number")
    assert kernel.file == transfer.relative(wrong)
    assert kernel.tag == "(0018,1210) ConvolutionKernel"
    assert (number.file, number.row, number.column) == (METADATA, 2, "slices_number")
    assert number.found == "25 files, slices_number 26"


def test_decimal_values_are_compared_as_numbers(transfer: Transfer) -> None:
    edit_one("SliceThickness", "1.2500000000")(transfer)
    report = transfer.judge()
    assert report.passed
    assert "same-values.decimal" in codes(report, Severity.NOTE)


@pytest.mark.parametrize(("value", "code"), [("1.50000000000002", "noise"), ("1.5001", "limit")])
def test_rounding_noise_at_a_limit(transfer: Transfer, value: str, code: str) -> None:
    edit_all("SliceThickness", value)(transfer)
    assert f"slice-thickness.{code}" in codes(transfer.judge(), *Severity)


def test_one_series_without_thickness_is_not_verifiable(transfer: Transfer) -> None:
    edit_all("SliceThickness", None)(transfer)
    report = transfer.judge()
    assert report.result("slice-thickness").outcome is CheckOutcome.NOT_VERIFIABLE
    assert report.result("tags").outcome is CheckOutcome.FAIL


def test_an_unreadable_image_leaves_other_checks_open(transfer: Transfer) -> None:
    path = transfer.images()[12]
    path.write_bytes(path.read_bytes()[:140])
    report = transfer.judge()
    assert the(report, "dicom.unreadable").file == transfer.relative(path)
    for check in ("privacy", "uniqueness", "tags", "same-values"):
        assert report.result(check).outcome is CheckOutcome.NOT_VERIFIABLE, check


def test_scans_of_one_moment_have_no_order(transfer: Transfer) -> None:
    of_subject = [
        path for path in transfer.series if path.parts[-3] == transfer.series[0].parts[-3]
    ]
    assert len(of_subject) == 2
    for number in range(2):
        transfer.edit_series(lambda i: setattr(i, "SeriesDate", "20200101"), number)
        transfer.edit_series(lambda i: setattr(i, "StudyDate", "20200101"), number)
        transfer.edit_series(lambda i: setattr(i, "SeriesTime", "120000"), number)
    table = transfer.folder / METADATA
    ordered = transfer.judge()
    assert "chronology.order" not in codes(ordered), "the table orders them"
    lines = table.read_text("utf-8").splitlines()
    moments = [line.split(",")[7] for line in lines[1:]]
    table.write_text("\n".join(line.replace(moments[0], moments[1]) for line in lines), "utf-8")
    finding = the(transfer.judge(), "chronology.order")
    named = finding.found.removeprefix("no order of this scan and scan ")
    assert {named, finding.series} == {path.name for path in of_subject}


def test_table_and_tags_in_opposite_order(transfer: Transfer) -> None:
    days = ("20210101", "20200101")
    first, second = sorted(transfer.series[:2], key=lambda p: p.name)
    for day, series in zip(days, (first, second), strict=True):
        number = transfer.series.index(series)
        transfer.edit_series(lambda i, day=day: setattr(i, "SeriesDate", day), number)  # type: ignore[misc]  # bound
        transfer.edit_series(lambda i: setattr(i, "StudyDate", "20200101"), number)
    table = transfer.folder / METADATA
    lines = table.read_text("utf-8").splitlines()
    for index, line in enumerate(lines[1:], 1):
        values = line.split(",")
        if values[6] == first.name:
            values[4] = values[7] = "2020/01/01 10:00:00"
        if values[6] == second.name:
            values[4] = values[7] = "2021/01/01 10:00:00"
        lines[index] = ",".join(values)
    table.write_text("\n".join(lines), "utf-8")
    assert "chronology.contradiction" in codes(transfer.judge())


def test_the_same_pixels_under_two_identifiers(transfer: Transfer) -> None:
    one, other = transfer.images(0)[12], transfer.images(2)[12]
    pixels = pydicom.dcmread(one).PixelData
    transfer.edit(other, lambda image: setattr(image, "PixelData", pixels))
    report = transfer.judge()
    assert codes(report) == {"uniqueness.pixels"}
    assert the(report, "uniqueness.pixels").file == transfer.relative(other)


def test_a_series_of_two_patients(transfer: Transfer) -> None:
    uid = transfer.series[0].name
    transfer.edit_series(lambda image: setattr(image, "SeriesInstanceUID", uid), 2)
    report = transfer.judge()
    assert {"uniqueness.series", "structure.series-folder"} <= codes(report)


def test_a_word_of_a_name_leaks_into_a_description(transfer: Transfer) -> None:
    transfer.edit_series(lambda image: setattr(image, "PatientName", "Quentin^Zoe"), 0)
    transfer.edit_series(lambda image: setattr(image, "SeriesDescription", "CHEST of quentin"), 2)
    report = transfer.judge()
    leak = {finding.series for finding in report.findings if finding.code == "privacy.text-name"}
    assert leak == {transfer.series[2].name}
    for part in (report.summary_json(), report.annex_json()):
        assert b"quentin" not in part.lower()


def test_a_name_from_before_de_identification_is_looked_for(transfer: Transfer) -> None:
    original = pydicom.Dataset()
    original.PatientName = "Quentin^Zoe"

    def change(image: FileDataset) -> None:
        image.OtherPatientIDsSequence = pydicom.Sequence([original])
        image.StudyDescription = "CT of Quentin"

    transfer.edit(transfer.images()[3], change)
    found = codes(transfer.judge())
    assert {"privacy.person-name", "privacy.text-name"} <= found


def test_names_in_paths_and_identifiers_are_masked_everywhere(transfer: Transfer) -> None:
    transfer.edit_series(lambda image: setattr(image, "PatientName", "Quentin^Zoe"))
    folder = transfer.series[0].parents[1]
    folder.rename(folder.with_name("QUENTIN_01"))
    (transfer.folder / "UNIFI_dm.csv").rename(transfer.folder / "Quentin_dm.csv")
    transfer.edit_series(lambda image: delattr(image, "SeriesInstanceUID"))
    report = transfer.judge()
    assert b"AAAAAAA_01" in report.annex_json()
    for part in (report.summary_json(), report.annex_json()):
        assert b"quentin" not in part.lower()


def test_an_association_table_links_identifiers(transfer: Transfer) -> None:
    folder = transfer.series[0].parents[1]
    patient = folder.name
    folder.rename(folder.with_name("FOLDER1"))
    assert "structure.patient-folder" in codes(transfer.judge())
    (transfer.folder / "UNIFI_association.csv").write_text(
        f"patient,usubjid,patient_id\nFOLDER1,{patient},{patient}\n", "utf-8"
    )
    assert codes(transfer.judge()) == set()
    (transfer.folder / "UNIFI_association.csv").write_text("a,b\n1,2\n", "utf-8")
    assert "subject-linkage.association" in codes(transfer.judge())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        Transfer(tmp_path / "none").judge()


def test_an_empty_folder_is_judged(tmp_path: Path) -> None:
    report = Transfer(tmp_path).judge()
    assert {"structure.no-images", "metadata.absent", "domains.absent"} <= codes(report)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_the_right_to_read(transfer: Transfer) -> None:
    transfer.images()[0].chmod(0)
    assert "dicom.unreadable" in codes(transfer.judge())


def test_a_pipe_among_the_files_is_not_opened(transfer: Transfer) -> None:
    os.mkfifo(transfer.series[0] / "0000.dcm")
    assert codes(transfer.judge()) == {"structure.special"}
