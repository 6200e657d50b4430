"""One node over web3's `HTTPProvider`: requests, batches, time limits, and faults in words."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from typing import Any

import requests
from requests.utils import get_auth_from_url, urldefragauth
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from dragon_ledger.chain.rpc import Call
from dragon_ledger.errors import NodeError

# Besu refuses more than 1 024 calls in one batch, geth more than 1 000.
BATCH = 500
CONNECT_SECONDS = 5.0


class NodeDown(Exception):
    """A node gave no usable answer: refused, timed out, or not JSON-RPC. Stays in this room."""


class Node:
    """One node by its address. Not every answer is the truth; `provider` checks what can be."""

    def __init__(self, url: str, timeout: float) -> None:
        self.name, login = _without_login(url)
        self._session = requests.Session()
        # The environment's proxies are for the internet; nodes are members' own.
        self._session.trust_env = False
        self._session.auth = login
        self._http = HTTPProvider(
            self.name,
            # A redirection would take requests to a node that nobody named.
            {"timeout": (min(timeout, CONNECT_SECONDS), timeout), "allow_redirects": False},
            self._session,
            # Trying again here would hide a fault from the fail-over, for seconds.
            exception_retry_configuration=None,
        )
        # From 1 on: Ganache takes an id of 0 for none.
        self._http.request_counter = itertools.count(1)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Return the results in the order of the calls.

        Raises:
            NodeDown: no usable answer.
            NodeError: the node refused one of the calls; the first in order is raised.
        """
        results: list[Any] = []
        for start in range(0, len(calls), BATCH):
            results += self._results(calls[start : start + BATCH])
        return results

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _results(self, calls: Sequence[Call]) -> list[Any]:
        answers = self._answers([(RPCEndpoint(method), params) for method, params in calls])
        try:
            ids = {answer["id"] for answer in answers}
            if None not in ids and len(ids) == len(calls):
                return [_result(*pair) for pair in zip(calls, answers, strict=True)]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise NodeDown(f"its answer is not JSON-RPC: {str(answers)[:200]}") from error
        raise NodeDown(f"its answers do not match the requests: {str(answers)[:200]}")

    def _answers(self, asked: list[tuple[RPCEndpoint, Any]]) -> Any:
        """What the node answers, in the order of the requests' ids."""
        handled = sys.exception()
        try:
            if len(asked) == 1:
                return [self._http.make_request(*asked[0])]
            return self._http.make_batch_request(asked)
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise NodeDown(_cause(error, handled)) from error
        except (AttributeError, TypeError) as error:
            raise NodeDown(f"its answers cannot be put in order: {error}") from error


def _without_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """Take name and password out of an address, so that no message shows them."""
    try:
        user, password = get_auth_from_url(url)
        return urldefragauth(url), (user, password) if user else None
    except ValueError:
        return "(not a valid address)", None


def _cause(error: BaseException, handled: BaseException | None) -> str:
    """The fault at the bottom of the libraries' wrappings, such as a refused connection.

    Below it stands what the caller was handling when it asked, if anything.
    """
    while error.__context__ is not None and error.__context__ is not handled:
        error = error.__context__
    return f"{type(error).__name__}: {str(error)[:200]}"


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
