"""Runs docs/quickstart-consortium.md as a person would copy it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dragon_ledger.chain.embedded import stop_running

PAGE = Path(__file__).parents[2] / "docs" / "quickstart-consortium.md"
SECONDS = 280


def commands() -> str:
    """The page's commands, without those that install this project."""
    install, *rest = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert "scripts/install" in install
    return "\n".join(rest)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 20)
def test_the_page_leads_to_a_valid_model_that_a_revocation_fells(tmp_path: Path) -> None:
    script = "set -euo pipefail\n" + commands().replace("8545", str(free_port()))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    bash = shutil.which("bash")
    assert bash is not None
    running = subprocess.Popen(
        [bash, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        out, _ = running.communicate(timeout=SECONDS)
    finally:
        # Node and agents that a failure left behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        stop_running(tmp_path / "chain")
    assert running.returncode == 0, out
    before, after = out.split(": revoke (", 1)
    assert re.search(r"(?<!NOT )\bVALID\b", before), out
    assert re.search(r"\bNOT VALID\b", after), out
