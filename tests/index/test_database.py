"""Opening an index: migrations, other people's files, and places that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from dragon_ledger.errors import ConfigurationError, StorageError
from dragon_ledger.index.database import open_database, revision
from dragon_ledger.index.schema import metadata


def test_the_migrations_make_the_described_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert revision(engine) == "0001"


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/index.sqlite"
    open_database(url).dispose()
    assert revision(open_database(url)) == "0001"


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
