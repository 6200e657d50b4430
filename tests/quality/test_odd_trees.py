"""Trees that nobody sends on purpose: odd names, deep folders, files that change meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dragon_ledger.quality.findings import CheckOutcome
from dragon_ledger.quality.known import Progress
from dragon_ledger.quality.report_html import render_html
from dragon_ledger.quality.tables import LARGEST_TABLE
from tests.quality.conftest import Transfer, codes

pytestmark = pytest.mark.slow
NOBODY = 65534


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\nb.dcm", r"a\nb.dcm"),
        (b"\xff\xfe.dcm", r"\xff\xfe.dcm"),
        ("a\u202emcd.dcm".encode(), r"a\u202emcd.dcm"),
        ("a\u2028b.dcm".encode(), r"a\u2028b.dcm"),
    ],
)
def test_a_name_that_no_report_can_hold_is_refused(
    transfer: Transfer, name: bytes, shown: str
) -> None:
    image = transfer.images()[3]
    os.rename(os.fsencode(image), os.fsencode(image.parent) + b"/" + name)  # noqa: PTH104 (bytes)
    report = transfer.judge()
    assert codes(report) == {"structure.name-unsafe"}
    (finding,) = (each for each in report.findings if each.check == "structure")
    assert (finding.file or "").rpartition("/")[2] == shown
    assert report.annex_json().isascii() or shown.isascii()
    page = render_html(report.summary(), report.annex())
    assert "\u202e" not in page
    page.encode()


def test_a_folder_name_that_is_no_utf_8_is_shown_escaped(transfer: Transfer) -> None:
    folder = transfer.series[0].parents[1]
    os.rename(os.fsencode(folder), os.fsencode(folder.parent) + b"/P\xff")  # noqa: PTH104 (bytes)
    report = transfer.judge()
    assert "structure.name-unsafe" in codes(report)
    assert {row.subject for row in report.series} >= {r"P\xff"}
    render_html(report.summary(), report.annex()).encode()


def test_a_tree_deeper_than_the_stack_and_the_longest_path(transfer: Transfer) -> None:
    here = os.open(transfer.series[0], os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        assert codes(transfer.judge()) == {"structure.unreadable"}
    finally:  # Python's own removal of trees is recursive
        subprocess.run(["/bin/rm", "-rf", str(transfer.folder)], check=True)


def test_a_loop_of_links_is_not_followed(transfer: Transfer) -> None:
    (transfer.series[0] / "loop").symlink_to(transfer.folder, target_is_directory=True)
    (transfer.series[0] / "self").symlink_to("self")
    assert codes(transfer.judge()) == {"structure.link"}


def test_a_socket_is_not_opened(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(transfer.series[0])  # the path of a socket may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("9999.dcm")
        assert codes(transfer.judge()) == {"structure.special"}


@contextmanager
def without_rights() -> Iterator[None]:
    """Be somebody who owns nothing, when the tests run as root, whom no permission stops."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("level", ["file", "folder", "table"])
def test_what_may_not_be_read_is_named(clean_folder: Path, level: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        transfer = Transfer(Path(name) / "transfer")
        shutil.copytree(clean_folder, transfer.folder)
        closed = {
            "file": transfer.images()[3],
            "folder": transfer.series[0],
            "table": transfer.folder / "UNIFI_dm.csv",
        }[level]
        shown = transfer.relative(closed)
        closed.chmod(0)
        with without_rights():
            report = transfer.judge()
        closed.chmod(0o755)
    expected = {
        "file": "dicom.unreadable",
        "folder": "structure.unreadable",
        "table": "domains.unreadable",
    }[level]
    assert expected in codes(report)
    assert shown in {each.file for each in report.findings if each.code == expected}
    assert report.outcome is CheckOutcome.FAIL


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UNIFI_lb.csv", {"domains.unreadable"}),
        ("UNIFI_metadata.csv", {"metadata.unreadable"}),
        (".cache", {"structure.hidden"}),
    ],
)
def test_a_huge_file_is_digested_and_never_held(
    transfer: Transfer, name: str, expected: set[str]
) -> None:
    with (transfer.folder / name).open("ab") as file:
        file.truncate(LARGEST_TABLE + 1)  # no disk is used
    tracemalloc.start()
    report = transfer.judge()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(report) >= expected
    (record,) = (each for each in report.files if each.path == name)
    assert record.size == LARGEST_TABLE + 1
    assert peak < LARGEST_TABLE // 4


def once(act: Callable[[], object]) -> Callable[[Progress], None]:
    """Act when the first images are read."""
    waiting = [act]

    def progress(at: Progress) -> None:
        if at.new and waiting:
            waiting.pop()()

    return progress


def test_a_worker_that_is_killed_costs_nothing(transfer: Transfer) -> None:
    def kill() -> None:
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    report = transfer.judge(progress=once(kill))
    assert codes(report) == set()
    assert not multiprocessing.active_children()


def test_a_file_that_disappears_is_named(transfer: Transfer) -> None:
    last = transfer.images(2)[-1]
    report = transfer.judge(progress=once(last.unlink))
    (finding,) = (each for each in report.findings if each.code == "dicom.unreadable")
    assert finding.file == transfer.relative(last)
    assert "No such file" in finding.found


def test_a_file_that_grows_is_named_and_not_remembered(transfer: Transfer) -> None:
    last = transfer.images(2)[-1]

    def grow() -> None:
        with last.open("ab") as stream:
            stream.write(b"more")

    report = transfer.judge(progress=once(grow))
    (finding,) = (each for each in report.findings if each.code == "dicom.unreadable")
    assert finding.file == transfer.relative(last)
    assert "changed while it was read" in finding.found
    assert transfer.relative(last) not in {record.path for record in report.files}


def test_a_table_that_grows_is_named(transfer: Transfer) -> None:
    table = transfer.folder / "UNIFI_lb.csv"

    def grow() -> None:
        with table.open("ab") as stream:
            stream.write(b"more\n")

    report = transfer.judge(progress=once(grow))
    assert codes(report) == {"domains.unreadable"}


@pytest.mark.long
def test_fifty_thousand_files_are_listed_and_read(transfer: Transfer) -> None:
    image = transfer.images()[3]
    for number in range(50_000):
        os.link(image, image.with_name(f"copy{number:05d}.dcm"))
    report = transfer.judge()
    assert {"uniqueness.instance", "slice-limits.many"} <= codes(report)
    copies = [each for each in report.findings if each.code == "uniqueness.instance"]
    assert sum(each.count for each in copies) == 50_000
