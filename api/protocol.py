"""HTTP/1.1 as uvicorn speaks it, with limits on what comes before a body and on who never reads.

Uvicorn waits for a header for ever, keeps one of any size, keeps an answer for ever that nobody
takes, and answers in plain text to what is no HTTP; none of its settings changes that. A service
that stands open to a hospital's network must do none of these. What is used of uvicorn's protocol
is no interface that it promises to keep: pyproject.toml holds it to the version this was tested
with, and tests/api/test_protocol.py shows each limit on a real server.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems import KINDS, MEDIA_TYPE, Problem, busy, problem_body

HEAD_BYTES = 64 << 10
HEAD_SECONDS = 15.0
READ_SECONDS = 60.0
CONNECTIONS = 512
RETRY_SECONDS = 5


class LimitedProtocol(HttpToolsProtocol):
    """One connection; it ends when a header is too large, too slow, or no HTTP, or nobody reads."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._in_body = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Begin to wait for a header."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            self._refuse(busy(f"more than {CONNECTIONS} connections are open", RETRY_SECONDS))
        else:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes less than it is given: see that it takes anything."""
        super().pause_writing()
        self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        self._stop_watching()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse what came; count what is no whole header yet."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._head_timer is None:
            self._wait_after_an_answer()
            return
        if self._in_body:
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(Problem("header-too-large", f"more than {HEAD_BYTES} bytes of header"))

    def on_message_begin(self) -> None:
        """Wait for the rest of the header."""
        super().on_message_begin()
        self._stop_waiting()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._in_body = True
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole, or there was none."""
        self._in_body = False
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Tell a client that this is no HTTP, as a problem."""
        self._refuse(Problem("malformed-request", msg))

    def _wait_for_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _wait_after_an_answer(self) -> None:
        """What comes then ends uvicorn's own wait for the next request, and yet begins none.

        It is blank lines, or the rest of a body that was refused before it had come.
        """
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.timeout_keep_alive_task is None:
            self._wait_for_head()

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watch_reader(self, waiting: int) -> None:
        self._stop_watching()
        self._read_timer = self.loop.call_later(READ_SECONDS, self._has_it_read, waiting)

    def _stop_watching(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _has_it_read(self, before: int) -> None:
        """End the connection when not one byte was taken."""
        waiting = self.transport.get_write_buffer_size()
        if waiting < before:
            self._watch_reader(waiting)
        else:
            self.transport.abort()

    def _too_slow(self) -> None:
        """No header came. Who has sent nothing at all is not told anything."""
        if self._head_bytes:
            self._refuse(Problem("too-slow", f"no whole header in {HEAD_SECONDS:.0f} seconds"))
        else:
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if not self._has_begun_to_answer():
            self.transport.write(_response(problem))
        self.transport.close()

    def _has_begun_to_answer(self) -> bool:
        """One request has one answer: a second would stand inside the first, or after it."""
        cycle = self.cycle
        if cycle is None or not cycle.response_started:
            return False
        return self._in_body or not cycle.response_complete


def _response(problem: Problem) -> bytes:
    """A whole response, and the end of its connection."""
    status, body = KINDS[problem.kind].status, problem_body(problem, "")
    headers = {
        **problem.headers,
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "x-content-type-options": "nosniff",
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {int(status)} {status.phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
