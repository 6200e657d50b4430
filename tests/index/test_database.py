"""Opening an index: migrations, other people's files, and places that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from dragon_ledger.errors import ConfigurationError, StorageError
from dragon_ledger.index.database import MIGRATIONS, open_database, revision
from dragon_ledger.index.schema import metadata

NEWEST = "0002"


def test_the_migrations_make_the_described_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert revision(engine) == NEWEST


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/index.sqlite"
    open_database(url).dispose()
    assert revision(open_database(url)) == NEWEST


def test_an_older_index_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/index.sqlite"
    older = create_engine(url)
    with older.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO blocks (block, hash, time) VALUES (7, 'x', 8)"))
    assert revision(older) == "0001"
    older.dispose()
    newer = open_database(url)
    with newer.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.scalar(text("SELECT block FROM blocks")) == 7
    assert revision(newer) == NEWEST


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    file.write_bytes(b"this is a letter, no database" * 100)
    with pytest.raises(StorageError, match=r"index\.sqlite"):
        open_database(f"sqlite:///{file}")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        open_database(f"sqlite:///{tmp_path}/nowhere/index.sqlite")


@pytest.mark.parametrize("url", ["no url", "mongodb://x/y", "oracle+nothing://x"])
def test_an_address_that_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="sqlite:///FILE"):
        open_database(url)


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://user:secret@/x?host={tmp_path}"
    with pytest.raises(StorageError) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)
