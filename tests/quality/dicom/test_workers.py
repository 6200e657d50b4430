"""Worker processes: files that crash or hang a reader, and a check that is interrupted."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from dragon_ledger.quality.dicom import workers
from dragon_ledger.quality.dicom.image_facts import from_memo
from dragon_ledger.quality.dicom.inspect_image import LARGEST_IMAGE, ImageInspector, ReadFile
from dragon_ledger.quality.dicom.workers import Answer, Reader, Task, read_all

pytestmark = pytest.mark.slow

FORK = multiprocessing.get_context("fork") if hasattr(os, "fork") else None
READ = ImageInspector.read


def poisoned(inspector: ImageInspector, path: Path, *, decode: bool) -> ReadFile:
    """Stands in for a decoder that crashes, hangs in C, or loops in Python."""
    if path.stem == "crash":
        os._exit(139)
    if path.stem == "hang":
        time.sleep(3600)
    if path.stem == "loop":
        while True:
            pass
    if path.stem == "memory":
        return READ(inspector, Path("/dev/null"), decode=bool(bytearray(4 << 30)))
    return READ(inspector, path, decode=decode)


@pytest.fixture
def folder(tmp_path: Path, slice_bytes: bytes) -> Path:
    for number in range(40):
        (tmp_path / f"{number:03d}.dcm").write_bytes(slice_bytes)
    return tmp_path


def read(folder: Path) -> dict[str, str]:
    """What became of each file: why it could not be read, empty when it could."""
    reader = Reader(folder, ((0x00080060, "Modality"),), "test")
    tasks = [Task(path.name, decode=False) for path in sorted(folder.iterdir())]
    answers: list[Answer] = [answer for batch in read_all(reader, tasks, 2) for answer in batch]
    assert len(answers) == len(tasks)
    facts = {answer.path: from_memo(answer.memo, "test") for answer in answers}
    return {path: found.problem for path, found in facts.items() if found is not None}


@pytest.mark.skipif(FORK is None, reason="the stand-in reaches workers only by fork")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("crash", "ends the reader"),
        ("hang", "gives no answer"),
        ("loop", "takes more than 0.3 s"),
        ("memory", "takes more memory"),
    ],
)
def test_one_bad_file_is_named_and_the_others_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    monkeypatch.setattr(ImageInspector, "read", poisoned)
    monkeypatch.setattr(workers, "_context", lambda: FORK)
    patience = 1.0 if name == "hang" else 60.0
    monkeypatch.setattr(workers, "_SECONDS_PER_BATCH", patience)
    monkeypatch.setattr(workers, "_SECONDS_PER_FILE", patience)
    monkeypatch.setattr(workers, "CPU_SECONDS_PER_FILE", 0.3)
    (folder / f"{name}.dcm").write_bytes(b"x")
    outcomes = read(folder)
    assert problem in outcomes.pop(f"{name}.dcm")
    assert set(outcomes.values()) == {""}
    assert len(outcomes) == 40


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    reader = Reader(folder, (), "test")
    (answers,) = list(read_all(reader, [Task("gone.dcm", decode=False)], 1))
    facts = from_memo(answers[0].memo, "test")
    assert facts is not None
    assert facts.problem == "cannot be read: No such file or directory"
    assert answers[0].sha256 is None


def test_a_file_too_large_for_a_slice_is_digested_and_named(tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    with path.open("wb") as stream:
        stream.truncate(LARGEST_IMAGE + 1)
    ((answer,),) = read_all(Reader(tmp_path, (), "test"), [Task(path.name, decode=True)], 1)
    facts = from_memo(answer.memo, "test")
    assert facts is not None
    assert "larger than 128 MiB" in facts.problem
    assert answer.sha256 == hashlib.sha256(bytes(LARGEST_IMAGE + 1)).digest()


def test_spawned_workers_do_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_context", lambda: multiprocessing.get_context("spawn"))
    assert set(read(folder).values()) == {""}


SCRIPT = """
    import sys
    import threading
    from datetime import date
    from pathlib import Path
    from dragon_ledger.quality.check import check_transfer
    from dragon_ledger.quality.rules import built_in

    def show(progress):
        print("reading", flush=True)

    if __name__ == "__main__":
        if sys.argv[2] == "spawn":  # which a process with threads has to do
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        try:
            folder, today = Path(sys.argv[1]), date(2026, 11, 22)
            check_transfer(folder, built_in(), today=today, progress=show, workers=2)
        except KeyboardInterrupt:
            print("stopped", flush=True)
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for left-over processes in /proc")
@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("wait", [0.0, 0.3, 0.8])
def test_an_interrupted_check_stops_and_leaves_nothing(
    clean_folder: Path, tmp_path: Path, start: str, wait: float
) -> None:
    """Ctrl-C before the workers are there, while they start, and later; no worker complains."""
    folder = tmp_path / "many"
    for number in range(6):
        shutil.copytree(clean_folder, folder / str(number))
    script = tmp_path / "check.py"
    script.write_text(textwrap.dedent(SCRIPT), "utf-8")
    before = sorted(folder.rglob("*"))
    with subprocess.Popen(
        [sys.executable, str(script), str(folder), start],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[0].replace("reading\n", "")
    assert said in {"stopped\n", ""}  # nothing when the check was faster than the finger
    assert sorted(folder.rglob("*")) == before
    assert not list(_group_members(process.pid))


def _group_members(group: int) -> list[str]:
    """Processes of a group but for multiprocessing's tracker, which ends when its pipe closes."""
    members = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text("utf-8").rpartition(")")[2].split()
            command = entry.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if fields[2] == str(group) and fields[0] != "Z" and b"resource_tracker" not in command:
            members.append(entry.parent.name)
    return members
