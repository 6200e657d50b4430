#!/usr/bin/env python3
"""Time the clinical checks on a large LB table.

Usage: clinical_speed.py [ROWS] [--xpt].

Makes a plausible transfer in memory (DM, LB, MB), judges it, and prints seconds and peak memory.
The check runs in a process of its own, so that the figure is the check's and not the generator's.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import resource
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from dragon_ledger.quality.clinical.check import check_clinical
from dragon_ledger.quality.clinical_boundary import ClinicalFile, ClinicalInput
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples.clinical import LAB_TESTS

RECORDS_PER_SUBJECT = 100


def lab_rows(rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    number = np.arange(rows)
    test = number % len(LAB_TESTS)
    result = rng.lognormal(2, 1, rows).round(1)
    factor = np.array([each.factor for each in LAB_TESTS])[test]
    pick = {
        name: np.array([getattr(each, name) for each in LAB_TESTS])[test]
        for name in ("code", "name", "category", "unit", "standard_unit")
    }
    standard = (result * factor).round(1)
    collected = pl.datetime(2021, 1, 1) + pl.duration(minutes=pl.col("minutes"))
    return pl.DataFrame(
        {
            "STUDYID": "DRAGON",
            "DOMAIN": "LB",
            "USUBJID": [f"UN27D-{each:05d}" for each in number // RECORDS_PER_SUBJECT],
            "LBSEQ": number % RECORDS_PER_SUBJECT + 1,
            "LBREFID": [f"2021{each:09d}" for each in number],
            "LBTESTCD": pick["code"],
            "LBTEST": pick["name"],
            "LBCAT": pick["category"],
            "LBORRES": result,
            "LBORRESU": pick["unit"],
            "LBSTRESC": standard,
            "LBSTRESN": standard,
            "LBSTRESU": pick["standard_unit"],
            "minutes": rng.integers(0, 500_000, rows),
        }
    ).select(pl.exclude("minutes"), collected.dt.strftime("%Y-%m-%dT%H:%M").alias("LBDTC"))


def demographics(rows: int) -> pl.DataFrame:
    subjects = -(-rows // RECORDS_PER_SUBJECT)
    return pl.DataFrame(
        {
            "STUDYID": "DRAGON",
            "DOMAIN": "DM",
            "USUBJID": [f"UN27D-{each:05d}" for each in range(subjects)],
            "AGE": 50,
            "AGEU": "YEARS",
            "SEX": "F",
            "ETHNIC": "UNKNOWN",
            "RACE": "WHITE",
            "COUNTRY": "BEL",
        }
    )


def _csv(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_csv(buffer)
    return buffer.getvalue()


def _xpt(frame: pl.DataFrame, folder: Path) -> bytes:
    import pyreadstat  # noqa: PLC0415 (a development dependency, for this option only)

    path = folder / "lb.xpt"
    text = frame.with_columns(pl.col("LBORRES", "LBSTRESC").cast(pl.String))
    pyreadstat.write_xport(text, str(path), table_name="LB", file_format_version=5)
    return path.read_bytes()


def judge(folder: Path, suffix: str) -> None:
    files = tuple(
        ClinicalFile(name, domain, "UNIFI", (folder / name).read_bytes())
        for name, domain in (("UNIFI_dm.csv", "DM"), (f"UNIFI_lb.{suffix}", "LB"))
    )
    given = ClinicalInput(files, (), built_in(), date(2026, 11, 22), frozenset({"SMITH"}), "UNIFI")
    started = time.perf_counter()
    result = check_clinical(given)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kinds = sorted({each.code for one in result.results for each in one.findings})
    cores = used.ru_utime + used.ru_stime
    print(f"{seconds:.2f} s ({cores:.1f} s of cores), peak {peak:.0f} MiB, findings {kinds}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--xpt", action="store_true", help="LB as SAS XPORT version 5")
    given = parser.parse_args()
    suffix = "xpt" if given.xpt else "csv"
    with TemporaryDirectory() as name:
        folder = Path(name)
        lab = lab_rows(given.rows)
        content = _xpt(lab, folder) if given.xpt else _csv(lab)
        (folder / f"UNIFI_lb.{suffix}").write_bytes(content)
        (folder / "UNIFI_dm.csv").write_bytes(_csv(demographics(given.rows)))
        print(f"{given.rows} rows, {len(content) / 2**20:.0f} MiB")
        del lab, content
        spawned = multiprocessing.get_context("spawn").Process(target=judge, args=(folder, suffix))
        spawned.start()
        spawned.join()


if __name__ == "__main__":
    main()
