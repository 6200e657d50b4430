"""What a hostile client may send: each gets a clean problem, and the service goes on."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

from api import protocol
from api.problems import BASE, KINDS, MEDIA_TYPE
from tests.api.conftest import PATIENCE, Ledger, Server, content_digest

pytestmark = pytest.mark.slow
POST = b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\n"


def send(server: Server, data: bytes) -> bytes:
    """What the service answers to these bytes until it closes the connection."""
    with socket.create_connection(server.address()) as client:
        client.settimeout(PATIENCE)
        answer = b""
        # It may close while we still send; what it said before stands.
        with suppress(ConnectionError):
            client.sendall(data)
            while piece := client.recv(65536):
                answer += piece
    return answer


def kind_of(answer: bytes) -> str:
    """The type of problem that a raw answer tells."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-type: {MEDIA_TYPE}".encode() in head.lower(), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1, "one request, one answer"
    document: dict[str, Any] = httpx.Response(200, content=body).json()
    kind = str(document["type"]).removeprefix(BASE)
    assert document["status"] == int(head.split()[1]) == KINDS[kind].status
    return kind


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"BREW /v1/runs HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET /v1/verdicts/" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        POST + b"Content-Length: -5\r\n\r\nabcde",
        POST
        + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    ],
    ids=[
        "tls",
        "method",
        "bytes",
        "folded",
        "path",
        "lengths",
        "negative",
        "smuggled",
        "te",
        "chunk",
    ],
)
def test_what_is_no_http_is_told_so(known: Ledger, data: bytes) -> None:
    assert kind_of(send(known.server, data)) == "malformed-request"


def test_a_header_has_a_limit(known: Ledger) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "
    answer = send(known.server, head + b"a" * 20 * protocol.HEAD_BYTES)
    assert kind_of(answer) == "header-too-large"


def test_a_header_that_never_ends_is_not_waited_for(known: Ledger) -> None:
    """Slowloris: a part of a header, then nothing; and a connection that never says anything."""
    with ThreadPoolExecutor(2) as clients:
        parts = (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"")
        begun, silent = clients.map(lambda part: send(known.server, part), parts)
    assert kind_of(begun) == "too-slow"
    assert silent == b""


@pytest.mark.parametrize(
    "path",
    [
        "/v1/runs?limit=-1",
        "/v1/runs?limit=0",
        "/v1/runs?limit=501",
        "/v1/runs?limit=1e3",
        "/v1/runs?limit=99999999999999999999",
        "/v1/runs?limit=1&limit=2",
        "/v1/runs?cursor=%00",
        "/v1/runs?cursor=%ff",
        f"/v1/runs?cursor={'9' * 10_000}",
        "/v1/runs?plan=%25",
        "/v1/runs?plan=%27%20OR%201=1",
        "/v1/events?name=%25",
        "/v1/events?name=Run_",
        "/v1/events?organisation=1%3BDROP",
        "/v1/events?from_block=-1",
        "/v1/events?from_block=99999999999999999999",
        "/v1/datasets?organization=1",
        "/v1/verdicts/%ff%fe",
        "/v1/verdicts/" + "1" * 63,
        f"/v1/verdicts/{'1' * 64}?source=bundle",
        f"/v1/verdicts/{'1' * 64}?token=x",
    ],
)
def test_what_is_not_as_specified_is_refused(known: Ledger, path: str) -> None:
    answer = httpx.get(known.server.url + path)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == BASE + "invalid-request"


@pytest.mark.parametrize("path", ["/%ff%fe", "/a%00b", "/docs/%00", "/" + "a" * 5000, "/v1/x/y"])
def test_odd_paths_are_not_found(known: Ledger, path: str) -> None:
    answer = httpx.get(known.server.url + path)
    assert (answer.status_code, answer.json()["type"]) == (404, BASE + "not-found")


@pytest.mark.parametrize("path", ["/../api.toml", "/%2e%2e/api.toml", "/verify/..%2f..%2fapp.py"])
def test_nothing_outside_is_served(known: Ledger, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert kind_of(send(known.server, request.encode())) == "not-found"


@pytest.mark.parametrize("body", [b"[" * 2_000_000, b'{"a":"' + b"x" * 10_000_000 + b'"}'])
def test_json_is_a_file_like_any_other(known: Ledger, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{known.server.url}/v1/verdicts", content=body, headers=headers)
    assert answer.json()["answer"] == "not valid"
    assert answer.json()["presented"]["content_digest"] is None


def test_two_hundred_at_once_all_get_their_answer(known: Ledger) -> None:
    digest = content_digest(known.model).hex()
    paths = [f"/v1/verdicts/{digest}", f"/v1/traces/{digest}", "/v1/events", "/readyz"]

    def ask(number: int) -> int:
        return httpx.get(known.server.url + paths[number % 4], timeout=PATIENCE).status_code

    with ThreadPoolExecutor(200) as clients:
        assert set(clients.map(ask, range(200))) == {200}


def test_an_upgrade_to_another_protocol_is_not_made(known: Ledger) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = httpx.get(f"{known.server.url}/healthz", headers=headers)
    assert answer.json() == {"status": "ok"}


def test_head_is_get_without_a_body(known: Ledger) -> None:
    url = f"{known.server.url}/v1/verdicts/{content_digest(known.model).hex()}"
    got, head = httpx.get(url), httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == got.headers["etag"]
    assert httpx.head(f"{known.server.url}/v1/nothing").status_code == 404


def test_allow_names_every_method(known: Ledger) -> None:
    asked = {"/v1/verdicts": "GET, HEAD, POST", "/v1/runs": "GET, HEAD", "/": "GET, HEAD"}
    asked[f"/v1/artefacts/{'0' * 64}"] = "GET, HEAD, PUT"
    for path, allowed in asked.items():
        answer = httpx.request("PATCH", known.server.url + path)
        assert answer.json()["type"] == BASE + "method-not-allowed"
        assert answer.headers["allow"] == allowed


def test_the_service_has_survived_all_of_it(known: Ledger) -> None:
    assert known.server.process is not None
    assert known.server.process.poll() is None
    assert "Traceback" not in known.server.log.read_text()
    assert httpx.get(f"{known.server.url}/readyz").status_code == 200
