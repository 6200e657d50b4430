"""Bearer tokens: shown once, stored as SHA-256, with scopes and an expiry.

A token carries 256 random bits, so a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.settings import SCOPES
from dragon_ledger.errors import InputError, StorageError

PREFIX = "dl_"
SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
)
"""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the token itself is not."""

    id: int
    name: str
    scopes: frozenset[str]
    created_at: int
    expires_at: int
    revoked_at: int | None


class TokenStore:
    """The tokens of one service, in an SQLite file that only its user may read."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def create(self, name: str, scopes: frozenset[str], now: int, seconds: int) -> str:
        """Make a token that is valid for `seconds`; it is returned once and never again.

        Raises:
            InputError: an unknown scope, or no scope, or no time.
            StorageError: the file cannot be written.
        """
        if unknown := sorted(scopes - set(SCOPES)):
            raise InputError(f"scope {unknown[0]!r}: expected one of {', '.join(SCOPES)}")
        if not scopes or seconds <= 0:
            raise InputError("a token needs at least one scope and a time to live")
        token = PREFIX + secrets.token_urlsafe(32)
        row = (name, _hash(token), " ".join(sorted(scopes)), now, now + seconds)
        with self._database() as database:
            database.execute(
                "INSERT INTO tokens (name, hash, scopes, created_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?)",
                row,
            )
        return token

    def find(self, token: str, now: int) -> Token | None:
        """The token when it is valid now; None when it is unknown, expired or revoked."""
        with self._database() as database:
            row = database.execute(
                "SELECT id, name, scopes, created_at, expires_at, revoked_at FROM tokens"
                " WHERE hash = ?",
                (_hash(token),),
            ).fetchone()
        if row is None:
            return None
        found = _token(row)
        return found if found.revoked_at is None and now < found.expires_at else None

    def all(self) -> list[Token]:
        """Every token, oldest first."""
        with self._database() as database:
            rows = database.execute(
                "SELECT id, name, scopes, created_at, expires_at, revoked_at FROM tokens"
                " ORDER BY id"
            ).fetchall()
        return [_token(row) for row in rows]

    def revoke(self, identifier: int, now: int) -> None:
        """End a token now.

        Raises:
            InputError: there is no such token.
        """
        with self._database() as database:
            done = database.execute(
                "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
                (now, identifier),
            )
            if done.rowcount == 0:
                raise InputError(f"token {identifier}: there is none; see 'api token list'")

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self._file.exists():
                self._file.touch(mode=0o600)
            with closing(sqlite3.connect(self._file, timeout=10)) as database, database:
                database.execute(SCHEMA)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"{self._file}: {error}") from error


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _token(row: tuple[int, str, str, int, int, int | None]) -> Token:
    identifier, name, scopes, created, expires, revoked = row
    return Token(identifier, name, frozenset(scopes.split()), created, expires, revoked)
