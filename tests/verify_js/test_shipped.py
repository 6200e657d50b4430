"""What is shipped with the JavaScript verifier is what it says it is, and the command answers."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.verify_js.verifier import NODE, PAGE, ROOT, VECTORS, cases

CONTRACTS = ("Consortium", "DatasetRegistry", "TrainingLedger", "ModelRegistry")


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(NODE), str(PAGE / "verify.js"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def files_of(name: str) -> list[str | Path]:
    case = cases()[name]
    bundle, network = VECTORS / case["bundle"], VECTORS / case["network"]
    code, now = VECTORS / "published-code.json", str(case["demands"]["now"])
    return ["--bundle", bundle, "--network", network, "--published-code", code, "--now", now]


def test_the_vendored_library_has_its_digest() -> None:
    named = re.search(r"`([0-9a-f]{64})`", (PAGE / "vendor" / "README.md").read_text())
    assert named is not None
    assert named[1] == hashlib.sha256((PAGE / "vendor" / "noble.js").read_bytes()).hexdigest()


def test_the_published_code_is_the_packages() -> None:
    """After a change of the contracts: scripts/build-verify-page."""
    printed = subprocess.run(
        [NODE, "-p", f"JSON.stringify(require({json.dumps(str(PAGE / 'published-code.js'))}))"],
        capture_output=True,
        text=True,
        check=True,
    )
    published = json.loads(printed.stdout)
    for name in CONTRACTS:
        shipped = ROOT / "dragon_ledger" / "chain" / "artifacts" / f"{name}.json"
        artifact = json.loads(shipped.read_text())
        assert published[name] == {part: artifact[part] for part in published[name]}
        assert set(published[name]) == {"deployedBytecode", "immutableReferences"}


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("valid", 0, "VALID. This model traces back through 3 rounds"),
        ("revoked", 1, "NOT VALID. A dataset version is not in standing now"),
        ("single-operator", 2, "NOT VERIFIABLE. Not shown: The state is sealed"),
    ],
)
def test_the_command_answers_about_a_digest(name: str, status: int, words: str) -> None:
    digest = cases()[name]["model"]["content_digest"]
    done = run("--digest", digest, *files_of(name))
    assert done.returncode == status
    assert f"\n{words}" in done.stdout
    verdict = json.loads(run("--digest", digest, "--json", *files_of(name)).stdout)
    assert verdict["answer"] == cases()[name]["outcome"]


def test_the_command_hashes_the_model() -> None:
    model = cases()["valid"]["model"]
    content = f"hdf5-content-v1:{model['content_digest']}"
    done = run(VECTORS / "model.h5", "--content-digest", content, "--json", *files_of("valid"))
    assert json.loads(done.stdout)["presented"]["fileDigest"] == model["file_digest"]


def test_without_the_content_digest_the_model_is_not_verifiable() -> None:
    """A known limitation: this verifier reads no HDF5 and is given the content digest."""
    done = run(VECTORS / "model.h5", *files_of("valid"))
    assert done.returncode == 2
    assert "NOT VERIFIABLE: the bundle says nothing about this file by its bytes" in done.stderr


def test_a_refused_bundle_and_misuse_have_their_statuses() -> None:
    refused = run("--digest", "00" * 32, *files_of("too-few-seals"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("BUNDLE REFUSED: header 66: sealed by 2 of 4 validators")
    misused = run("--digest", "00" * 32)
    assert misused.returncode == 3
    assert misused.stderr.startswith("--bundle and --network are needed")
