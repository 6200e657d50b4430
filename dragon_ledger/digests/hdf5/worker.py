"""Reading HDF5 files in a process of its own, so that no file can take the caller down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Any, Self, cast

from dragon_ledger.digests.hdf5.limits import Limits
from dragon_ledger.digests.hdf5.method import METHOD, Progress
from dragon_ledger.digests.hdf5.proof import ObjectProof
from dragon_ledger.errors import InputError, LedgerError, StorageError, UnsupportedContent
from dragon_ledger.records import Digest

_CHILD = "dragon_ledger.digests.hdf5.child"


class Hdf5Worker:
    """A process that digests one file after another; use it as a context manager.

    It starts with the first request, which takes a tenth of a second, and again after a file that
    HDF5 could not read. Threads may share it: one request runs at a time, the others wait.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._process: subprocess.Popen[str] | None = None
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._turn:
            self._end()

    def start(self) -> None:
        """Start the process now, which saves that time to a caller that has other work first."""
        with self._turn:
            self._pipes()

    def digest(self, path: Path, progress: Progress | None = None) -> Digest:
        """Return a file's content digest; see `hdf5_content_digest`."""
        answer = self._request(path, None, progress)
        return Digest(METHOD, bytes.fromhex(answer["digest"]))

    def prove(self, path: Path, name: str, progress: Progress | None = None) -> ObjectProof:
        """Return a proof for one object of a file; see `prove_object`."""
        answer = self._request(path, name, progress)
        if "proof" not in answer:
            raise InputError(f"{path}: holds no object {name}; paths are absolute, as in /a/b")
        return ObjectProof.from_json({**answer["proof"], "method": METHOD})

    def _request(self, path: Path, wanted: str | None, progress: Progress | None) -> dict[str, Any]:
        with self._turn, ExitStack() as otherwise:
            # Were we interrupted, a late answer would be taken for the next request's. And after
            # a damaged file, HDF5's memory may be damaged, too.
            otherwise.callback(self._end)
            for message in self._messages(path, wanted):
                if "progress" not in message:
                    if "damaged" not in message:
                        otherwise.pop_all()
                    return _checked(message)
                if progress:
                    progress(*message["progress"])
            raise _crashed(path, self._exit_status())

    def _messages(self, path: Path, wanted: str | None) -> Iterator[dict[str, Any]]:
        stdin, stdout = self._pipes()
        try:
            stdin.write(json.dumps({"path": str(path.absolute()), "wanted": wanted}) + "\n")
            stdin.flush()
        except BrokenPipeError:
            return
        for line in stdout:
            if line.endswith("\n"):
                yield json.loads(line)

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD, json.dumps(asdict(self._limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                text=True,
                encoding="utf-8",
            )
        # Popen's types do not know that both were asked for as pipes.
        return cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)

    def _exit_status(self) -> int:
        """Wait for a process that closed its output, and return how it ended."""
        return self._process.wait() if self._process else 0

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()


def _environment() -> dict[str, str]:
    """Our environment, without what makes HDF5 load foreign code or use another driver.

    NumPy's algebra, which nothing here uses, would start a thread for every core.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HDF5_")}
    return {**kept, "HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1"}


def _checked(message: dict[str, Any]) -> dict[str, Any]:
    if "unsupported" in message:
        raise UnsupportedContent(*message["unsupported"])
    for kind in ("input", "damaged"):
        if kind in message:
            raise InputError(message[kind])
    if "storage" in message:
        raise StorageError(message["storage"])
    return message


def _crashed(path: Path, status: int) -> LedgerError:
    if status >= 0:
        return LedgerError(
            f"{path}: the process that reads HDF5 files ended with status {status}; "
            f"try `{sys.executable} -m {_CHILD} {{}}`"
        )
    name = signal.Signals(-status).name
    if name == "SIGXCPU":
        return InputError(f"{path}: HDF5 makes no progress on it; the file is damaged or hostile")
    return InputError(f"{path}: HDF5 crashed on it ({name}); the file is damaged or hostile")
