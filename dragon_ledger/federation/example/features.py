"""Features of subjects: shares of Hounsfield bands in their first CT scan, and age.

The label is the qualitative SARS-CoV-2 result of domain MB.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom

BODY_HU = -250.0
AIR_HU = -1000.0
BANDS = ((-1000.0, -700.0), (-700.0, -300.0), (-300.0, 50.0))
"""Aerated lung, ground-glass opacity, consolidation and soft tissue, in Hounsfield units."""

NAMES = ("aerated", "ground_glass", "dense", "age_decades")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Samples:
    """One row per subject; `labels` are 1 for a positive test."""

    features: Array
    labels: Array


def read_samples(view: Path) -> Samples:
    """Read a dataset version's view (PatientUID / StudyInstanceUID / SeriesInstanceUID / *.dcm)."""
    ages = {row["USUBJID"]: float(row["AGE"]) for row in _table(view, "dm")}
    results = {
        row["USUBJID"]: row["MBSTRESC"]
        for row in _table(view, "mb")
        if row["MBSTRESC"] in ("POSITIVE", "NEGATIVE")
    }
    rows, labels = [], []
    for subject in sorted(path for path in view.iterdir() if path.is_dir()):
        if subject.name in ages and subject.name in results:
            rows.append([*band_shares(first_scan(subject)), ages[subject.name] / 10.0])
            labels.append(float(results[subject.name] == "POSITIVE"))
    return Samples(np.array(rows, dtype=np.float64), np.array(labels, dtype=np.float64))


def first_scan(subject: Path) -> Array:
    """The subject's earliest series as a volume in Hounsfield units, slices by position."""
    series = [folder for folder in subject.glob("*/*") if folder.is_dir()]
    volumes = [_read_series(folder) for folder in series]
    return min(volumes, key=lambda volume: volume[0])[1]


def band_shares(volume: Array) -> list[float]:
    """The share of each band among the voxels of the central part, where the lungs are."""
    slices, rows, columns = volume.shape
    central = volume[
        slices // 6 : slices - slices // 6,
        rows // 4 : 3 * rows // 4,
        columns // 6 : 5 * columns // 6,
    ]
    return [float(np.mean((central >= low) & (central < high))) for low, high in BANDS]


def _read_series(folder: Path) -> tuple[str, Array]:
    images = [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    images.sort(key=lambda image: float(image.ImagePositionPatient[2]))
    slope, intercept = float(images[0].RescaleSlope), float(images[0].RescaleIntercept)
    volume = np.stack([image.pixel_array for image in images]).astype(np.float64)
    when = f"{images[0].SeriesDate}{images[0].SeriesTime}"
    return when, volume * slope + intercept


def _table(view: Path, domain: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted(view.rglob(f"*_{domain}.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return rows
