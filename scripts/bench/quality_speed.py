#!/usr/bin/env python3
"""Time the quality check of a CT series against SHA-256 of the same files on the same cores.

    .venv/bin/python scripts/bench/quality_speed.py [--slices 1000] [--runs 5] [--workers 4]

The series is one phantom slice of 512 x 512 with its own position, number, identifiers and noise in
each file; the transfer holds it and its metadata table, no clinical tables. Compared in alternating
runs, page cache warm: `sha256` hashes the files in as many processes as the check uses; `check` is
`check_transfer` as a whole, process start, tree, digests, all checks and both parts of the report
included. Wall time is what people wait for; processor time does not depend on who else uses the
machine. `scripts/bench/dicom_validators.py` puts dciodvfy and dicom-validator beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.findings import CheckOutcome
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import make_transfer

TODAY = date(2026, 11, 22)
CHECKS = ("dicom", "slices", "privacy", "tags", "uniqueness", "same-values")


def make_series(folder: Path, slices: int) -> list[Path]:
    """A transfer of one subject with one series of so many slices; its image files."""
    make_transfer(folder, partner="BENCH", seed=1, subjects=1, slices=25, size=512)
    series, *others = sorted(path for path in folder.glob("*/*/*") if path.is_dir())
    for other in others:
        shutil.rmtree(other)
    for table in folder.glob("*_[a-z][a-z].csv"):
        table.unlink()
    template = pydicom.dcmread(sorted(series.glob("*.dcm"))[12])
    for path in series.glob("*.dcm"):
        path.unlink()
    write_slices(template, series, slices)
    table = next(folder.glob("*_metadata.csv"))
    header, *rows = table.read_text("utf-8").splitlines()
    row = next(row for row in rows if series.name in row).replace(",25,", f",{slices},")
    table.write_text(f"{header}\n{row}\n", "utf-8")
    return sorted(series.glob("*.dcm"))


def write_slices(image: FileDataset, series: Path, slices: int) -> None:
    """Write slices that differ as those of a scanner do."""
    noise = np.random.default_rng(1)
    pixels = image.pixel_array.astype(np.int32)
    x, y, _ = image.ImagePositionPatient
    for index in range(slices):
        uid = UID(f"2.25.{10**30 + index}")
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
        image.InstanceNumber = index + 1
        height = index * float(image.SliceThickness)
        image.ImagePositionPatient, image.SliceLocation = [x, y, height], height
        noisy = np.clip(pixels + noise.integers(0, 3, pixels.shape), 0, 4095)
        image.PixelData = noisy.astype("<u2").tobytes()
        image.save_as(series / f"{index:05d}.dcm")


def _digest(path: str) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()


def hash_all(files: list[Path], workers: int) -> None:
    """SHA-256 of all files in worker processes."""
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_digest, map(str, files), chunksize=16))


def check(folder: Path, workers: int) -> None:
    """The whole check; ends the script when a DICOM check does not pass."""
    report = check_transfer(folder, built_in(), today=TODAY, workers=workers)
    for name in CHECKS:
        if report.result(name).outcome is not CheckOutcome.PASS:
            raise SystemExit(f"{name}: {report.result(name).findings[:3]}")
    report.summary_json()
    report.annex_json()


def timed(act: Callable[[], None]) -> tuple[float, float]:
    """Wall and processor seconds of one run, its child processes included."""
    start, before = time.perf_counter(), _processor_seconds()
    act()
    return time.perf_counter() - start, _processor_seconds() - before


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def compare(folder: Path, files: list[Path], workers: int) -> tuple[float, float]:
    """How many times longer the check takes, by wall and by processor time."""
    plain = timed(lambda: hash_all(files, workers))
    whole = timed(lambda: check(folder, workers))
    print(
        f"sha256 {plain[0]:.3f} s ({plain[1]:.3f} s of processors),"
        f" check {whole[0]:.3f} s ({whole[1]:.3f} s)"
    )
    return whole[0] / plain[0], whole[1] / plain[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "transfer"
        files = make_series(folder, given.slices)
        size = sum(path.stat().st_size for path in files) / 1e6
        print(f"{platform.machine()}, {given.workers} processes, {len(files)} files, {size:.0f} MB")
        compare(folder, files, given.workers)
        ratios = [compare(folder, files, given.workers) for _ in range(given.runs)]
        for kind, values in zip(("wall", "processor"), zip(*ratios, strict=True), strict=True):
            print(f"{kind}: median {statistics.median(values):.2f}, best {min(values):.2f} times")


if __name__ == "__main__":
    main()
