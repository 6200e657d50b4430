"""What the service knows of the chain: the index, and how fresh it is."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from api.settings import Settings
from dragon_ledger.chain.client import Client
from dragon_ledger.errors import LedgerError, StaleState, StorageError
from dragon_ledger.index.database import open_database, reading
from dragon_ledger.index.facts import State, state
from dragon_ledger.index.follower import Follower, Reached, reached
from dragon_ledger.index.lock import writer_lock

logger = logging.getLogger("dragon_ledger.api")
NODE_TIMEOUT = 5.0


def public_words(error: Exception) -> str:
    """An error in words for everybody: the addresses of nodes may carry secrets."""
    return re.sub(r"\b(?:https?|wss?)://[^\s,;\"']+[^\s,;:\"']", "the node", str(error))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


class Ledger:
    """The index and the thread that keeps it, or watches it, at the head of the chain."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self.engine: Engine = open_database(settings.index)
        self.client = client
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="chain", daemon=True)
        self._state: State | None = None
        self._good_at: float | None = None
        self._good_time = 0.0
        self._trouble = "the node has not been asked yet"
        self._head: Reached | None = None
        self._moved_at = 0.0

    def start(self) -> None:
        """Start following."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following and close the index."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * NODE_TIMEOUT)
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, State]]:
        """One transaction on the index, and the state that it sees.

        Raises:
            StaleState: the index has not read anything yet.
            StorageError: it cannot be read.
        """
        with reading(self.engine) as connection:
            # Two threads may both read a new state; either one's is right.
            self._state = now = state(connection, self._state)
            yield connection, self._named(now)

    def _named(self, now: State) -> State:
        """The state, with the fingerprint of the network file that the service goes by."""
        fingerprint = self.client.network.fingerprint
        return replace(now, as_of=replace(now.as_of, network_file=fingerprint))

    def stale_reason(self) -> str | None:
        """Why the index may be behind the chain; None while it is known not to be."""
        good_at, trouble = self._good_at, self._trouble
        if good_at is None:
            return trouble
        if time.monotonic() - good_at > self._settings.stale_seconds:
            trouble = trouble or "the node does not answer"
        if trouble:
            return f"{trouble} (the last good answer was at {_moment(self._good_time)})"
        return self._silence()

    def _silence(self) -> str | None:
        """Since when validators, who make a block every period, have sealed none."""
        head, moved_at = self._head, self._moved_at
        # A chain without validators makes a block when there is something for it.
        if head is None or self.client.network.validators is None:
            return None
        if time.monotonic() - moved_at <= self._settings.stale_seconds:
            return None
        return (
            f"nothing was sealed since {_moment(head.time)} (block {head.block}): a quorum of"
            " validators is away, or the node is cut off from them"
        )

    def _watch(self) -> None:
        """Ask for new blocks until stopped; every trouble is a state, none ends the thread."""
        while not self._stop.is_set():
            try:
                self._passes()
            except LedgerError as error:
                self._note(error)
            except DatabaseError as error:
                self._note(StorageError(f"the index cannot be written: {error.orig}"))
            self._stop.wait(self._settings.poll_seconds)

    def _passes(self) -> None:
        """Pass after pass, as long as all goes well."""
        if not self._settings.follow:
            while not self._stop.wait(self._settings.poll_seconds):
                self._compare()
            return
        with writer_lock(self.engine):
            follower = Follower(self.engine, self.client)
            while not self._stop.is_set():
                self._good(follower.sync().reached)
                self._stop.wait(self._settings.poll_seconds)

    def _compare(self) -> None:
        """Another process writes the index: is it at the node's newest final block?"""
        head = self.client.final_block()
        with reading(self.engine) as connection:
            done = reached(connection)
        if done is not None and (done.block, done.hash) == (head.number, head.hash):
            self._good(done)
            return
        at = "nothing" if done is None else f"block {done.block}"
        behind = f"the index has read {at}, the chain is at block {head.number}"
        # A block that the other process is about to read is no reason yet.
        since = None if self._good_at is None else time.monotonic() - self._good_at
        if since is None or since > self._settings.stale_seconds:
            self._note(StaleState(behind))

    def _good(self, head: Reached) -> None:
        if self._head is None or head.hash != self._head.hash:
            self._head, self._moved_at = head, time.monotonic()
        if self._trouble:
            logger.info("following the chain again")
        self._good_at, self._good_time, self._trouble = time.monotonic(), time.time(), ""

    def _note(self, error: LedgerError) -> None:
        trouble = public_words(error)
        if trouble != self._trouble:
            logger.warning("not following the chain: %s", error)
        self._trouble = trouble
