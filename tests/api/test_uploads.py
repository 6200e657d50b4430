"""Uploads together are bounded, and nothing of them is left, however they end."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import anyio
import httpx
import pytest

from api.problems import BASE, Problem
from api.spool import Limits, Spool
from tests.api.conftest import PATIENCE, Ledger, Server, beside, content_digest

LENGTH = 100_000
HEAD = b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answer_of(upload: socket.socket) -> tuple[int, str]:
    """Status and text of an answer, read until the service ends the connection."""
    upload.settimeout(PATIENCE)
    answer = b""
    try:
        while piece := upload.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass  # a byte of the body came after it had closed; what it said before stands
    text = answer.decode()
    return int(text.split()[1]), text


async def pieces(*sizes: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for size in sizes:
        await anyio.sleep(pause)
        yield bytes(size)


def spooled(spool: Spool, body: AsyncIterator[bytes], announced: int | None = None) -> int:
    """The size that was taken in."""

    async def run() -> int:
        async with spool.receive(body, 1000, announced) as taken:
            return taken.size

    return anyio.run(run)


def refused(spool: Spool, body: AsyncIterator[bytes], announced: int | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        spooled(spool, body, announced)
    assert list(spool.folder.iterdir()) == []
    return caught.value


def test_all_files_together_are_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(total_bytes=150, at_once=9, stall_seconds=9))

    async def run() -> None:
        async with spool.receive(pieces(100), 1000) as first:
            assert first.size == 100
            with pytest.raises(Problem, match="all the room") as caught:
                async with spool.receive(pieces(30, 30), 1000):
                    pytest.fail("151 bytes of 150")
            assert caught.value.kind == "busy"
            assert int(caught.value.headers["Retry-After"]) > 0
            async with spool.receive(pieces(50), 1000):
                pass

    anyio.run(run)
    assert spooled(spool, pieces(150)) == 150, "what ended takes no room"


def test_room_is_kept_for_what_was_announced(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(total_bytes=150, at_once=9, stall_seconds=9))
    assert refused(spool, pieces(1), announced=151).kind == "busy"
    assert refused(spool, pieces(1), announced=1001).kind == "too-large"
    assert refused(spool, pieces(900, 101)).kind == "busy"
    assert spooled(spool, pieces(75, 75), announced=150) == 150


def test_who_sends_nothing_or_next_to_nothing_loses_his_place(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(total_bytes=1000, at_once=1, stall_seconds=0.1))
    assert refused(spool, pieces(1, 1, pause=5)).kind == "too-slow"
    trickle = refused(spool, pieces(*[1] * 100, pause=0.02))
    assert trickle.kind == "too-slow"
    assert "stopped after" in trickle.detail
    assert spooled(spool, pieces(500)) == 500, "the place is free again"


@pytest.fixture(scope="module")
def small(known: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that takes three uploads, and 1 MB together."""
    changes = (
        ("uploads = 32", "uploads = 3"),
        ("spool_total_bytes = 34359738368", "spool_total_bytes = 1000000"),
        ("upload_stall_seconds = 30", "upload_stall_seconds = 3.0"),
    )
    with beside(known, tmp_path_factory.mktemp("small"), *changes) as server:
        yield server


@pytest.mark.slow
def test_parallel_uploads_are_told_to_come_back(small: Server) -> None:
    """Twelve clients at once: three are read, every other one is told at once."""
    ready = Barrier(12)

    def send(_number: int) -> tuple[int, str]:
        with socket.create_connection(small.address()) as upload:
            ready.wait(PATIENCE)
            upload.sendall(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") % LENGTH)
            upload.sendall(b"x")
            return answer_of(upload)

    with ThreadPoolExecutor(12) as clients:
        answers = list(clients.map(send, range(12)))
    busy = [text for status, text in answers if status == 503]
    slow = [text for status, text in answers if status == 408]
    assert len(busy) + len(slow) == 12, [status for status, _ in answers]
    assert busy
    assert len(slow) >= 3, "three had a place, and more only where one was given back"
    assert all("retry-after: 10" in text.lower() and BASE + "busy" in text for text in busy)
    assert all(BASE + "too-slow" in text for text in slow)
    assert list(small.spool.iterdir()) == []


@pytest.mark.slow
def test_the_total_is_held_against_real_clients(small: Server) -> None:
    """Two announce 0.6 MB each of 1 MB: the second has to come back, and is read then."""
    url, body = f"{small.url}/v1/verdicts", b"x" * 600_000
    with socket.create_connection(small.address()) as first:
        first.sendall(HEAD % len(body) + body[:1000])
        wait_for(lambda: any(small.spool.iterdir()))
        second = httpx.post(url, content=body)
        assert second.status_code == 503
        assert second.json()["type"] == BASE + "busy"
        assert int(second.headers["retry-after"]) > 0
    wait_for(lambda: not any(small.spool.iterdir()))
    assert httpx.post(url, content=body).status_code == 200


@pytest.mark.slow
def test_a_stalled_client_leaves_no_file(small: Server) -> None:
    with socket.create_connection(small.address()) as upload:
        upload.sendall(HEAD % LENGTH + b"x" * 2000)
        wait_for(lambda: any(small.spool.iterdir()))
        status, text = answer_of(upload)
    assert status == 408
    assert "stopped after 2000 bytes" in text
    assert list(small.spool.iterdir()) == []


@pytest.mark.slow
def test_a_second_service_on_the_same_folder_deletes_nothing(known: Ledger) -> None:
    server = known.server
    with socket.create_connection(server.address()) as upload:
        upload.sendall(HEAD % LENGTH + b"x" * 2000)
        wait_for(lambda: any(server.spool.iterdir()))
        second = server.run("api", "serve", "--config", str(server.config), "--port", "0")
        assert second.returncode != 0
        assert "already works on this folder" in second.stderr
        assert "Traceback" not in second.stderr
        assert any(server.spool.iterdir()), "what the first is reading is still there"
    wait_for(lambda: not any(server.spool.iterdir()))


@pytest.mark.slow
def test_waiting_uploads_keep_no_question_waiting(known: Ledger, small: Server) -> None:
    digest = content_digest(known.model).hex()
    uploads = [socket.create_connection(small.address()) for _ in range(3)]
    try:
        for upload in uploads:
            upload.sendall(HEAD % LENGTH + b"x")
        wait_for(lambda: len(list(small.spool.iterdir())) == 3)
        answer = httpx.get(f"{small.url}/v1/verdicts/{digest}")
        assert answer.json()["answer"] == "valid"
    finally:
        for upload in uploads:
            upload.close()
    wait_for(lambda: not any(small.spool.iterdir()))


@pytest.mark.slow
def test_a_form_is_refused_and_never_taken_for_the_file(known: Ledger) -> None:
    """A form around a released model would have another digest: 'not valid' would be a lie."""
    url = f"{known.server.url}/v1/verdicts"
    form = httpx.post(url, files={"file": known.model.read_bytes()})
    assert (form.status_code, form.json()["type"]) == (415, BASE + "unsupported-media-type")
    packed = httpx.post(url, content=b"x", headers={"Content-Encoding": "gzip"})
    assert (packed.status_code, packed.json()["type"]) == (415, BASE + "unsupported-media-type")
    plain = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl says by itself
    found = httpx.post(url, content=known.model.read_bytes(), headers=plain)
    assert found.json()["answer"] == "valid"
