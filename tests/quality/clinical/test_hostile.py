"""A sample of the hostile run: damaged tables become findings, never crashes."""

from __future__ import annotations

import time
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

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
        result = hostile["judge"](name, content, tables)
        wrong = hostile["complaint"](name, result, time.process_time() - started)
        if wrong and not wrong.startswith("took"):
            complaints.append(f"seed {seed}: {name}, {done}: {wrong}")
    return complaints


def test_damaged_tables_become_findings(hostile: dict[str, Any]) -> None:
    assert _complaints(hostile, range(60)) == []


STRANGE = [
    b"\n", b"\n\n\n", b" ", b",", b",,\n1,2,3\n", b'""', b'"', b"USUBJID", b"USUBJID\n",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfeA", b"#row,USUBJID\n1,2\n", b'"USUB\nJID",AGE\n1,2\n',
    b"USUBJID\nA\nA\n", b"USUBJID,AGE,AGEU\nA,nan,YEARS\nB,1e999,DAYS\n",
    b"USUBJID,LBSEQ\nA,1e400\n",
    b"LBTESTCD,LBSTRESU,LBSTRESC,LBSTRESN,LBORRES,LBORRESU\n,,,,,\n1,2,3,4,5,6\n",
    b"DTHFL,USUBJID,DTHDTC,AGE,AGEU,COUNTRY,SEX\nY,,,,,,\n,A,2020,1,x,,\n",
    b"SUDOSTXT,SUDOSE,SUOCCUR,SUPRESP,SUSTAT\n1,1,,Y,\n",
    b"LBDTC,LBDUR\n9999-99-99,P1\n0000-00-00,\n",
    b"A" * 60_000 + b",B\n1,2\n", b'STUDYID;USUBJID\n"a;b";c\n',
]  # fmt: skip


@pytest.mark.parametrize("name", ["UNIFI_dm.csv", "UNIFI_lb.csv", "UNIFI_su.csv", "UNIFI_dd.xpt"])
def test_strange_tables_become_findings(name: str, judge: Any) -> None:
    for content in STRANGE:
        assert name in {each.file for each in judge({name: content})}, content


@pytest.mark.long
def test_many_damaged_tables_become_findings(hostile: dict[str, Any]) -> None:
    assert _complaints(hostile, range(1000, 4000)) == []
