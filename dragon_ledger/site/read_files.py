"""The files that checks of a site have read: what to remember, found by keyed tags."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from dragon_ledger.site.records_tables import FileRow, MemoRow
from dragon_ledger.site.vault import Vault

_AT_ONCE = 500
_SHORT_TAG = 16
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that a check has read.

    Attributes:
        path: in its transfer.
        data: what to remember for good.
        memo: what lets a check that was cut off go on without reading an image again.
        instance: SOPInstanceUID of an image.
        pixels: XXH3-128 of an image's pixel data, as hexadecimal digits.
    """

    path: str
    data: bytes
    memo: bytes = b""
    instance: str = ""
    pixels: str = ""


class ReadFiles:
    """Reads and writes the rows of `FileRow` and `MemoRow`; `session` gives one transaction."""

    def __init__(
        self, session: Callable[[], AbstractContextManager[Session]], vault: Vault
    ) -> None:
        self._session = session
        self._vault = vault

    def put(self, transfer: str, files: Iterable[ReadFile]) -> None:
        """Remember what a check read."""
        owner = self._vault.tag(transfer, "transfer")
        for some in _batches(files):
            tags = [self._vault.tag(f"{transfer}/{file.path}", "file") for file in some]
            tagged = list(zip(tags, some, strict=True))
            rows = [self._file_row(tag, owner, file) for tag, file in tagged]
            memos = [self._memo_row(tag, owner, file) for tag, file in tagged if file.memo]
            with self._session() as session:
                session.execute(insert(FileRow).prefix_with("OR REPLACE"), rows)
                # A memo of the same file as it was before would speak for the new content.
                session.execute(delete(MemoRow).where(MemoRow.tag.in_(tags)))
                if memos:
                    session.execute(insert(MemoRow), memos)

    def _file_row(self, tag: bytes, owner: bytes, file: ReadFile) -> dict[str, bytes]:
        return {
            "tag": tag,
            "transfer": owner,
            "sealed": self._vault.seal(file.data, f"file/{tag.hex()}"),
            "instance": self._short(file.instance, "instance"),
            "pixels": self._short(file.pixels, "pixels"),
        }

    def _memo_row(self, tag: bytes, owner: bytes, file: ReadFile) -> dict[str, bytes]:
        sealed = self._vault.seal(file.memo, f"memo/{tag.hex()}")
        return {"tag": tag, "transfer": owner, "sealed": sealed}

    def with_memos(self, transfer: str) -> Iterator[tuple[bytes, bytes]]:
        """What is remembered of each file of a transfer, and its memo; empty: it has none."""
        owner = self._vault.tag(transfer, "transfer")
        sought = (
            select(FileRow.tag, FileRow.sealed, MemoRow.sealed)
            .outerjoin(MemoRow, MemoRow.tag == FileRow.tag)
            .where(FileRow.transfer == owner)
        )
        with self._session() as session:
            for tag, sealed, memo in session.execute(sought):
                opened = self._vault.open(memo, f"memo/{tag.hex()}") if memo else b""
                yield self._vault.open(sealed, f"file/{tag.hex()}"), opened

    def drop_memos(self, session: Session, transfer: str) -> None:
        """Forget what lets a check go on: the transfer is a version, and is not checked again."""
        owner = self._vault.tag(transfer, "transfer")
        session.execute(delete(MemoRow).where(MemoRow.transfer == owner))

    def erase(self, session: Session, transfer: str) -> None:
        """Delete all that is remembered of a transfer."""
        owner = self._vault.tag(transfer, "transfer")
        session.execute(delete(FileRow).where(FileRow.transfer == owner))
        self.drop_memos(session, transfer)

    def of_transfer(self, transfer: str, paths: Collection[str] | None = None) -> Iterator[bytes]:
        """What is remembered of each file of a transfer, or of those at some paths."""
        if paths is not None:
            tags = (self._vault.tag(f"{transfer}/{path}", "file") for path in paths)
            yield from self._opened(FileRow.tag, tags)
        else:
            yield from self._opened(FileRow.transfer, [self._vault.tag(transfer, "transfer")])

    def find(
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
        with self._session() as session:
            for column, kind, values in columns:
                for some in _batches(self._short(value, kind) for value in values if value):
                    sought = select(FileRow.tag, FileRow.transfer, FileRow.sealed)
                    for tag, owner, sealed in session.execute(sought.where(column.in_(some))):
                        if owner in order:
                            found[tag] = (order[owner], sealed)
        for tag in sorted(found, key=lambda each: found[each][0]):
            yield self._vault.open(found[tag][1], f"file/{tag.hex()}")

    def complete(
        self, keys: Callable[[bytes], tuple[str, str]], told: Callable[[int, int], None]
    ) -> None:
        """Tag the files that an older package remembered.

        Args:
            keys: SOPInstanceUID and pixel hash from what is remembered.
            told: how many files are done, of how many.
        """
        untagged = select(FileRow).where(FileRow.instance.is_(None))
        with self._session() as session:
            total = session.scalar(select(func.count()).select_from(untagged.subquery())) or 0
        done = 0
        while done < total:
            with self._session() as session:
                rows = session.scalars(untagged.limit(_AT_ONCE)).all()
                for row in rows:
                    instance, pixels = keys(self._vault.open(row.sealed, f"file/{row.tag.hex()}"))
                    row.instance = self._short(instance, "instance")
                    row.pixels = self._short(pixels, "pixels")
            done += len(rows)
            told(done, total)

    def _opened(self, column: Any, values: Iterable[bytes]) -> Iterator[bytes]:
        sought = select(FileRow.tag, FileRow.sealed)
        for some in _batches(values):
            with self._session() as session:
                for tag, sealed in session.execute(sought.where(column.in_(some))):
                    yield self._vault.open(sealed, f"file/{tag.hex()}")

    def _short(self, value: str, kind: str) -> bytes:
        """A tag of half the length: two of a million differ, and what it finds is looked at."""
        return self._vault.tag(value, kind)[:_SHORT_TAG] if value else b""


def _batches(values: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(values)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
