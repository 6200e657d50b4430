"""Processes of the demonstration: each with a log of its own, each ended by its own id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_SECONDS = 60.0
PROCESSES = "processes"
"""File among the logs: the id of every process that was started, a line each."""


class DemonstrationFailed(Exception):
    """Something that the story needs did not happen; the message says what and where to look."""


@dataclass(slots=True)
class Member:
    """One running process."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start it, and give its process id; what it prints is added to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self.process.pid

    def kill(self) -> int:
        """SIGKILL, as a power cut does it; gives the process id that is no more."""
        if self.process is None:
            raise DemonstrationFailed(f"{self.name} was not running")
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return self.process.pid

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ended(self) -> bool:
        """It is not running any more."""
        return self.process is not None and self.process.poll() is not None

    def last_words(self) -> str:
        """The end of its log, for a message about its death."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-8:])


def stop_leftovers(root: Path, logs: Path) -> None:
    """End what a demonstration that was killed itself left at work in a folder.

    Raises:
        DemonstrationFailed: one of them does not end.
    """
    known = logs / PROCESSES
    if not known.exists():
        return
    limit = time.monotonic() + PATIENCE_SECONDS
    for pid in map(int, known.read_text("ascii").split()):
        while _works_in(root, pid):
            os.kill(pid, signal.SIGTERM)
            if time.monotonic() > limit:
                raise DemonstrationFailed(f"process {pid} is at work in {root} and does not end")
            time.sleep(0.2)


def _works_in(root: Path, pid: int) -> bool:
    """Whether a process has the folder in its command line: ids are used again."""
    try:
        return os.fsencode(root) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it is gone, or this system has no such file
        return False


@dataclass(slots=True)
class Troupe:
    """Everyone who runs, so that everyone is stopped."""

    logs: Path
    members: dict[str, Member] = field(default_factory=dict)
    visitors: dict[str, Member] = field(default_factory=dict)

    def ledger(self, name: str, *arguments: str | Path) -> Member:
        """Start the command `dragon-ledger` of this very environment under a name."""
        program = Path(sys.executable).with_name("dragon-ledger")
        return self._start(name, [program, *arguments])

    def module(self, name: str, module: str, *arguments: str | Path | int) -> Member:
        """Start a Python module; it is expected to end by itself."""
        self.members.pop(name, None)
        member = self._start(name, [sys.executable, "-m", module, *arguments])
        self.visitors[name] = self.members.pop(name)
        return member

    def _start(self, name: str, command: Sequence[str | Path | int]) -> Member:
        words = [str(argument) for argument in command]
        member = Member(name, words, self.logs / f"{name}.log")
        self.members[name] = member
        pid = member.start()
        with (self.logs / PROCESSES).open("a", encoding="ascii") as known:
            known.write(f"{pid}\n")
        return member

    def finish(self, name: str) -> None:
        """Wait for a module that ends by itself."""
        member = self.visitors.pop(name)
        if member.process is not None and member.process.wait(PATIENCE_SECONDS) != 0:
            raise DemonstrationFailed(f"{name} failed: {member.last_words()}")

    def stop(self) -> None:
        """Stop everyone, last started first."""
        for member in (*self.visitors.values(), *reversed(self.members.values())):
            member.stop()

    def wait_until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait for something; say who died when it does not come."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            for member in self.members.values():
                if member.ended():
                    words = member.last_words()
                    raise DemonstrationFailed(f"{member.name} ended: {words}")
            if time.monotonic() > limit:
                raise DemonstrationFailed(f"waited in vain until {what}; logs: {self.logs}")
            time.sleep(0.1)
