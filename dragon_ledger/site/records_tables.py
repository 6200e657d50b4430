"""The tables of the site's records, and what makes a database file ready for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, LargeBinary, create_engine, event, inspect, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Declarative base of the site's tables."""


class VersionRow(Base):
    """A dataset version by its id on chain; `ordinal` counts the site's versions from 1."""

    __tablename__ = "version"
    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    ordinal: Mapped[int] = mapped_column(unique=True)
    sealed: Mapped[bytes]
    erased_at: Mapped[int | None]


class MemberRow(Base):
    """A subject of a version, by its tag.

    `manifest` is the digest of the subject's manifest, `content` a tag of its records (equal as
    long as nothing changed), `path` its place in the dataset's tree.
    """

    __tablename__ = "member"
    version: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    subject: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    manifest: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary(32))
    path: Mapped[bytes] = mapped_column(LargeBinary(32))


class ManifestRow(Base):
    """One subject's records and salts, shared by all versions in which they are the same."""

    __tablename__ = "manifest"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sealed: Mapped[bytes]


class TransferRow(Base):
    """A transfer of the inbox by the tag of its folder's name."""

    __tablename__ = "transfer"
    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sealed: Mapped[bytes]


class FileRow(Base):
    """A file that a check has read, by the tag of transfer and path.

    `instance` and `pixels` are tags of an image's SOPInstanceUID and of the hash of its pixels,
    empty for another file; NULL when an older package wrote the row (`tag_files`).
    """

    __tablename__ = "file"
    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    transfer: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    sealed: Mapped[bytes]
    instance: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    pixels: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)


class MemoRow(Base):
    """What a check remembers of an image of `FileRow`, as long as its transfer is no version."""

    __tablename__ = "memo"
    tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    transfer: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    sealed: Mapped[bytes]


class SecretRow(Base):
    """A secret of the site that is no account: the pseudonym key."""

    __tablename__ = "secret"
    name: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


def open_engine(path: Path) -> Engine:
    """Open or create the file with its tables, for its owner only.

    Raises:
        OSError: it cannot be created.
        SQLAlchemyError: it is no such database.
    """
    if not path.exists():
        path.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _harden)
    Base.metadata.create_all(engine)
    _add_columns(engine)
    return engine


def _add_columns(engine: Engine) -> None:
    """Add the columns that the table of files of an older package lacks, and their indexes."""
    with engine.begin() as connection:
        there = {column["name"] for column in inspect(connection).get_columns("file")}
        for name in ("instance", "pixels"):
            if name not in there:
                connection.execute(text(f"ALTER TABLE file ADD COLUMN {name} BLOB"))
        for index in FileRow.metadata.tables["file"].indexes:
            index.create(connection, checkfirst=True)


def _harden(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # secure_delete overwrites what is deleted: erasure depends on it.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
