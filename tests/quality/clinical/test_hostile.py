"""A sample of the hostile run: damaged tables become findings, never crashes."""

from __future__ import annotations

import time
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "bench" / "hostile_clinical.py"


@pytest.fixture(scope="module")
def hostile() -> dict[str, Any]:
    return run_path(str(SCRIPT))


def _complaints(hostile: dict[str, Any], seeds: range) -> list[str]:
    tables = hostile["whole_tables"]()
    complaints = []
    for seed in seeds:
        name, done, content = hostile["damaged"](seed, tables)
        started = time.process_time()
        result = hostile["judge"](name, content, {})
        wrong = hostile["complaint"](name, result, time.process_time() - started)
        if wrong and not wrong.startswith("took"):
            complaints.append(f"seed {seed}: {name}, {done}: {wrong}")
    return complaints


def test_damaged_tables_become_findings(hostile: dict[str, Any]) -> None:
    assert _complaints(hostile, range(60)) == []


@pytest.mark.long
def test_many_damaged_tables_become_findings(hostile: dict[str, Any]) -> None:
    assert _complaints(hostile, range(1000, 4000)) == []
