"""Every real DICOM set against the table that a person wrote, and a second opinion on geometry."""

from __future__ import annotations

import tomllib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.findings import CheckOutcome, Severity
from dragon_ledger.quality.geometry import Stack, Tolerances, examine, layout_of
from dragon_ledger.quality.report import QualityReport
from dragon_ledger.quality.rules import built_in
from tests.quality.conftest import TODAY

pytestmark = pytest.mark.slow

TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("real_sets.toml").read_text("utf-8"))
SETS = sorted(set(TABLE) - {"always"})
QUIET = {CheckOutcome.PASS, CheckOutcome.NOT_APPLICABLE}


@pytest.fixture(scope="module")
def reports(shared_data: Path) -> dict[str, QualityReport]:
    return {
        name: check_transfer(shared_data / name, built_in(), today=TODAY, workers=2)
        for name in SETS
    }


def errors_of(report: QualityReport, check: str) -> list[str]:
    found = report.result(check).findings
    return sorted({entry.code for entry in found if entry.severity is Severity.ERROR})


@pytest.mark.parametrize("name", SETS)
def test_outcomes_are_those_of_the_table(reports: dict[str, QualityReport], name: str) -> None:
    report, expected = reports[name], TABLE[name]
    outcomes = {r.check: str(r.outcome) for r in report.results if r.outcome not in QUIET}
    always = dict.fromkeys(TABLE["always"]["FAIL"], "FAIL")
    always |= dict.fromkeys(TABLE["always"]["NOT VERIFIABLE"], "NOT VERIFIABLE")
    named = {check: entry["outcome"] for check, entry in expected.items() if check != "warnings"}
    assert outcomes == always | named


@pytest.mark.parametrize("name", SETS)
def test_errors_are_those_of_the_table(reports: dict[str, QualityReport], name: str) -> None:
    for check, entry in TABLE[name].items():
        assert entry.get("why") or check == "warnings", f"{name}: {check} gives no reason"
        if check != "warnings":
            assert errors_of(reports[name], check) == sorted(entry["errors"]), check
    for check, entry in TABLE[name].get("warnings", {}).items():
        found = reports[name].result(check).findings
        codes = {each.code for each in found if each.severity is Severity.WARNING}
        assert codes == set(entry["codes"])


def test_every_set_of_images_is_in_the_table(shared_data: Path) -> None:
    folders = {
        path.name for path in shared_data.iterdir() if path.name.startswith(("ct_", "pet", "dicom"))
    }
    assert folders == set(SETS)


def test_no_name_of_a_real_set_is_in_its_report(
    reports: dict[str, QualityReport], shared_data: Path
) -> None:
    report = reports["ct_weasis_headneck_1mm"]
    first = next(
        p for p in (shared_data / "ct_weasis_headneck_1mm").iterdir() if p.suffix != ".txt"
    )
    names = str(pydicom.dcmread(first, stop_before_pixels=True).PatientName).upper().split("^")
    shown = (report.summary_json() + report.annex_json()).decode().upper()
    assert not [name for name in names if len(name) > 3 and name in shown]


def series_folders(shared_data: Path) -> dict[str, list[Path]]:
    """Folders that hold one image series each."""
    found = {
        name: sorted(p for p in (shared_data / name).iterdir() if p.name != "README.txt")
        for name in ("ct_lidc0314_1mm", "ct_weasis_headneck_1mm", "ct_ge_variable_thickness")
    }
    for place in sorted((shared_data / "petctmr_ibsi_sarcoma").glob("*/*/image")):
        found["/".join(place.parts[-3:-1])] = sorted(place.iterdir())
    broken = shared_data / "ct_dicom2nifti_broken_geometry"
    for name in ("gantrytilting/001", "sliceincrement/001", "sliceincrement/002"):
        found[name] = sorted((broken / name).iterdir())
    return found


def stack_from(files: list[Path]) -> tuple[Stack, list[pydicom.FileDataset]]:
    images = [pydicom.dcmread(path, stop_before_pixels=True) for path in files]
    return Stack(
        tuple(str(path) for path in files),
        tuple(tuple(map(float, image.ImagePositionPatient)) for image in images),
        tuple(tuple(map(float, image.ImageOrientationPatient)) for image in images),
        tuple(str(image.InstanceNumber) for image in images),
        None,
    ), images


def test_highdicom_agrees_on_regular_volumes_and_their_spacing(shared_data: Path) -> None:
    """highdicom calls tilted stacks irregular unless told to allow missing and shifted slices."""
    from highdicom.spatial import get_series_volume_positions  # noqa: PLC0415 (slow import)

    compared = 0
    for name, files in series_folders(shared_data).items():
        stack, images = stack_from(files)
        broken = {d.code for d in examine(stack, Tolerances.of(built_in()))} & {
            "missing", "uneven", "shifted", "duplicate-position", "mixed-orientation", "tilt",
        }  # fmt: skip
        spacing, _ = get_series_volume_positions(images, rtol=0.01)
        assert (spacing is not None) == (not broken), name
        if spacing is not None:
            assert layout_of(stack).gap == pytest.approx(spacing, rel=0.01), name
            compared += 1
    assert compared >= 8


def test_simpleitk_agrees_on_the_order_and_the_spacing(shared_data: Path) -> None:
    import SimpleITK as sitk  # noqa: N813, PLC0415 (its users' name; slow import)

    for name, files in series_folders(shared_data).items():
        folder = str(files[0].parent)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = sitk.ImageSeriesReader
            ordered = reader.GetGDCMSeriesFileNames(folder)  # type: ignore[no-untyped-call]  # SWIG
        stack, _ = stack_from(files)
        ours = [stack.paths[index] for index in layout_of(stack).order]
        theirs = [str(Path(path)) for path in ordered]
        assert ours in (theirs, theirs[::-1]), name
        first, second = (np.array(stack.positions[stack.paths.index(p)]) for p in ours[:2])
        normal = np.cross(stack.orientations[0][:3], stack.orientations[0][3:])
        step = abs(float((second - first) @ normal))
        assert step == pytest.approx(np.diff(layout_of(stack).heights)[0], abs=1e-6)
