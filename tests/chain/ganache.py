"""A Ganache process, started as a user would with npm's package."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dragon_ledger.chain.client import identify
from dragon_ledger.errors import NodeUnavailable
from tests.chain.world import PUBLIC_TEST_KEY

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0


@contextmanager
def ganache(folder: Path, *options: str) -> Iterator[str]:
    """Run it on a free loopback port, London rules, one funded account."""
    script = CHECKOUT / "node_modules" / "ganache" / "dist" / "node" / "cli.js"
    program = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if program is None or not script.exists():
        pytest.skip("needs Node and npm's ganache: run 'npm ci'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(program, str(script), "--server.host", "127.0.0.1", "--server.port", str(port)),
        *("--chain.hardfork", "london", "--chain.chainId", "20261122"),
        *("--miner.blockGasLimit", "160000000", "--wallet.accounts"),
        *(f"{PUBLIC_TEST_KEY},{10**21}", *options),
    ]
    with (folder / "ganache.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield url
    finally:
        # The group: the environment's `node` starts the real one as a process of its own.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            identify(url, timeout=2.0)
        except NodeUnavailable:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"ganache does not answer at {url}")
