"""JSON-RPC 2.0 over HTTP to one node: requests, batches, time limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from dragon_ledger.errors import NodeError

# Besu refuses more than 1 024 calls in one batch, geth more than 1 000.
BATCH = 500


class NodeDown(Exception):
    """A node gave no usable answer: refused, timed out, or not JSON-RPC. Stays in this room."""


@dataclass(frozen=True, slots=True)
class Call:
    """One JSON-RPC request."""

    method: str
    params: tuple[Any, ...] = ()


class Endpoint:
    """One node by its address. Not every answer is the truth; `client` checks what can be."""

    def __init__(self, url: str, timeout: float) -> None:
        self.url = url
        self.name = _without_secrets(url)
        limits = httpx.Timeout(timeout, connect=min(timeout, 5.0))
        # The environment's proxies are for the internet; nodes are members' own.
        self._http = httpx.Client(timeout=limits, trust_env=False)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Return the results in the order of the calls.

        Raises:
            NodeDown: no usable answer.
            NodeError: the node refused one of the calls; the first in order is raised.
        """
        results: list[Any] = []
        for start in range(0, len(calls), BATCH):
            results += self._chunk(calls[start : start + BATCH])
        return results

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _chunk(self, calls: Sequence[Call]) -> list[Any]:
        # From 1 on: Ganache takes an id of 0 for none.
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": call.method, "params": list(call.params)}
            for number, call in enumerate(calls, start=1)
        ]
        answers = self._post(requests[0] if len(requests) == 1 else requests)
        listed = [answers] if isinstance(answers, dict) else answers
        try:
            by_id = {answer["id"]: answer for answer in listed}
            return [_result(call, by_id[number]) for number, call in enumerate(calls, start=1)]
        except (KeyError, TypeError) as error:
            raise NodeDown(f"answers do not match the requests: {str(answers)[:200]}") from error

    def _post(self, payload: Any) -> Any:
        try:
            response = self._http.post(self.url, json=payload)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NodeDown(f"{type(error).__name__}: {error}") from error
        try:
            return response.json()
        except ValueError as error:
            raise NodeDown(f"HTTP {response.status_code}, no JSON") from error


def _without_secrets(url: str) -> str:
    """The address as errors show it: a password in it stays out of logs."""
    try:
        return str(httpx.URL(url).copy_with(userinfo=b""))
    except httpx.InvalidURL:
        return "(not a valid address)"


def _result(call: Call, answer: dict[str, Any]) -> Any:
    failure = answer.get("error")
    if failure is None:
        return answer["result"]
    raise NodeError(
        call.method,
        int(failure.get("code", 0)),
        str(failure.get("message", "")),
        failure.get("data"),
    )
