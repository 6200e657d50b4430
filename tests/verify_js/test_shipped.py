"""What is shipped with the JavaScript verifier is what it says it is, and the command answers."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import h5py
import pytest

from tests.verify_js.verifier import NODE, PAGE, ROOT, VECTORS, cases

pytestmark = pytest.mark.slow  # Node starts for nearly every test


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(NODE), str(PAGE / "verify.js"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def files_of(name: str) -> list[str | Path]:
    case = cases()[name]
    bundle, network = VECTORS / case["bundle"], VECTORS / case["network"]
    code, now = VECTORS / "published-code.json", str(case["demands"]["now"])
    return ["--bundle", bundle, "--network", network, "--published-code", code, "--now", now]


def test_every_vendored_library_has_its_digest_and_licence() -> None:
    rows = re.findall(
        r"^\| `(\S+\.js)` \|.*`(\S+LICENSE\.txt)` \| `([0-9a-f]{64})` \|$",
        (PAGE / "vendor" / "README.md").read_text(),
        re.MULTILINE,
    )
    assert {name for name, _, _ in rows} == {path.name for path in (PAGE / "vendor").glob("*.js")}
    for name, licence, digest in rows:
        assert hashlib.sha256((PAGE / "vendor" / name).read_bytes()).hexdigest() == digest
        assert (PAGE / "vendor" / licence).stat().st_size > 1000


def test_the_published_code_is_the_packages() -> None:
    """After a release: scripts/build-verify-page."""
    printed = subprocess.run(
        [NODE, "-p", f"JSON.stringify(require({json.dumps(str(PAGE / 'published-code.js'))}))"],
        capture_output=True,
        text=True,
        check=True,
    )
    folder = ROOT / "dragon_ledger" / "provenance" / "published"
    releases = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    assert json.loads(printed.stdout) == releases


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
    done = run(VECTORS / "model.h5", "--json", *files_of("valid"))
    presented = json.loads(done.stdout)["presented"]
    assert presented["file_digest"] == model["file_digest"]
    assert presented["content_digest"] == model["content_digest"]
    assert presented["content_error"] is None


def test_another_content_digest_than_the_files_is_misuse() -> None:
    content = f"hdf5-content-v1:{'00' * 32}"
    done = run(VECTORS / "model.h5", "--content-digest", content, *files_of("valid"))
    assert done.returncode == 3
    assert done.stderr.startswith("the file has content digest 108d18d1")


def test_a_model_that_is_not_read_is_known_by_its_bytes_or_by_the_digest_that_was_given(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", (3,), "<f4", compression="lzf")
    done = run(path, *files_of("valid"))
    assert done.returncode == 2
    assert "NOT VERIFIABLE: the bundle says nothing about this file: SHA-256 " in done.stderr
    assert "its content was not read: /d: filter 32000 (lzf)" in done.stderr
    content = cases()["valid"]["model"]["content_digest"]
    assert run(path, "--content-digest", content, *files_of("valid")).returncode == 0


def test_a_refused_bundle_and_misuse_have_their_statuses() -> None:
    refused = run("--digest", "00" * 32, *files_of("too-few-seals"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("BUNDLE REFUSED: header 66: sealed by 2 of 4 validators")
    unread = run("--digest", "00" * 32, *files_of("valid")[:4], "--published-code", __file__)
    assert (unread.returncode, unread.stdout) == (3, "")
    missing = run("no-such-model.h5", *files_of("valid"))
    assert missing.returncode == 3
    assert missing.stderr.startswith("ENOENT: no such file or directory, stat 'no-such-model.h5'")
    assert "Unhandled" not in missing.stderr
    misused = run("--digest", "00" * 32)
    assert misused.returncode == 3
    assert misused.stderr.startswith("--bundle and --network are needed")
