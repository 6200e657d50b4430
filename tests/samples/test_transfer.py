"""A sample transfer is what a hospital would send: complete, linked, learnable, repeatable."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pyreadstat
import pytest

from dragon_ledger.errors import InputError
from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import COMPLETION_MARKER, SampleTransfer, make_transfer
from dragon_ledger.samples.tables import read_table
from dragon_ledger.samples.xport import Column, xport

TABLE_1 = [
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "PatientID",
    "Modality",
    "SliceThickness",
    "PixelSpacing",
    "ConvolutionKernel",
    "Manufacturer",
    "ManufacturerModelName",
    "DeviceID",
    "SeriesTime",
    "SeriesDate",
    "SeriesDescription",
    "StudyTime",
    "StudyDate",
    "StudyDescription",
]
TABLE_3 = [
    "project",
    "partner",
    "patient",
    "modality",
    "date_time",
    "study_uid",
    "series_uid",
    "series_date_time",
    "slices_number",
    "convolution_kernel",
    "slice_thickness",
    "pixel_spacing",
]


@pytest.fixture(scope="module")
def transfer(tmp_path_factory: pytest.TempPathFactory) -> SampleTransfer:
    return make_transfer(tmp_path_factory.mktemp("unifi"), partner="UNIFI", seed=7)


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_metadata_table_has_one_row_per_series_and_names_its_folder(
    transfer: SampleTransfer,
) -> None:
    rows = read_table(transfer.folder / "UNIFI_metadata.csv")
    folders = {path.parent for path in transfer.folder.rglob("*.dcm")}
    named = {transfer.folder / r["patient"] / r["study_uid"] / r["series_uid"] for r in rows}
    assert list(rows[0]) == TABLE_3
    assert named == folders
    assert {len(list(folder.glob("*.dcm"))) for folder in folders} == {30}
    assert len(rows) > len({row["patient"] for row in rows})


def test_every_slice_is_a_ct_image_with_the_tags_of_table_1_and_no_name(
    transfer: SampleTransfer,
) -> None:
    for path in transfer.folder.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        assert dataset.SOPClassUID == pydicom.uid.CTImageStorage
        assert all(str(dataset[keyword].value) for keyword in TABLE_1)
        assert path.parent.parts[-3:] == (
            dataset.PatientID,
            dataset.StudyInstanceUID,
            dataset.SeriesInstanceUID,
        )
        assert dataset.PatientName == ""


def test_every_subject_of_the_images_is_in_dm_lb_and_mb(transfer: SampleTransfer) -> None:
    scanned = {row["patient"] for row in read_table(transfer.folder / "UNIFI_metadata.csv")}
    for domain in ("dm", "lb", "mb"):
        rows = read_table(transfer.folder / f"UNIFI_{domain}.csv")
        assert {row["USUBJID"] for row in rows} == scanned
    assert {row["USUBJID"] for row in read_table(transfer.folder / "UNIFI_dd.csv")} == {
        row["USUBJID"]
        for row in read_table(transfer.folder / "UNIFI_dm.csv")
        if row["DTHFL"] == "Y"
    }


def test_the_infection_can_be_learnt_from_the_opacity_and_from_crp(tmp_path: Path) -> None:
    made = make_transfer(tmp_path, partner="UNIFI", seed=3, subjects=8, slices=25, size=64)
    opacity = {s.pseudonym: _opaque_share(made, s.pseudonym) for s in made.subjects}
    crp = {
        row["USUBJID"]: float(row["LBSTRESN"])
        for row in reversed(read_table(tmp_path / "UNIFI_lb.csv"))
        if row["LBTESTCD"] == "CRP"
    }
    ill = [s.pseudonym for s in made.subjects if s.infected]
    well = [s.pseudonym for s in made.subjects if not s.infected]
    assert ill
    assert well
    assert min(opacity[name] for name in ill) > max(opacity[name] for name in well)
    assert np.mean([crp[name] for name in ill]) > 2 * np.mean([crp[name] for name in well])


def _opaque_share(made: SampleTransfer, pseudonym: str) -> float:
    first = next(s for s in made.subjects if s.pseudonym == pseudonym).scans[0]
    folder = made.folder / pseudonym / first.study_uid / first.series_uid
    volume = np.stack([pydicom.dcmread(path).pixel_array for path in folder.glob("*.dcm")])
    hounsfield = volume.astype(int) - 1024
    size = volume.shape[1]
    lungs = hounsfield[:, size // 2 : 3 * size // 4, size // 5 : 4 * size // 5]
    return float(((lungs > -600) & (lungs < -20)).mean())


def test_hounsfield_values_are_those_of_air_lung_and_bone(transfer: SampleTransfer) -> None:
    dataset = pydicom.dcmread(sorted(transfer.folder.rglob("*.dcm"))[15])
    hounsfield = dataset.pixel_array.astype(int) + int(dataset.RescaleIntercept)
    assert hounsfield[0, 0] == pytest.approx(-1000, abs=90)
    assert hounsfield[100, 60] == pytest.approx(-850, abs=90)
    assert hounsfield[184, 128] == pytest.approx(420, abs=90)


def test_equal_arguments_give_equal_bytes_and_a_later_transfer_only_adds(tmp_path: Path) -> None:
    def make(name: str, first: int, subjects: int) -> dict[str, str]:
        made = make_transfer(
            tmp_path / name, partner="B", seed=5, slices=2, size=16,
            first_subject=first, subjects=subjects,
        )  # fmt: skip
        return _digests(made.folder)

    first, again, whole, added = (
        make("first", 1, 2), make("again", 1, 2), make("whole", 1, 4), make("added", 3, 2),
    )  # fmt: skip
    assert first == again
    images = [{k: v for k, v in d.items() if k.endswith(".dcm")} for d in (first, whole, added)]
    assert images[1] == images[0] | images[2]
    assert not images[0].keys() & images[2].keys()


def test_two_partners_share_no_pseudonym_and_no_uid(tmp_path: Path) -> None:
    one, other = (
        make_transfer(tmp_path / name, partner=name, seed=1, slices=1, size=8)
        for name in ("HOSPITAL1", "HOSPITAL2")
    )
    assert not {s.pseudonym for s in one.subjects} & {s.pseudonym for s in other.subjects}
    assert not {path.name for path in one.folder.rglob("2.25.*")} & {
        path.name for path in other.folder.rglob("2.25.*")
    }


@pytest.mark.parametrize(
    ("seed", "first", "subjects", "slices", "size"),
    [(1, 1, 1, 25, 16), (2, 5, 2, 30, 64), (3, 2000, 3, 26, 32)],
)
def test_any_sample_transfer_passes_the_quality_check(
    seed: int, first: int, subjects: int, slices: int, size: int, tmp_path: Path
) -> None:
    make_transfer(
        tmp_path / "t", partner="HOSPITAL_1", seed=seed, first_subject=first, subjects=subjects,
        slices=slices, size=size,
    )  # fmt: skip
    report = check_transfer(tmp_path / "t", built_in(), today=date(2026, 11, 22), workers=1)
    codes = {each.code for result in report.results for each in result.findings}
    assert codes <= {"domains.optional-absent"}


def test_the_marker_is_written_last(transfer: SampleTransfer) -> None:
    marker = (transfer.folder / COMPLETION_MARKER).stat()
    files = [path for path in transfer.folder.rglob("*") if path.is_file()]
    assert marker.st_mtime_ns == max(path.stat().st_mtime_ns for path in files)
    assert marker.st_size == 0
    assert not list(transfer.folder.rglob("*.part"))


def test_what_cannot_be_used_is_refused_with_the_name_of_the_argument(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(InputError, match="not an empty folder"):
        make_transfer(tmp_path / "full", partner="A", seed=1)
    with pytest.raises(InputError, match="partner 'a b'"):
        make_transfer(tmp_path / "a", partner="a b", seed=1)
    with pytest.raises(InputError, match="subjects 0"):
        make_transfer(tmp_path / "a", partner="A", seed=1, subjects=0)
    with pytest.raises(InputError, match="defect 'none-such': expected one of"):
        make_transfer(tmp_path / "a", partner="A", seed=1, slices=1, size=8, defects=["none-such"])


def test_a_transport_file_reads_as_pyreadstat_reads_it(tmp_path: Path) -> None:
    rows = [
        {"USUBJID": "A-1", "AGE": "61"},
        {"USUBJID": "A-22", "AGE": "-0.15"},
        {"USUBJID": "B", "AGE": "1e9"},
        {"USUBJID": "C", "AGE": "0"},
        {"USUBJID": "", "AGE": ""},
    ]
    columns = {"USUBJID": Column("Subject"), "AGE": Column("Age", numeric=True)}
    path = tmp_path / "a_dm.xpt"
    path.write_bytes(xport("DM", rows, columns))
    frame, read = pyreadstat.read_xport(str(path), output_format="polars")
    assert read.table_name == "DM"
    assert read.column_names_to_labels == {"USUBJID": "Subject", "AGE": "Age"}
    assert frame["USUBJID"].to_list() == [row["USUBJID"] for row in rows]
    ages = frame["AGE"].to_list()
    assert ages[:4] == [61.0, -0.15, 1e9, 0.0]
    assert ages[4] is None or np.isnan(ages[4])
