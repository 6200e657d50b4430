"""Connections that would stay for ever, against a real server of one page in this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader

import anyio
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api import protocol
from api.problems import BASE

pytestmark = pytest.mark.slow

SIZE = 64 << 20
PATIENCE = 30.0
KEPT = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET = KEPT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


async def large(scope: Scope, _receive: Receive, send: Send) -> None:
    """More than the system keeps for a client that does not read."""
    headers = [(b"content-length", str(SIZE).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["path"] == "/in-two-parts":
        half = {"body": bytes(SIZE // 2), "more_body": True}
        await send({"type": "http.response.body", **half})
        await anyio.sleep(3 * protocol.HEAD_SECONDS)
        await send({"type": "http.response.body", "body": bytes(SIZE // 2)})
    else:
        await send({"type": "http.response.body", "body": bytes(SIZE)})


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    for name, value in (("HEAD_SECONDS", 0.5), ("READ_SECONDS", 0.5), ("CONNECTIONS", 4)):
        monkeypatch.setattr(protocol, name, value)
    config = uvicorn.Config(
        large, port=0, http=protocol.LimitedProtocol, ws="none", lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join(PATIENCE)
    assert not thread.is_alive(), "a connection has kept the server from ending"


def read_answer(reader: BufferedReader) -> None:
    """Take in one whole answer: the header to its empty line, then the body."""
    assert b"\r\n" in iter(reader.readline, b"")
    assert len(reader.read(SIZE)) == SIZE


def rest(client: socket.socket) -> int:
    """How many bytes come until the end of the connection."""
    client.settimeout(PATIENCE)
    count = 0
    try:
        while piece := client.recv(1 << 20):
            count += len(piece)
    except ConnectionError:
        pass  # that is the end, too
    return count


def test_who_reads_nothing_is_let_go(address: tuple[str, int]) -> None:
    stopped = threading.Event()
    with socket.create_connection(address) as client:
        client.sendall(GET)
        stopped.wait(3 * protocol.READ_SECONDS)
        assert rest(client) < SIZE, "only what the system had taken was left"


def test_blank_lines_after_an_answer_keep_no_connection(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client, client.makefile("rb") as reader:
        client.settimeout(PATIENCE)
        client.sendall(KEPT)
        read_answer(reader)
        client.sendall(b"\r\n")
        assert reader.read() == b"", "it is let go, and not kept until it says more"


def test_the_rest_of_a_body_that_was_answered_early_is_no_header(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", PATIENCE)
    body = b"x" * 8 * protocol.HEAD_BYTES
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(address) as client, client.makefile("rb") as reader:
        client.settimeout(PATIENCE)
        client.sendall(head)
        read_answer(reader)
        client.sendall(body)
        client.sendall(KEPT)
        assert reader.readline().startswith(b"HTTP/1.1 200 "), "the next request is answered"


def test_a_body_that_was_answered_early_and_never_ends_keeps_no_connection(
    address: tuple[str, int],
) -> None:
    head = KEPT.replace(b"\r\n\r\n", b"\r\nContent-Length: 1000000\r\n\r\n")
    with socket.create_connection(address) as client, client.makefile("rb") as reader:
        client.settimeout(PATIENCE)
        client.sendall(head)
        read_answer(reader)
        client.sendall(b"x")
        assert reader.read() == b"", "it is let go, without a second answer to one request"


def test_what_is_wrong_with_the_next_request_is_not_said_inside_an_answer(
    address: tuple[str, int],
) -> None:
    with socket.create_connection(address) as client, client.makefile("rb") as reader:
        client.settimeout(PATIENCE)
        client.sendall(KEPT.replace(b" / ", b" /in-two-parts "))
        assert reader.readline().startswith(b"HTTP/1.1 200 ")
        client.sendall(b"GET /next")  # and nothing more, while the first answer is on its way
        assert b"HTTP/1.1" not in reader.read()


def test_who_reads_slowly_gets_all(address: tuple[str, int]) -> None:
    pause, count = threading.Event(), 0
    with socket.create_connection(address) as client:
        client.settimeout(PATIENCE)
        client.sendall(GET)
        # Longer than READ_SECONDS in all, and never that long without a byte.
        for _ in range(8):
            pause.wait(0.1)
            count += len(client.recv(1 << 20))
        assert count + rest(client) > SIZE


def test_connections_have_a_limit_and_it_is_said(address: tuple[str, int]) -> None:
    idle = [socket.create_connection(address) for _ in range(protocol.CONNECTIONS)]
    try:
        with socket.create_connection(address) as one_more:
            one_more.settimeout(PATIENCE)
            answer = b"".join(iter(lambda: one_more.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert f"{BASE}busy".encode() in answer
        assert b"Retry-After: " in answer
        # Those that say nothing are let go, and then there is room again.
        with ThreadPoolExecutor(protocol.CONNECTIONS) as readers:
            assert set(readers.map(rest, idle)) == {0}
    finally:
        for client in idle:
            client.close()
    with socket.create_connection(address) as later:
        later.sendall(GET)
        assert rest(later) > SIZE
