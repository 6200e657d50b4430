"""`dragon-ledger sample-transfer` writes a transfer, names its defects, and refuses misuse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SMALL = ("--slices", "2", "--size", "16", "--subjects", "1")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    code = "from dragon_ledger.cli.main import app; app()"
    command = [sys.executable, "-c", code, "sample-transfer", *map(str, arguments)]
    wide = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=wide)


def test_a_transfer_is_written_and_completed(tmp_path: Path) -> None:
    done = run(tmp_path / "t", "--partner", "LIEGE", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "1 subjects, 2 scans, complete" in done.stdout
    assert (tmp_path / "t" / "LIEGE_metadata.csv").is_file()
    assert (tmp_path / "t" / "TRANSFER_COMPLETE").is_file()


def test_a_defect_is_applied_and_an_unknown_one_is_misuse(tmp_path: Path) -> None:
    done = run(tmp_path / "t", "--defect", "last-slice-missing", *SMALL)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "t").rglob("*.dcm"))) == 3
    refused = run(tmp_path / "u", "--defect", "no-such-defect", *SMALL)
    assert refused.returncode == 3
    assert "no-such-defect" in refused.stderr
    assert not (tmp_path / "u").exists()


def test_the_defects_are_listed_with_the_check_that_finds_them() -> None:
    listed = run("--list-defects").stdout
    assert "missing-slice" in listed
    assert "clinical-missing" in listed


def test_a_folder_is_needed() -> None:
    assert run().returncode == 3
