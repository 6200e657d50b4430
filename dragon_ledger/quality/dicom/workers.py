"""Reads image files in worker processes: fast, and safe against files that crash or hang a reader.

Processes, not threads: pydicom holds the interpreter's lock. A worker that dies or stays silent is
replaced, and the files it had are read again one by one, so that the one that did it is named.
Workers write nothing; when the check is interrupted they are killed at once.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from dragon_ledger.quality.dicom.image_facts import ImageFacts, to_memo
from dragon_ledger.quality.dicom.inspect_image import ImageInspector

CPU_SECONDS_PER_FILE = 2.0
MEMORY_PER_WORKER = 768 << 20
_LARGEST_BATCH = 16
_SECONDS_PER_BATCH = 60.0
_SECONDS_PER_FILE = 20.0
_IDLE_POLL = 1.0


class Task(NamedTuple):
    """A file to read: its path below the root, and whether to decode its pixels."""

    path: str
    decode: bool


class Answer(NamedTuple):
    """What came of a task; `memo` holds the facts, `sha256` is None when nothing could be read."""

    path: str
    size: int
    sha256: bytes | None
    memo: bytes


@dataclass(frozen=True, slots=True)
class Reader:
    """What every worker needs: the root, the attributes asked for, the profile's name."""

    root: Path
    required: tuple[tuple[int, str], ...]
    profile: str


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    batch: list[Task] = field(default_factory=list)
    deadline: float = 0.0


def read_all(
    reader: Reader, tasks: Sequence[Task], workers: int | None = None
) -> Iterator[list[Answer]]:
    """Read files in worker processes; answers come in batches, in no particular order.

    Args:
        reader: what the workers need.
        tasks: the files.
        workers: number of processes; None for one per core.
    """
    if not tasks:
        return
    count = max(1, min(workers or os.cpu_count() or 1, len(tasks)))
    with _Crew(reader, count) as crew:
        yield from crew.work(_batches(tasks, count))


def _batches(tasks: Sequence[Task], workers: int) -> deque[list[Task]]:
    size = max(1, min(_LARGEST_BATCH, len(tasks) // (workers * 4)))
    return deque(list(tasks[start : start + size]) for start in range(0, len(tasks), size))


class _Crew:
    def __init__(self, reader: Reader, count: int) -> None:
        self._reader = reader
        self._count = count
        self._context = _context()
        self._workers: list[_Worker] = []

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()

    def work(self, queue: deque[list[Task]]) -> Iterator[list[Answer]]:
        """Hand out batches until all are answered."""
        for _ in range(min(self._count, len(queue))):
            self._hire()
        for worker in self._workers:
            self._hand_over(worker, queue)
        while any(worker.batch for worker in self._workers):
            yield from self._round(queue)

    def _round(self, queue: deque[list[Task]]) -> Iterator[list[Answer]]:
        busy = [worker for worker in self._workers if worker.batch]
        patience = max(0.0, min(worker.deadline for worker in busy) - monotonic())
        ready = wait([worker.pipe for worker in busy], patience)
        for worker in busy:
            if worker.pipe in ready:
                yield self._receive(worker, queue)
            elif monotonic() > worker.deadline:
                yield self._give_up(worker, queue, "the reader gives no answer")

    def _receive(self, worker: _Worker, queue: deque[list[Task]]) -> list[Answer]:
        try:
            answers: list[Answer] = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            return self._give_up(worker, queue, "ends the reader: damaged pixel data?")
        self._hand_over(worker, queue)
        return answers

    def _give_up(self, worker: _Worker, queue: deque[list[Task]], why: str) -> list[Answer]:
        batch = worker.batch
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        if len(batch) > 1:
            queue.extendleft([task] for task in batch)
        self._hand_over(self._hire(), queue)
        return [_failed(self._reader, batch[0], why)] if len(batch) == 1 else []

    def _hire(self) -> _Worker:
        with _uninterrupted():
            worker, theirs = self._start()
            self._workers.append(worker)
        theirs.close()
        return worker

    def _start(self) -> tuple[_Worker, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(  # type: ignore[attr-defined]  # BaseContext lacks it
            target=_serve, args=(theirs, self._reader, os.getpid()), daemon=True
        )
        process.start()
        return _Worker(process, ours), theirs

    @staticmethod
    def _hand_over(worker: _Worker, queue: deque[list[Task]]) -> None:
        worker.batch = queue.popleft() if queue else []
        if worker.batch:
            alone = len(worker.batch) == 1
            worker.deadline = monotonic() + (_SECONDS_PER_FILE if alone else _SECONDS_PER_BATCH)
            worker.pipe.send(worker.batch)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back while a worker starts; the worker inherits that it never gets it.

    Blocking the signal is for the worker. Here another thread may still receive it, and Python
    would interrupt the main thread, so its handler waits, too.
    """
    late: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    ours = callable(handler) and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: late.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if ours:
            signal.signal(signal.SIGINT, handler)
        for number in late:
            signal.raise_signal(number)


def _context() -> BaseContext:
    if sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    # Its own start lets Ctrl-C through again, so it must not happen in `_uninterrupted`.
    resource_tracker.ensure_running()
    return multiprocessing.get_context("spawn")


def _failed(reader: Reader, task: Task, why: str) -> Answer:
    return Answer(task.path, 0, None, to_memo(ImageFacts(problem=why), reader.profile))


def _serve(pipe: Connection, reader: Reader, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _silence()
    _limit_memory()
    gc.freeze()  # what was imported before the fork is no garbage: do not look at it again
    inspector = ImageInspector(reader.required)
    while True:
        while not pipe.poll(_IDLE_POLL):
            if os.getppid() != parent:
                return
        pipe.send(list(_answers(inspector, reader, pipe.recv())))


def _silence() -> None:
    """Keep pydicom from writing values of damaged files to a terminal or a log."""
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)


def _limit_memory() -> None:
    statistics = Path("/proc/self/statm")
    if not statistics.exists():
        return
    used = int(statistics.read_text("ascii").split()[0]) * resource.getpagesize()
    limit = used + MEMORY_PER_WORKER
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or limit <= hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _answers(inspector: ImageInspector, reader: Reader, batch: Iterable[Task]) -> Iterator[Answer]:
    for task in batch:
        try:
            with _CpuLimit(CPU_SECONDS_PER_FILE):
                read = inspector.read(reader.root / task.path, decode=task.decode)
        except CpuTimeExceeded:
            yield _failed(reader, task, f"takes more than {CPU_SECONDS_PER_FILE:g} s to read")
        except MemoryError:
            yield _failed(reader, task, "takes more memory than a reader has")
        except OSError as error:
            yield _failed(reader, task, f"cannot be read: {error.strerror or 'no answer'}")
        else:
            memo = to_memo(read.facts, reader.profile)
            yield Answer(task.path, read.size, read.sha256, memo)


class CpuTimeExceeded(Exception):
    """Reading one file uses more processor time than a slice can need."""


class _CpuLimit:
    """Raises CpuTimeExceeded when the block uses more processor time than allowed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        signal.signal(signal.SIGVTALRM, self._ring)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    @staticmethod
    def _ring(*_: object) -> None:
        raise CpuTimeExceeded
