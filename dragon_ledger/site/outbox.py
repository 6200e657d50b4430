"""The outbox: acts that must get on chain exactly once, kept durably (SQLite, write-ahead log).

One process writes (`site.lock`); others may read. An entry is *queued*, *sent* (transactions were
signed and stored before they left), *final* (on chain, under as many blocks as the network asks
for) or *refused* (the contract said no; kept with the reason). Nothing is ever deleted, and every
change of state is kept in `history`. What moves entries is `site.pump`.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dragon_ledger.errors import InputError, StorageError

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    act TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'final', 'refused')),
    note TEXT NOT NULL,
    error TEXT,
    block INTEGER,
    block_hash BLOB,
    queued_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entry_state ON entry (state, id);
CREATE INDEX IF NOT EXISTS entry_lane ON entry (lane, state);
CREATE INDEX IF NOT EXISTS entry_block ON entry (block, id) WHERE state = 'final';
CREATE TABLE IF NOT EXISTS attempt (
    tx_hash BLOB PRIMARY KEY,
    entry INTEGER NOT NULL REFERENCES entry (id),
    nonce INTEGER NOT NULL,
    raw BLOB NOT NULL,
    signed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS attempt_entry ON attempt (entry);
CREATE TABLE IF NOT EXISTS history (
    entry INTEGER NOT NULL REFERENCES entry (id),
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS publication (
    digest BLOB PRIMARY KEY,
    queued_at INTEGER NOT NULL,
    published_at INTEGER,
    note TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS seen (
    name TEXT PRIMARY KEY,
    signature TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS observation (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 1;
COMMIT;
"""


class State(StrEnum):
    """Where an entry stands."""

    QUEUED = "queued"
    SENT = "sent"
    FINAL = "final"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A signed transaction of an entry, stored before it was sent."""

    tx_hash: bytes
    nonce: int
    raw: bytes
    signed_at: int
    entry: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `note` says in words what it waits for or why it was refused.

    `key` names the act: putting the same key twice is putting it once. Entries of one `lane` are
    sent one after the other. `error` is the contract's refusal: name and values.
    """

    id: int
    key: str
    lane: str
    kind: str
    act: Mapping[str, object]
    state: State
    note: str
    error: Mapping[str, object] | None
    block: int | None
    block_hash: bytes | None
    queued_at: int
    changed_at: int
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """A sealed document that is to reach the exchange."""

    digest: bytes
    queued_at: int
    published_at: int | None
    note: str


def _now() -> int:
    return int(time.time())


class Outbox:
    """The queue in one SQLite file. Times are this machine's clock, for people to read."""

    def __init__(
        self, path: Path, *, read_only: bool = False, clock: Callable[[], int] = _now
    ) -> None:
        """Open or create.

        Raises:
            StorageError: the file cannot be opened, created or read as a database.
        """
        self._path = path
        self._clock = clock
        with self._storage():
            self._db = _connect(path, read_only)

    def now(self) -> int:
        """This machine's clock, seconds since the epoch."""
        return self._clock()

    def close(self) -> None:
        """Close the database; everything acknowledged is on disk already."""
        self._db.close()

    # -- putting and reading ------------------------------------------------------------------

    def put(self, key: str, *, lane: str, kind: str, act: Mapping[str, object]) -> bool:
        """Queue an act; False when its key is there already, in whatever state."""
        with self._transaction():
            at = self._clock()
            cursor = self._db.execute(
                "INSERT INTO entry (key, lane, kind, act, state, note, queued_at, changed_at)"
                " VALUES (?, ?, ?, ?, 'queued', '', ?, ?) ON CONFLICT (key) DO NOTHING",
                (key, lane, kind, json.dumps(act), at, at),
            )
            if cursor.rowcount == 0:
                return False
            self._remember(int(cursor.lastrowid or 0), State.QUEUED, "")
        return True

    def find(self, key: str) -> Entry | None:
        """The entry of a key."""
        found = self._entries("WHERE key = ?", (key,))
        return found[0] if found else None

    def entries(self, *states: State) -> list[Entry]:
        """Entries in any of the states (all when none is named), oldest first."""
        if not states:
            return self._entries("", ())
        marks = ", ".join("?" for _ in states)
        return self._entries(f"WHERE state IN ({marks})", states)

    def has(self, *states: State) -> bool:
        """Whether any entry is in one of the states."""
        marks = ", ".join("?" for _ in states)
        # Only question marks are put into the text.
        query = f"SELECT EXISTS (SELECT 1 FROM entry WHERE state IN ({marks}))"  # noqa: S608 (as above)
        with self._storage():
            return bool(self._db.execute(query, states).fetchone()[0])

    def sendable(self) -> list[Entry]:
        """The oldest queued entry of each lane in which nothing is under way, oldest first."""
        return self._entries(
            "WHERE state = 'queued' AND id = (SELECT min(id) FROM entry AS other"
            " WHERE other.lane = entry.lane AND other.state IN ('queued', 'sent'))",
            (),
        )

    def newest_final(self) -> Entry | None:
        """The final entry with the highest block."""
        found = self._entries(
            "WHERE state = 'final' AND block IS NOT NULL", (), "block DESC, id DESC LIMIT 1"
        )
        return found[0] if found else None

    def history(self, entry_id: int) -> list[tuple[int, State, str]]:
        """Every state that an entry was in: when, which, why."""
        with self._storage():
            rows = self._db.execute(
                "SELECT at, state, note FROM history WHERE entry = ? ORDER BY rowid", (entry_id,)
            ).fetchall()
        return [(at, State(state), note) for at, state, note in rows]

    # -- changes of state ---------------------------------------------------------------------

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make several changes durable in one write: all of them, or none when it is cut off."""
        with self._transaction():
            yield

    def record_attempt(self, attempt: Attempt) -> None:
        """Keep a signed transaction; only once this is durable may it leave the machine."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO attempt (tx_hash, entry, nonce, raw, signed_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (tx_hash) DO NOTHING",
                (attempt.tx_hash, attempt.entry, attempt.nonce, attempt.raw, attempt.signed_at),
            )
            note = f"transaction 0x{attempt.tx_hash.hex()}, nonce {attempt.nonce}"
            self._change(attempt.entry, State.SENT, note)

    def finish(self, entry_id: int, block: int | None, block_hash: bytes | None, why: str) -> None:
        """The act is on chain; block and hash are None when another transaction carried it."""
        with self._transaction():
            self._change(entry_id, State.FINAL, why, block=block, block_hash=block_hash)

    def refuse(self, entry_id: int, name: str, values: Mapping[str, object], words: str) -> None:
        """The contract refused the act for good."""
        error = json.dumps({"name": name, "values": values}, default=_plain)
        with self._transaction():
            self._change(entry_id, State.REFUSED, words, error=error)

    def requeue(self, entry_id: int, why: str) -> None:
        """The act is not on chain and its transaction is lost: it is to be signed again."""
        with self._transaction():
            self._change(entry_id, State.QUEUED, why)

    def resend(self, entry_id: int, why: str) -> None:
        """The act fell off the chain, and its stored transaction can still be mined."""
        with self._transaction():
            self._change(entry_id, State.SENT, why)

    def retry(self, key: str) -> None:
        """Queue a refused act again, because a person removed the cause.

        Raises:
            InputError: there is no such entry, or it was not refused.
        """
        entry = self.find(key)
        if entry is None:
            raise InputError(f"outbox: no entry {key}; `outbox` lists them")
        if entry.state is not State.REFUSED:
            raise InputError(f"outbox: {key} is {entry.state}; only a refused entry is retried")
        self.requeue(entry.id, "retried by hand")

    def explain(self, entry_id: int, note: str) -> None:
        """Say what an entry waits for; no change of state."""
        with self._storage():
            self._db.execute(
                "UPDATE entry SET note = ?, changed_at = ? WHERE id = ? AND note <> ?",
                (note, self._clock(), entry_id, note),
            )

    # -- documents on their way to the exchange -----------------------------------------------

    def publish(self, digest: bytes) -> None:
        """Queue a sealed document for the exchange; once."""
        with self._storage():
            self._db.execute(
                "INSERT INTO publication (digest, queued_at, note) VALUES (?, ?, '')"
                " ON CONFLICT (digest) DO NOTHING",
                (digest, self._clock()),
            )

    def unpublished(self) -> list[Publication]:
        """Documents that the exchange has not acknowledged, oldest first."""
        with self._storage():
            rows = self._db.execute(
                "SELECT digest, queued_at, published_at, note FROM publication"
                " WHERE published_at IS NULL ORDER BY rowid"
            ).fetchall()
        return [Publication(*row) for row in rows]

    def mark_published(self, digest: bytes) -> None:
        """The exchange has the document."""
        with self._storage():
            self._db.execute(
                "UPDATE publication SET published_at = ?, note = '' WHERE digest = ?",
                (self._clock(), digest),
            )

    def explain_publication(self, digest: bytes, note: str) -> None:
        """Say why a document is not published yet."""
        with self._storage():
            self._db.execute(
                "UPDATE publication SET note = ? WHERE digest = ? AND note <> ?",
                (note, digest, note),
            )

    # -- what was taken up already ------------------------------------------------------------

    def remember(self, name: str, signature: str) -> None:
        """Something of the drop folder was taken up as it was then."""
        with self._storage():
            self._db.execute(
                "INSERT INTO seen (name, signature) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET signature = excluded.signature",
                (name, signature),
            )

    def remembered(self, name: str) -> str | None:
        """The signature with which it was taken up last."""
        with self._storage():
            row = self._db.execute("SELECT signature FROM seen WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    # -- what the process saw, for `status` ---------------------------------------------------

    def observe(self, name: str, value: str) -> bool:
        """Keep the last word on something (node away since, clock skew); empty means fine.

        Returns whether it is another word than before.
        """
        with self._storage():
            before = self._db.execute(
                "SELECT value FROM observation WHERE name = ?", (name,)
            ).fetchone()
            if (before[0] if before else "") == value:
                return False
            self._db.execute(
                "INSERT INTO observation (name, value, at) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
                (name, value, self._clock()),
            )
        return True

    def settle(self, prefix: str) -> None:
        """What was seen of everything whose name begins like this is over."""
        with self._storage():
            self._db.execute(
                "UPDATE observation SET value = '', at = ? WHERE substr(name, 1, ?) = ?",
                (self._clock(), len(prefix), prefix),
            )

    def observations(self) -> dict[str, tuple[str, int]]:
        """By name: the last word, and since when it is so. Fine ones are left out."""
        with self._storage():
            rows = self._db.execute("SELECT name, value, at FROM observation ORDER BY name")
            return {name: (value, at) for name, value, at in rows if value}

    # -- inside -------------------------------------------------------------------------------

    def _entries(self, where: str, values: Sequence[object], order: str = "id") -> list[Entry]:
        # `where` and `order` are literals of this module, never input.
        query = (
            "SELECT id, key, lane, kind, act, state, note, error, block, block_hash, queued_at,"  # noqa: S608 (see above)
            f" changed_at FROM entry {where} ORDER BY {order}"
        )
        with self._storage():
            rows = self._db.execute(query, values).fetchall()
            return [_entry(row, self._attempts(row)) for row in rows]

    def _attempts(self, row: tuple[Any, ...]) -> tuple[Attempt, ...]:
        attempts = self._db.execute(
            "SELECT tx_hash, nonce, raw, signed_at, entry FROM attempt WHERE entry = ?"
            " ORDER BY rowid",
            (row[0],),
        )
        return tuple(Attempt(*attempt) for attempt in attempts)

    def _change(
        self,
        entry_id: int,
        state: State,
        note: str,
        *,
        error: str | None = None,
        block: int | None = None,
        block_hash: bytes | None = None,
    ) -> None:
        self._db.execute(
            "UPDATE entry SET state = ?, note = ?, error = ?, block = ?, block_hash = ?,"
            " changed_at = ? WHERE id = ?",
            (state, note, error, block, block_hash, self._clock(), entry_id),
        )
        self._remember(entry_id, state, note)

    def _remember(self, entry_id: int, state: State, note: str) -> None:
        self._db.execute(
            "INSERT INTO history (entry, at, state, note) VALUES (?, ?, ?, ?)",
            (entry_id, self._clock(), state, note),
        )

    @contextmanager
    def _storage(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                f"{self._path}: {error}; nothing was lost, mend the disk and it goes on"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            # Part of a larger one, which makes it durable or undoes it.
            yield
            return
        # The connection commits at the end, or rolls back.
        with self._storage(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield


def _entry(row: tuple[Any, ...], attempts: tuple[Attempt, ...]) -> Entry:
    entry_id, key, lane, kind, act, state, note, error, block, block_hash, queued, at = row
    return Entry(
        id=entry_id,
        key=key,
        lane=lane,
        kind=kind,
        act=json.loads(act),
        state=State(state),
        note=note,
        error=json.loads(error) if error else None,
        block=block,
        block_hash=block_hash,
        queued_at=queued,
        changed_at=at,
        attempts=attempts,
    )


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    if read_only:
        return _connect_reader(path)
    path.touch(mode=0o600, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    # FULL: an acknowledged transaction survives a power cut, not only a crash of the process.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA busy_timeout = 5000")
    db.executescript(_SCHEMA)
    return db


def _connect_reader(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    if db.execute("PRAGMA user_version").fetchone() == (0,):
        # The agent is just making the file, or was killed while it did: an empty outbox.
        db.close()
        db = sqlite3.connect(":memory:")
        db.executescript(_SCHEMA)
    return db


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
