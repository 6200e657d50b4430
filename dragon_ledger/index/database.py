"""Opening the database: SQLite in write-ahead mode, or PostgreSQL; its schema by Alembic."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from dragon_ledger.errors import ConfigurationError, StorageError, WrongChain
from dragon_ledger.index import schema

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS = 10_000
CONNECTIONS = 64  # more than the service has threads


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver begins no transaction for SELECT; `_begin` does, so that reads are of one state.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA mmap_size=1073741824")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read from one state of the index, whatever is written meanwhile.

    Raises:
        StorageError: the database cannot be read.
    """
    try:
        with engine.connect() as connection:
            if engine.dialect.name != "sqlite":
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
    except DatabaseError as error:
        raise StorageError(f"the index cannot be read: {error.orig}") from error


def open_database(url: str) -> Engine:
    """Open the index and bring its schema up to date.

    Args:
        url: an SQLAlchemy URL such as `sqlite:///index.sqlite` or `postgresql+psycopg://…`.

    Raises:
        ConfigurationError: the URL cannot be understood, or its driver is not installed.
        StorageError: the database cannot be opened.
    """
    try:
        engine = create_engine(make_url(url), max_overflow=CONNECTIONS)
    except (ArgumentError, ImportError) as error:
        raise ConfigurationError(
            f"index database: {error}. Expected sqlite:///FILE or"
            " postgresql+psycopg://USER@HOST/NAME"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            _migrate(connection)
    except DatabaseError as error:
        shown = make_url(url).render_as_string(hide_password=True)
        raise StorageError(f"index database {shown}: cannot be opened: {error.orig}") from error
    return engine


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision(engine: Engine) -> str | None:
    """The schema revision that the database is at."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def bind_network(
    connection: Connection, chain_id: int, genesis_hash: bytes, addresses: dict[str, bytes]
) -> None:
    """Write down which network this index is of, or find that it is this one.

    Raises:
        WrongChain: the index was made from another network.
    """
    wanted = {
        "id": 1,
        "chain_id": chain_id,
        "genesis_hash": genesis_hash,
        "addresses": json.dumps({name: value.hex() for name, value in sorted(addresses.items())}),
    }
    found = connection.execute(select(schema.network)).mappings().first()
    if found is None:
        connection.execute(insert(schema.network), wanted)
    elif dict(found) != wanted:
        raise WrongChain(
            f"this index is of chain {found['chain_id']}"
            f" (genesis {bytes(found['genesis_hash']).hex()}) with other contracts than the"
            " network file names; use another database, or 'dragon-ledger index rebuild'"
        )


def clear(engine: Engine) -> None:
    """Delete everything, so that the next pass reads the whole chain again."""
    with engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            connection.execute(delete(table))
