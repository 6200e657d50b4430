"""The embedded node: an Anvil process that the package starts, keeps on disk and stops.

For demonstrations, tests and single-operator use. It needs no gas and no validators, and
listens on the loopback interface only; whoever runs it is to be trusted (docs/threat-model.md).
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from dragon_ledger.chain.client import identify
from dragon_ledger.errors import AlreadyRunning, ConfigurationError, NodeUnavailable

LOOPBACK = "127.0.0.1"
START_SECONDS = 20.0
STOP_SECONDS = 30.0
# GoQuorum knows Berlin at most: what runs under Berlin here, without base fee, runs there.
HARDFORK = "berlin"
GAS_LIMIT = 160_000_000
CHECKOUT = Path(__file__).resolve().parents[2]


def find_anvil(binary: Path | None = None) -> Path:
    """Find the Anvil program: the one given, the checkout's npm package, or one on the PATH.

    Raises:
        ConfigurationError: none is there; the message says how to get one.
    """
    if binary is not None:
        if not os.access(binary, os.X_OK):
            raise ConfigurationError(f"{binary}: is no program that can be started")
        return binary
    system = platform.system().lower()
    machine = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "amd64"
    suffix = ".exe" if system == "windows" else ""
    package = f"anvil-{'win32' if system == 'windows' else system}-{machine}"
    for root in (CHECKOUT, Path.cwd()):
        program = root / "node_modules" / "@foundry-rs" / package / "bin" / f"anvil{suffix}"
        if program.is_file():
            return program
    on_path = shutil.which("anvil")
    if on_path is None:
        raise ConfigurationError(
            "no Anvil program found for the embedded node. In a clone of the project run 'npm ci' "
            "(or ./scripts/demo, which does it), or install Foundry so that 'anvil' is on the PATH."
        )
    return Path(on_path)


@dataclass(frozen=True, slots=True)
class _Settings:
    """What stays the same each time the node of one folder starts."""

    chain_id: int
    port: int

    @staticmethod
    def of(folder: Path, port: int | None) -> _Settings:
        file = folder / "node.json"
        if file.exists():
            try:
                kept = json.loads(file.read_text(encoding="utf-8"))
                return _Settings(int(kept["chain_id"]), port or int(kept["port"]))
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                raise ConfigurationError(
                    f"{file}: expected chain_id and port, two numbers; the chain's id is there"
                ) from error
        # A chain id of its own tells one embedded network from another.
        return _Settings(1_000_000 + secrets.randbelow(2**31 - 2_000_000), port or _free_port())

    def save(self, folder: Path) -> None:
        document = {"chain_id": self.chain_id, "port": self.port}
        (folder / "node.json").write_text(json.dumps(document) + "\n", encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class EmbeddedNode:
    """One node on one folder; the same chain goes on at the next start, at the same address.

    Args:
        folder: holds the chain's state, `node.json`, the log and the pid file; made when absent.
        port: a fixed port; otherwise the one used before, or a free one.
        binary: the Anvil program; see `find_anvil`.
        options: Anvil's own options and their values, over those set here ("" for none): for tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        binary: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self._port = port
        self._binary = binary
        self._options = dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> EmbeddedNode:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id while this object's node runs."""
        return self._process.pid if self.alive and self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process that this object started still runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Start the node and wait until it answers; returns its address.

        Raises:
            AlreadyRunning: a node already works on this folder.
            NodeUnavailable: it does not come up; the message ends with its log.
            ConfigurationError: no Anvil program.
        """
        program = find_anvil(self._binary)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"{self.folder}: {error.strerror}") from error
        other = running_pid(self.folder)
        if other is not None:
            raise AlreadyRunning(f"{self.folder}: its node already runs as process {other}")
        settings = _Settings.of(self.folder, self._port)
        settings.save(self.folder)
        self.url = f"http://{LOOPBACK}:{settings.port}"
        with (self.folder / "node.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(program, settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we stop the node in order
            )
        (self.folder / "node.pid").write_text(f"{self._process.pid}\n", encoding="utf-8")
        self._wait_until_answers(settings.chain_id)
        return self.url

    def stop(self) -> None:
        """Stop the node; it writes its state first. Stopping a stopped node does nothing."""
        if self._process is None:
            return
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        (self.folder / "node.pid").unlink(missing_ok=True)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait while the node runs, at most `seconds`; whether it was stopped in order meanwhile.

        Raises:
            NodeUnavailable: the node ended by itself; the message ends with its log.
        """
        if self._process is None:
            return True
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        if code == 0:
            return True
        raise NodeUnavailable(self._death())

    def _command(self, program: Path, settings: _Settings) -> list[str]:
        fixed: dict[str, Any] = {
            "--host": LOOPBACK,
            "--port": settings.port,
            "--chain-id": settings.chain_id,
            "--hardfork": HARDFORK,
            "--gas-limit": GAS_LIMIT,
            "--gas-price": 0,
            "--accounts": 1,  # Anvil wants one; its key is public and has no role
            "--balance": 0,
            "--state": self.folder / "state.json",
            "--state-interval": 30,
            "--cache-path": self.folder / "cache",
            "--no-cors": "",
            "--quiet": "",
        }
        options = {**fixed, **self._options}.items()
        return [str(program), *(str(part) for pair in options for part in pair if part != "")]

    def _wait_until_answers(self, chain_id: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.alive:
                raise NodeUnavailable(self._death())
            try:
                found, _ = identify(self.url, timeout=2.0)
            except NodeUnavailable:
                time.sleep(0.05)
                continue
            if found == chain_id:
                return
            self.stop()
            raise NodeUnavailable(f"{self.url}: another node (chain id {found}) holds this port")
        self.stop()
        raise NodeUnavailable(f"{self.url}: no answer within {START_SECONDS:.0f} s. {self._log()}")

    def _death(self) -> str:
        code = self._process.returncode if self._process else None
        return (
            f"the embedded node of {self.folder} ended by itself (exit code {code}). {self._log()}"
        )

    def _log(self) -> str:
        lines = (self.folder / "node.log").read_text(encoding="utf-8", errors="replace")
        return "The end of its log:\n" + "\n".join(lines.splitlines()[-5:])


def running_pid(folder: Path) -> int | None:
    """Return the process id of the node that works on this folder, or None."""
    folder = folder.resolve()
    try:
        pid = int((folder / "node.pid").read_text(encoding="utf-8"))
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    # After a crash of the machine the number may belong to another program.
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and str(folder).encode() not in command.read_bytes():
        return None
    return pid


def stop_running(folder: Path) -> bool:
    """Stop a node that another process started on this folder; False when none runs.

    Raises:
        NodeUnavailable: it does not end.
    """
    pid = running_pid(folder)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if _has_ended(pid):
            (folder / "node.pid").unlink(missing_ok=True)
            return True
        time.sleep(0.05)
    raise NodeUnavailable(f"process {pid}, the node of {folder}, does not end")


def _has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for its parent to notice (state Z)."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[-1].split()[0]
    except ProcessLookupError:
        return True
    except FileNotFoundError:  # no /proc on this system, or gone between the two lines
        return Path("/proc/self").exists()
    return state == "Z"
