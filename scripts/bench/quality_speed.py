#!/usr/bin/env python3
"""Time the quality check of a CT series against SHA-256 of the same files on the same cores.

    .venv/bin/python scripts/bench/quality_speed.py [--slices 1000] [--runs 5] [--workers 4]

The series is one phantom slice of 512 x 512 with its own position, number, identifiers and noise in each
file. Compared in alternating runs, page cache warm: `sha256` hashes the files in as many processes as the check uses;
`check` is `check_transfer` as a whole, process start, tree, digests, all checks and the report included.
dicom-validator and dciodvfy, when installed, are run on the same files for comparison.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pydicom

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.findings import CheckOutcome
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import make_transfer

TODAY = date(2026, 11, 22)


def make_series(folder: Path, slices: int) -> list[Path]:
    """A transfer of one subject with one series of so many slices."""
    make_transfer(folder, partner="BENCH", seed=1, subjects=1, slices=25, size=512)
    series = sorted(path for path in folder.glob("*/*/*") if path.is_dir())
    for extra in series[1:]:
        shutil.rmtree(extra)
    template = pydicom.dcmread(sorted(series[0].glob("*.dcm"))[12])
    for path in series[0].glob("*.dcm"):
        path.unlink()
    noise = np.random.default_rng(1)
    pixels = template.pixel_array
    for index in range(slices):
        _write_slice(template, pixels, noise, series[0] / f"{index:05d}.dcm", index)
    table = next(folder.glob("*_metadata.csv"))
    lines = [line for line in table.read_text("utf-8").splitlines() if series[0].name in line]
    header = table.read_text("utf-8").splitlines()[0]
    table.write_text("\n".join([header, *lines]).replace(",25,", f",{slices},") + "\n", "utf-8")
    return sorted(series[0].glob("*.dcm"))


def _write_slice(template, pixels, noise, path: Path, index: int) -> None:  # type: ignore[no-untyped-def]  # bench
    uid = f"2.25.{10**30 + index}"
    template.SOPInstanceUID = template.file_meta.MediaStorageSOPInstanceUID = uid
    template.InstanceNumber = index + 1
    x, y, _ = template.ImagePositionPatient
    template.ImagePositionPatient = [x, y, index * float(template.SliceThickness)]
    template.SliceLocation = index * float(template.SliceThickness)
    noisy = pixels.astype(np.int32) + noise.integers(0, 3, pixels.shape)
    template.PixelData = np.clip(noisy, 0, 4095).astype("<u2").tobytes()
    template.save_as(path)


def _digest(path: str) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()


def hash_all(files: list[Path], workers: int) -> None:
    """SHA-256 of all files in worker processes."""
    with ProcessPoolExecutor(workers) as pool:
        assert len(list(pool.map(_digest, map(str, files), chunksize=16))) == len(files)


def check(folder: Path, workers: int) -> None:
    """The whole check."""
    report = check_transfer(folder, built_in(), today=TODAY, workers=workers)
    for name in ("dicom", "slices", "privacy", "tags", "uniqueness", "same-values"):
        outcome = report.result(name).outcome
        assert outcome is CheckOutcome.PASS, (name, report.result(name).findings[:3])
    assert report.summary_json()
    assert report.annex_json()


def timed(act: Callable[[], None]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def others(files: list[Path]) -> None:
    """The same files through other validators, if they are installed."""
    some = [str(path) for path in files[:100]]
    for name in ("dciodvfy", "validate_iods"):
        program = shutil.which(name)
        if program is None:
            print(f"{name}: not installed")
            continue
        start = time.perf_counter()
        for path in some:
            subprocess.run([program, path], capture_output=True, check=False)
        each = (time.perf_counter() - start) / len(some)
        print(f"{name}: {each * 1000:.1f} ms a file, one process")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "transfer"
        files = make_series(folder, given.slices)
        size = sum(path.stat().st_size for path in files)
        print(
            f"{platform.machine()}, {given.workers} processes, {len(files)} files, {size / 1e6:.0f} MB"
        )
        hash_all(files, given.workers)
        ratios = []
        for run in range(given.runs):
            plain = timed(lambda: hash_all(files, given.workers))
            whole = timed(lambda: check(folder, given.workers))
            ratios.append(whole / plain)
            print(
                f"run {run + 1}: sha256 {plain:.3f} s, check {whole:.3f} s, {whole / plain:.2f} times"
            )
        print(f"median {statistics.median(ratios):.2f} times")
        others(files)


if __name__ == "__main__":
    main()
