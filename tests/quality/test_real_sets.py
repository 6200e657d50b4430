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


Images = list[tuple[Path, pydicom.FileDataset]]

# Series of which no second opinion can be asked, and why.
NO_VOLUME = {
    "dicom_odd_pydicom/files": "one image in several transfer syntaxes, and doses: no slices",
}


@pytest.fixture(scope="module")
def real_series(shared_data: Path) -> dict[str, Images]:
    """Every series of two images or more with a place in space, by folder and identifier."""
    members: dict[tuple[str, str], Images] = {}
    for path in sorted(path for name in SETS for path in (shared_data / name).rglob("*")):
        image = placed_image(path) if path.is_file() else None
        if image is not None:
            folder = path.parent.relative_to(shared_data).as_posix()
            members.setdefault((folder, image.SeriesInstanceUID), []).append((path, image))
    return {
        f"{folder} {uid}": images
        for (folder, uid), images in members.items()
        if len(images) > 1 and folder not in NO_VOLUME
    }


def placed_image(path: Path) -> pydicom.FileDataset | None:
    try:
        image = pydicom.dcmread(path, stop_before_pixels=True)
    except (
        pydicom.errors.InvalidDicomError,
        ValueError,
        KeyError,
        AttributeError,
        NotImplementedError,
    ):
        return None
    wanted = ("SeriesInstanceUID", "ImagePositionPatient", "ImageOrientationPatient")
    return image if all(image.get(keyword) for keyword in wanted) else None


def stack_from(images: Images) -> Stack:
    return Stack(
        tuple(str(path) for path, _ in images),
        tuple(tuple(map(float, image.ImagePositionPatient)) for _, image in images),
        tuple(tuple(map(float, image.ImageOrientationPatient)) for _, image in images),
        tuple(str(image.get("InstanceNumber", "")) for _, image in images),
        None,
    )


def defects_of(stack: Stack) -> set[str]:
    return {defect.code for defect in examine(stack, Tolerances.of(built_in()))}


IRREGULAR = {"missing", "uneven", "shifted", "duplicate-position", "mixed-orientation"}


def test_highdicom_agrees_on_every_real_series(real_series: dict[str, Images]) -> None:
    """A regular stack to both, with the same spacing; a tilt is irregular to highdicom only.

    It asks for a right-angled volume; for this specification a tilted gantry leaves no slice out.
    """
    from highdicom.spatial import get_series_volume_positions  # noqa: PLC0415 (slow import)

    regular = 0
    for name, images in real_series.items():
        stack = stack_from(images)
        found = defects_of(stack)
        spacing, _ = get_series_volume_positions([image for _, image in images], rtol=0.01)
        assert (spacing is not None) == (not found & (IRREGULAR | {"tilt"})), name
        if spacing is not None:
            assert layout_of(stack).gap == pytest.approx(spacing, rel=0.01), name
            regular += 1
    assert (regular, len(real_series)) == (11, 22)


def test_simpleitk_agrees_on_order_and_spacing_of_every_real_series(
    real_series: dict[str, Images], shared_data: Path
) -> None:
    """Where orientations are mixed there is no order, and GDCM falls back on other attributes."""
    import SimpleITK as sitk  # noqa: N813, PLC0415 (its users' name; slow import)

    ordered = 0
    for name, images in real_series.items():
        stack = stack_from(images)
        folder, _, uid = name.rpartition(" ")
        if "mixed-orientation" in defects_of(stack):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = sitk.ImageSeriesReader
            theirs = reader.GetGDCMSeriesFileNames(str(shared_data / folder), uid)  # type: ignore[no-untyped-call]  # SWIG
        ours = [stack.paths[index] for index in layout_of(stack).order]
        same = [str(Path(path)) for path in theirs]
        assert ours in (same, same[::-1]), name
        first, second = (np.array(stack.positions[stack.paths.index(p)]) for p in ours[:2])
        normal = np.cross(stack.orientations[0][:3], stack.orientations[0][3:])
        step = abs(float((second - first) @ normal))
        assert step == pytest.approx(np.diff(layout_of(stack).heights)[0], abs=1e-6)
        ordered += 1
    assert ordered == 17
