"""An HTTP proxy before a real node, to make it behave as other nodes do, or misbehave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

Request = dict[str, Any]
UPSTREAM = httpx.Client(trust_env=False, verify=False)  # noqa: S501 (loopback, no TLS)
Answer = Callable[[Request], dict[str, Any] | None]
"""Answers one request in the node's place, or returns None to let the node answer."""


def failure(message: str, code: int = -32000, data: Any = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **({"data": data} if data else {})}}


@contextmanager
def proxy(node: str, answer: Answer) -> Iterator[str]:
    """Serve on a free loopback port until the block ends; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests = asked if isinstance(asked, list) else [asked]
            answers = [_one(node, request, answer) for request in requests]
            self._reply(json.dumps(answers if isinstance(asked, list) else answers[0]).encode())

        def _reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        yield url


@contextmanager
def raw(body: bytes, status: int = 200) -> Iterator[str]:
    """Answer every request with the same bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        yield url


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire."""

    headers: dict[str, str]
    requests: list[Request]


@contextmanager
def recorded(
    status: int = 503, headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[Seen]]]:
    """Refuse every request with a status, and remember it; gives address and requests."""
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(Seen(dict(self.headers), asked if isinstance(asked, list) else [asked]))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        yield url, seen


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _one(node: str, request: Request, answer: Answer) -> dict[str, Any]:
    given = answer(request)
    if given is None:
        given = UPSTREAM.post(node, json=request).json()
    return {"jsonrpc": "2.0", "id": request["id"], **given}
