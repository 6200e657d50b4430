"""The wheel holds what the package needs to run: every file that the repository tracks for it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dragon_ledger", "api")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without a network and without installing anything."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def tracked() -> set[str]:
    command = ["git", "ls-files", "-z", "--", *PACKAGES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("needs the repository: an unpacked archive tracks no files")
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}


def test_every_tracked_file_of_the_packages_is_in_it(wheel: Path) -> None:
    missing = tracked() - names(wheel)
    assert missing == set()


def test_it_holds_what_is_no_python(wheel: Path) -> None:
    found = names(wheel)
    for needed in (
        "api/web/index.html",
        "api/web/problems.html",
        "api/web/docs/docs.js",
        "api/static/verify/index.html",
        "api/static/verify/verify.js",
        "api/static/verify/published-code.js",
        "api/static/verify/vendor/noble.js",
        "api/static/verify/vendor/noble.LICENSE.txt",
        "dragon_ledger/py.typed",
        "dragon_ledger/chain/artifacts/Consortium.json",
        "dragon_ledger/chain/artifacts/DatasetRegistry.json",
        "dragon_ledger/chain/artifacts/TrainingLedger.json",
        "dragon_ledger/chain/artifacts/ModelRegistry.json",
        "dragon_ledger/index/migrations/env.py",
        "dragon_ledger/index/migrations/versions/v0001_event_tables.py",
    ):
        assert needed in found


def test_it_holds_no_secret_and_no_test(wheel: Path) -> None:
    others = {name for name in names(wheel) if name.split("/")[0] not in PACKAGES}
    assert all(".dist-info/" in name for name in others), others
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in others)
    assert not [name for name in names(wheel) if name.endswith((".pyc", ".sqlite", ".toml.local"))]
