"""The scripts of docs/auditor.md, run as an auditor would, agree with the verifier."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.provenance.bundle.make_vectors import HERE

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[3] / "docs" / "auditor.md"
SEALS, CODE, STORAGE = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The files of the vectors under the names of the page."""
    lay(tmp_path, "sealed")
    shutil.copyfile(HERE / "published-code.json", tmp_path / "published-code.json")
    return tmp_path


def lay(folder: Path, name: str) -> None:
    shutil.copyfile(HERE / f"{name}.evidence.json", folder / "model.evidence.json")
    shutil.copyfile(HERE / f"{name}.network.json", folder / "network.json")


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_seals_by_hand(desk: Path) -> None:
    verdict = json.loads((HERE / "valid.verdict.json").read_text())
    done = run(desk, SEALS)
    assert done.returncode == 0, done.stderr
    assert verdict["as_of"]["block_hash"][2:] in done.stdout
    assert "its set is the one trusted before: True" in done.stdout
    assert "sealed by ['Member 0', 'Member 1', 'Member 3'] quorum 3" in done.stdout
    lay(desk, "too-few-seals")
    assert "AssertionError" in run(desk, SEALS).stderr


def test_seals_of_changing_validators_by_hand(desk: Path) -> None:
    lay(desk, "moved-validators")
    done = run(desk, SEALS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("its set is the one trusted before: False") >= 1
    verdict = json.loads((HERE / "moved-validators.verdict.json").read_text())
    assert verdict["as_of"]["block_hash"][2:] in done.stdout
    bundle = json.loads((desk / "model.evidence.json").read_text())
    bundle["headers"] = bundle["headers"][-1:]
    (desk / "model.evidence.json").write_text(json.dumps(bundle))
    refused = re.search(r"line (\d+), in <module>\nAssertionError", run(desk, SEALS).stderr)
    assert refused is not None
    assert "signers & trusted" in SEALS.splitlines()[int(refused[1]) - 1]


@pytest.mark.parametrize("name", ["everyone", "later-round", "three-validators"])
def test_seals_of_a_real_network_by_hand(tmp_path: Path, name: str) -> None:
    recorded = HERE / "recorded"
    shutil.copyfile(recorded / f"{name}.evidence.json", tmp_path / "model.evidence.json")
    shutil.copyfile(recorded / "network.json", tmp_path / "network.json")
    done = run(tmp_path, SEALS)
    assert done.returncode == 0, done.stderr
    assert "sealed by [" in done.stdout


def test_a_single_operators_block_by_hand(desk: Path) -> None:
    lay(desk, "single-operator")
    verdict = json.loads((HERE / "single-operator.verdict.json").read_text())
    said = run(desk, SEALS).stderr
    assert f"no seals; its word is the block hash {verdict['as_of']['block_hash'][2:]}" in said


def test_code_by_hand(desk: Path) -> None:
    done = run(desk, CODE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is the published code: True") == 4
    network = json.loads((desk / "network.json").read_text())
    network["contracts"]["DatasetRegistry"]["address"] = "0x" + "11" * 20
    (desk / "network.json").write_text(json.dumps(network))
    assert "AssertionError" in run(desk, CODE).stderr


def test_storage_by_hand(desk: Path) -> None:
    verdict = json.loads((HERE / "valid.verdict.json").read_text())
    done = run(desk, STORAGE)
    assert done.returncode == 0, done.stderr
    assert "aggregate of 1 rounds, released 1 times" in done.stdout
    assert f"release {verdict['release']['id'][2:]} by organisation 30" in done.stdout
    assert f"at {verdict['release']['act']['at']} of round 2" in done.stdout
    lay(desk, "never-released")
    assert run(desk, STORAGE).stdout.count("aggregate of 0 rounds, released 0 times") == 2


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_one_form_by_hand(desk: Path) -> None:
    command = "jq -cjS . model.evidence.json | cmp - model.evidence.json"
    assert f"    {command}\n" in PAGE.read_text()
    done = subprocess.run(["bash", "-c", command], cwd=desk, capture_output=True, check=False)  # noqa: S607 (the shell on the PATH, as on the page)
    assert (done.returncode, done.stdout) == (0, b"")
    bundle = desk / "model.evidence.json"
    bundle.write_bytes(bundle.read_bytes() + b"\n")
    changed = subprocess.run(["bash", "-c", command], cwd=desk, capture_output=True, check=False)  # noqa: S607 (as above)
    assert changed.returncode != 0
