"""Agents as processes of their own, started as a person starts them, ended by their process id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

COMMAND = "from dragon_ledger.cli.main import app; app()"


@dataclass
class Processes:
    """Starts processes, keeps their output, and leaves none behind."""

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self.running):
            self.kill(name)

    def command(self, name: str, *arguments: object) -> None:
        """Start a `dragon-ledger` command."""
        self.start(name, [sys.executable, "-c", COMMAND, *map(str, arguments)])

    def module(self, name: str, module: str, *arguments: object) -> None:
        """Start `python -m module`."""
        self.start(name, [sys.executable, "-m", module, *map(str, arguments)])

    def start(self, name: str, command: Sequence[str]) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self, name: str) -> None:
        """SIGKILL, as a power cut does it."""
        process = self.running.pop(name)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def finish(self, name: str, seconds: float = 60.0) -> None:
        """Wait for a process that ends by itself, and require that all was well."""
        assert self.running.pop(name).wait(seconds) == 0, self.log(name)

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def eventually(
    condition: Callable[[], bool], what: Callable[[], str], seconds: float = 200.0
) -> None:
    """Wait until something is so; `what` says in an error what was there instead."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)
