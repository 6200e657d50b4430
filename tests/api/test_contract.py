"""The service against its own OpenAPI document: schemathesis finds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import Ledger

pytestmark = pytest.mark.slow


def test_schemathesis_finds_nothing(known: Ledger, tmp_path: Path) -> None:
    headers = known.server.token("artefacts:read", "artefacts:write", "verdict:read", "ledger:read")
    program = str(Path(sys.executable).with_name("schemathesis"))
    done = subprocess.run(
        [
            program,
            "run",
            f"{known.server.url}/openapi.json",
            "--header",
            f"Authorization: {headers['Authorization']}",
            "--max-examples",
            "25",
            "--phases",
            "examples,coverage,fuzzing",
            "--seed",
            "7",
            # Generating is slow on a busy machine; that is no finding.
            "--suppress-health-check",
            "all",
        ],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_document_names_every_error_type(known: Ledger) -> None:
    document = httpx.get(f"{known.server.url}/openapi.json").json()
    operations = [op for path in document["paths"].values() for op in path.values()]
    assert len(operations) >= 14
    for operation in operations:
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"]
