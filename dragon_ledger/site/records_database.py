"""The site's records: versions, manifests with their salts, what was checked before. Encrypted.

What a row says is one encrypted value (AES-GCM, `site.vault`); what it is found by is a keyed tag
or an identifier that is public on chain. So a copy of the file without the data key tells how many
rows there are, and nothing about anyone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dragon_ledger.errors import StorageError
from dragon_ledger.site.read_files import ReadFiles
from dragon_ledger.site.records_tables import (
    ManifestRow,
    MemberRow,
    SecretRow,
    TransferRow,
    VersionRow,
    open_engine,
)
from dragon_ledger.site.vault import Vault


@dataclass(frozen=True, slots=True)
class Member:
    """A subject of a version, as `MemberRow` says."""

    subject: bytes
    manifest: bytes
    content: bytes
    path: bytes


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
            self._engine = open_engine(path)
        except (SQLAlchemyError, OSError) as error:
            raise StorageError(f"{path}: {error}") from error
        self.read_files = ReadFiles(self.session, vault)

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

    # -- erasure ------------------------------------------------------------------------------

    def erase_version(self, version: bytes, transfer: str) -> None:
        """Overwrite a version's facts, its members, manifests that no other version has, files.

        SQLite overwrites what is deleted (`secure_delete`); compacting the file and emptying the
        write-ahead log leaves no older copy of the pages.
        """
        with self.session() as session:
            row = session.get_one(VersionRow, version)
            row.sealed, row.erased_at = b"", int(time.time())
            session.execute(delete(MemberRow).where(MemberRow.version == version))
            session.execute(
                delete(ManifestRow).where(ManifestRow.digest.not_in(select(MemberRow.manifest)))
            )
            self.read_files.erase(session, transfer)
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                db.exec_driver_sql("VACUUM")
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except SQLAlchemyError as error:
            raise StorageError(f"{self._path}: {error}") from error


def _dump(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode()
