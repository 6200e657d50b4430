"""The whole main job, as `./scripts/demo` shows it, on several chains."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dragon_ledger.chain.accounts import Keystore
from scripts.demonstration.processes import stop_leftovers
from tests.chain.ganache import ganache
from tests.chain.world import PUBLIC_TEST_KEY
from tests.end_to_end.real_hospital import PARTNER, make_real_transfer

CHECKOUT = Path(__file__).resolve().parents[2]


def begin(folder: Path, *options: str | Path, seconds: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.demonstration", "--folder", folder / "demo", *options]
    return subprocess.run(
        [str(word) for word in command],
        cwd=CHECKOUT,
        env=os.environ | {"COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def demonstrate(folder: Path, *options: str | Path, seconds: float = 280) -> str:
    done = begin(folder, *options, seconds=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_story(told: str) -> None:
    assert "Hospital Poznań: version" in told
    assert "registered: FAILED the check, and says so" in told
    assert "The quality check of version" in told
    assert "update of round 2 is on chain exactly once" in told
    assert "Hospital Poznań's updates, kept in its outbox" in told
    assert "who aggregates does not release" in told
    assert "The file is not the aggregate of round 3" in told
    assert "the released file: VALID" in told
    assert "the same model, rewritten: VALID" in told
    assert "one weight changed in its last bit: NOT VALID" in told
    assert "ABSENT: organisation 4 was absent in round 1" in told
    assert told.index("What you saw") < told.index("dragon-ledger verify ")
    after = told[told.index("is revoked\n") :]
    assert "the released file: NOT VALID" in after
    assert "is revoked since" in after
    assert "(reason 1)" in after
    if "4 QBFT validators" in told:
        assert "every node stopped: VALID" in after
    else:
        assert "every node stopped: NOT VERIFIABLE" in after
        assert "taking that operator's word for the block: VALID" in after


@pytest.mark.slow
def test_main_job_on_the_embedded_chain(tmp_path: Path) -> None:
    check_story(demonstrate(tmp_path))


@pytest.mark.slow
def test_two_at_once_in_one_folder_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "demo.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = begin(tmp_path, seconds=60)
    assert refused.returncode == 1
    assert "another demonstration is at work in" in refused.stdout


@pytest.mark.slow
def test_a_folder_of_something_else_is_not_emptied(tmp_path: Path) -> None:
    precious = tmp_path / "demo" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("two years")
    refused = begin(tmp_path, seconds=60)
    assert refused.returncode == 1
    assert "would be emptied" in refused.stdout
    assert precious.read_text() == "two years"


@pytest.mark.slow
def test_what_a_killed_one_left_is_ended(tmp_path: Path) -> None:
    """By its process id, and only if its command names the folder: ids are used again."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen([*sleeper, str(tmp_path)]) as left, subprocess.Popen(sleeper) as other:
        (tmp_path / "processes").write_text(f"{left.pid}\n{other.pid}\n")
        # A child stays in the table until it is waited for, with an empty command line.
        stop_leftovers(tmp_path, tmp_path)
        assert left.wait(timeout=10) == -signal.SIGTERM
        assert other.poll() is None
        other.kill()


@pytest.mark.slow
def test_main_job_with_a_real_ct_series(tmp_path: Path, shared_data: Path) -> None:
    """Hospital 1 transfers 36 slices of LIDC-IDRI-0314; the other hospitals are synthetic."""
    make_real_transfer(shared_data, tmp_path / "real")
    told = demonstrate(tmp_path, "--transfer", f"{PARTNER}={tmp_path / 'real'}")
    assert "Hospital Liège: 36 CT slices" in told
    check_story(told)


@pytest.mark.long
@pytest.mark.parametrize("fees", ["legacy", "eip1559"])
def test_main_job_on_ganache(tmp_path: Path, fees: str) -> None:
    keystore = tmp_path / "funder.json"
    Keystore.create(keystore, "for tests", private_key=bytes.fromhex(PUBLIC_TEST_KEY[2:]))
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("for tests\n")
    with ganache(tmp_path) as url:
        payer = ("--funder", keystore, "--funder-password-file", password)
        check_story(demonstrate(tmp_path, "--chain-url", url, "--fees", fees, *payer))


@pytest.mark.network
@pytest.mark.timeout(600)
def test_main_job_on_four_validators(tmp_path: Path, node_binary: Path) -> None:
    """Gas price zero, legacy transactions, a block a second."""
    told = demonstrate(tmp_path, "--network", "--node-binary", node_binary, seconds=560)
    assert "4 QBFT validators" in told
    check_story(told)
