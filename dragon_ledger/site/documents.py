"""Sealed documents on their way: kept in the store, pushed to the exchange, fetched from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.exchange import Exchange, ExchangeUnavailable
from dragon_ledger.site.outbox import Outbox
from dragon_ledger.site.store import Store

PAUSE_SECONDS = 10.0
"""How long an exchange that failed is left alone: waiting for it must not hold up commits."""

T = TypeVar("T")


class Documents:
    """A folder's documents by digest."""

    def __init__(self, store: Store, outbox: Outbox, exchange: Exchange) -> None:
        self._store = store
        self._outbox = outbox
        self._exchange = exchange
        self._failed: tuple[float, str] | None = None

    def publish(self, data: bytes) -> bytes:
        """Keep a document and queue it for the exchange; its digest."""
        digest = self._store.put(data)
        self._outbox.publish(digest)
        return digest

    def push(self) -> None:
        """Hand over what waits; stops at the first failure.

        Raises:
            ExchangeUnavailable: the exchange does not take it now; it stays queued.
        """
        for waiting in self._outbox.unpublished():
            try:
                self._ask(partial(self._exchange.put, self._store.get(waiting.digest)))
            except ExchangeUnavailable as error:
                self._outbox.explain_publication(waiting.digest, str(error))
                raise
            self._outbox.mark_published(waiting.digest)
            log_event("document.published", digest=waiting.digest)

    def fetch(self, digest: bytes) -> bytes | None:
        """A document of the store, or of the exchange, which is then kept; None when nobody has it.

        Raises:
            ExchangeUnavailable: the exchange does not answer.
            ProofError: the exchange sent something else.
        """
        if self._store.has(digest):
            return self._store.get(digest)
        data = self._ask(partial(self._exchange.get, digest))
        if data is not None:
            self._store.put(data)
        return data

    def _ask(self, request: Callable[[], T]) -> T:
        """Ask the exchange, unless it failed a moment ago; then fail the same way at once."""
        if self._failed and time.monotonic() - self._failed[0] < PAUSE_SECONDS:
            raise ExchangeUnavailable(self._failed[1])
        try:
            answer = request()
        except ExchangeUnavailable as error:
            self._failed = time.monotonic(), str(error)
            raise
        self._failed = None
        return answer
