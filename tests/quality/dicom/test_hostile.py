"""A sample of scripts/bench/hostile_dicom.py: damaged files never crash the check and are named."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.findings import CheckOutcome
from dragon_ledger.quality.rules import built_in
from tests.quality.conftest import TODAY, Transfer
from tests.quality.dicom.conftest import inspect, spliced

BENCH = Path(__file__).resolve().parents[3] / "scripts" / "bench" / "hostile_dicom.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile_dicom", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_every_damaged_file_gets_an_answer(
    bench: ModuleType, slice_bytes: bytes, tmp_path: Path
) -> None:
    outcomes = bench.read_hostile([slice_bytes], 600, 7, tmp_path, batch=200)
    assert sum(outcomes.values()) == 600
    assert outcomes["read, judged by its elements"] > 300
    assert "ends the reader: damaged pixel data?" not in outcomes


@pytest.mark.slow
def test_every_unreadable_file_is_a_finding_with_its_name(
    bench: ModuleType, slice_bytes: bytes, transfer: Transfer
) -> None:
    written = {}
    for number, (kind, content) in enumerate(bench.damaged([slice_bytes], 120, 3)):
        path = transfer.series[0] / f"{number:04d}-{kind}.dcm"
        path.write_bytes(content)
        written[transfer.relative(path)] = content
    report = check_transfer(transfer.folder, built_in(), today=TODAY, workers=2)
    named = {finding.file for finding in report.findings if finding.code == "dicom.unreadable"}
    no_prefix = {path for path, content in written.items() if content[128:132] != b"DICM"}
    assert no_prefix <= named <= set(written)
    assert report.outcome is CheckOutcome.FAIL
    assert {record.path for record in report.files} >= set(written)


@pytest.mark.long
def test_twenty_thousand_damaged_real_files_get_an_answer(
    bench: ModuleType, shared_data: Path, tmp_path: Path
) -> None:
    seeds = bench.corpus(shared_data / "dicom_odd_pydicom" / "files", tmp_path)
    (tmp_path / "hostile").mkdir()
    outcomes = bench.read_hostile(seeds, 20_000, 1, tmp_path / "hostile")
    assert sum(outcomes.values()) == 20_000
    assert "ends the reader: damaged pixel data?" not in outcomes
    assert "the reader gives no answer" not in outcomes


def test_a_number_of_ten_thousand_bytes_is_no_number(slice_bytes: bytes) -> None:
    long = spliced(slice_bytes, 0x00280002, "US", b"\xff" * 10_000)
    facts = inspect(long)
    assert not facts.problem
    assert ("dicom.vm", "(0028,0002) SamplesPerPixel") in {
        (issue.code, issue.tag) for issue in facts.issues
    }
