"""The site's records: versions, manifests with their salts, what was checked before. Encrypted.

What a row says is one encrypted value (AES-GCM, `site.vault`); what it is found by is a keyed tag
or an identifier that is public on chain. So a copy of the file without the data key tells how many
rows there are, and nothing about anyone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Engine,
    LargeBinary,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from dragon_ledger.errors import StorageError
from dragon_ledger.site.vault import Vault

_AT_ONCE = 500
_SHORT_TAG = 16


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


class SecretRow(Base):
    """A secret of the site that is no account: the pseudonym key."""

    __tablename__ = "secret"
    name: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


@dataclass(frozen=True, slots=True)
class Member:
    """A subject of a version, as `MemberRow` says."""

    subject: bytes
    manifest: bytes
    content: bytes
    path: bytes


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that a check has read: what to remember, and what finds an image again."""

    path: str
    data: bytes
    instance: str = ""
    pixels: str = ""


class RecordsDatabase:
    """Reads and writes the rows; everything in and out is plain, everything on disk is not."""

    def __init__(self, path: Path, vault: Vault) -> None:
        """Open or create.

        Raises:
            StorageError: the file cannot be opened or created.
        """
        self._path = path
        self._vault = vault
        try:
            if not path.exists():
                path.touch(mode=0o600)
            self._engine = create_engine(f"sqlite:///{path}")
            event.listen(self._engine, "connect", _harden)
            Base.metadata.create_all(self._engine)
            _add_columns(self._engine)
        except (SQLAlchemyError, OSError) as error:
            raise StorageError(f"{path}: {error}") from error

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: everything or nothing.

        Raises:
            StorageError: the database cannot be read or written.
        """
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise StorageError(f"{self._path}: {error}") from error

    # -- secrets ------------------------------------------------------------------------------

    def secret(self, name: str, draw: bytes) -> bytes:
        """The secret of a name; `draw` becomes it when there is none yet."""
        with self.session() as session:
            row = session.get(SecretRow, name)
            if row is None:
                session.add(SecretRow(name=name, sealed=self._vault.seal(draw, f"secret/{name}")))
                return draw
            return self._vault.open(row.sealed, f"secret/{name}")

    # -- versions -----------------------------------------------------------------------------

    def add_version(
        self,
        session: Session,
        version: bytes,
        facts: Mapping[str, Any],
        members: Iterable[Member],
        manifests: Mapping[bytes, bytes],
    ) -> None:
        """Keep a version, its facts, its subjects, and manifests that are new, by digest."""
        ordinal = 1 + (session.scalar(select(func.max(VersionRow.ordinal))) or 0)
        sealed = self._vault.seal(_dump(facts), f"version/{version.hex()}")
        session.add(VersionRow(id=version, ordinal=ordinal, sealed=sealed, erased_at=None))
        for digest, data in manifests.items():
            context = f"manifest/{digest.hex()}"
            session.merge(ManifestRow(digest=digest, sealed=self._vault.seal(data, context)))
        session.add_all(
            MemberRow(
                version=version,
                subject=member.subject,
                manifest=member.manifest,
                content=member.content,
                path=member.path,
            )
            for member in members
        )

    def members(self, version: bytes) -> dict[bytes, Member]:
        """The subjects of a version by their tags."""
        with self.session() as session:
            rows = session.scalars(select(MemberRow).where(MemberRow.version == version))
            return {
                row.subject: Member(row.subject, row.manifest, row.content, row.path)
                for row in rows
            }

    def manifest(self, digest: bytes) -> bytes:
        """One subject's manifest by its digest."""
        with self.session() as session:
            return self._manifest(session, digest)

    def versions(self) -> list[tuple[bytes, Mapping[str, Any]]]:
        """Versions that are not erased, with their facts, oldest first."""
        with self.session() as session:
            rows = session.scalars(
                select(VersionRow)
                .where(VersionRow.erased_at.is_(None))
                .order_by(VersionRow.ordinal)
            ).all()
            return [(row.id, self._facts(row)) for row in rows]

    def version(self, version: bytes) -> Mapping[str, Any] | None:
        """The facts of a version; None when it is unknown or erased."""
        with self.session() as session:
            row = session.get(VersionRow, version)
            return None if row is None or row.erased_at is not None else self._facts(row)

    def manifests(self, version: bytes) -> Iterator[bytes]:
        """The manifest of each subject of a version, one at a time."""
        with self.session() as session:
            digests = session.scalars(
                select(MemberRow.manifest).where(MemberRow.version == version)
            ).all()
            for digest in digests:
                yield self._manifest(session, digest)

    def put_facts(self, version: bytes, facts: Mapping[str, Any]) -> None:
        """Replace the facts of a version that is there."""
        with self.session() as session:
            row = session.get_one(VersionRow, version)
            row.sealed = self._vault.seal(_dump(facts), f"version/{version.hex()}")

    def _facts(self, row: VersionRow) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = json.loads(
            self._vault.open(row.sealed, f"version/{row.id.hex()}")
        )
        return facts

    def _manifest(self, session: Session, digest: bytes) -> bytes:
        row = session.get_one(ManifestRow, digest)
        return self._vault.open(row.sealed, f"manifest/{digest.hex()}")

    # -- transfers ----------------------------------------------------------------------------

    def put_transfer(self, session: Session, name: str, facts: Mapping[str, Any]) -> None:
        """Keep what became of a transfer; the last word counts."""
        tag = self._vault.tag(name, "transfer")
        sealed = self._vault.seal(_dump({"name": name, **facts}), f"transfer/{tag.hex()}")
        session.merge(TransferRow(tag=tag, sealed=sealed))

    def transfer(self, name: str) -> Mapping[str, Any] | None:
        """What became of a transfer; None when it is new."""
        tag = self._vault.tag(name, "transfer")
        with self.session() as session:
            row = session.get(TransferRow, tag)
            return None if row is None else self._transfer(row)

    def transfers(self) -> list[Mapping[str, Any]]:
        """Every transfer that was looked at."""
        with self.session() as session:
            return [self._transfer(row) for row in session.scalars(select(TransferRow)).all()]

    def _transfer(self, row: TransferRow) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = json.loads(
            self._vault.open(row.sealed, f"transfer/{row.tag.hex()}")
        )
        return facts

    # -- files read before --------------------------------------------------------------------

    def put_files(self, transfer: str, files: Iterable[ReadFile]) -> None:
        """Remember what a check read."""
        owner = self._vault.tag(transfer, "transfer")
        rows = [self._file_row(transfer, owner, file) for file in files]
        if rows:
            with self.session() as session:
                session.execute(insert(FileRow).prefix_with("OR REPLACE"), rows)

    def _file_row(self, transfer: str, owner: bytes, file: ReadFile) -> dict[str, bytes]:
        tag = self._vault.tag(f"{transfer}/{file.path}", "file")
        return {
            "tag": tag,
            "transfer": owner,
            "sealed": self._vault.seal(file.data, f"file/{tag.hex()}"),
            "instance": self._short(file.instance, "instance"),
            "pixels": self._short(file.pixels, "pixels"),
        }

    def files(self, transfer: str, paths: Collection[str] | None = None) -> Iterator[bytes]:
        """What is remembered of each file of a transfer, or of those at some paths."""
        if paths is not None:
            tags = (self._vault.tag(f"{transfer}/{path}", "file") for path in paths)
            yield from self._opened(FileRow.tag, tags)
        else:
            yield from self._opened(FileRow.transfer, [self._vault.tag(transfer, "transfer")])

    def find_images(
        self, transfers: Collection[str], instances: Iterable[str], pixels: Iterable[str]
    ) -> Iterator[bytes]:
        """What is remembered of images with one of these SOPInstanceUIDs or pixel hashes.

        Args:
            transfers: the transfers to look in; what is found comes in their order.
            instances: SOPInstanceUIDs.
            pixels: hashes of pixel data.
        """
        order = {self._vault.tag(name, "transfer"): at for at, name in enumerate(transfers)}
        found: dict[bytes, tuple[int, bytes]] = {}
        columns = ((FileRow.instance, "instance", instances), (FileRow.pixels, "pixels", pixels))
        with self.session() as session:
            for column, kind, values in columns:
                for some in _batches(self._short(value, kind) for value in values if value):
                    sought = select(FileRow.tag, FileRow.transfer, FileRow.sealed)
                    for tag, owner, sealed in session.execute(sought.where(column.in_(some))):
                        if owner in order:
                            found[tag] = (order[owner], sealed)
        for tag in sorted(found, key=lambda each: found[each][0]):
            yield self._vault.open(found[tag][1], f"file/{tag.hex()}")

    def tag_files(self, keys: Callable[[bytes], tuple[str, str]]) -> None:
        """Tag files that an older package remembered; `keys` reads both from what is remembered."""
        untagged = select(FileRow).where(FileRow.instance.is_(None)).limit(_AT_ONCE)
        while True:
            with self.session() as session:
                rows = session.scalars(untagged).all()
                for row in rows:
                    instance, pixels = keys(self._vault.open(row.sealed, f"file/{row.tag.hex()}"))
                    row.instance = self._short(instance, "instance")
                    row.pixels = self._short(pixels, "pixels")
            if not rows:
                return

    def _opened(self, column: Any, values: Iterable[bytes]) -> Iterator[bytes]:
        sought = select(FileRow.tag, FileRow.sealed)
        for some in _batches(values):
            with self.session() as session:
                for tag, sealed in session.execute(sought.where(column.in_(some))):
                    yield self._vault.open(sealed, f"file/{tag.hex()}")

    def _short(self, value: str, kind: str) -> bytes:
        """A tag of half the length: two of a million differ, and what it finds is looked at."""
        return self._vault.tag(value, kind)[:_SHORT_TAG] if value else b""

    # -- erasure ------------------------------------------------------------------------------

    def erase_version(self, version: bytes, transfer: str) -> None:
        """Overwrite a version's facts, its members, manifests that no other version has, files.

        SQLite overwrites what is deleted (`secure_delete`); compacting the file and emptying the
        write-ahead log leaves no older copy of the pages.
        """
        owner = self._vault.tag(transfer, "transfer")
        with self.session() as session:
            row = session.get_one(VersionRow, version)
            row.sealed, row.erased_at = b"", int(time.time())
            session.execute(delete(MemberRow).where(MemberRow.version == version))
            session.execute(
                delete(ManifestRow).where(ManifestRow.digest.not_in(select(MemberRow.manifest)))
            )
            session.execute(delete(FileRow).where(FileRow.transfer == owner))
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                db.exec_driver_sql("VACUUM")
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except SQLAlchemyError as error:
            raise StorageError(f"{self._path}: {error}") from error


def _batches(values: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(values)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


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


def _dump(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode()
