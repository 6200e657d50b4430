"""Follows the chain: reads new blocks, takes back what a reorganisation took, resumes anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, delete, insert, select

from dragon_ledger.chain.client import Block, Client
from dragon_ledger.chain.events import ChainEvent
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.errors import InconsistentLogs, StaleState
from dragon_ledger.index import schema
from dragon_ledger.index.database import bind_network
from dragon_ledger.index.projection import Row, rows

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Reached:
    """The block up to which the index has read."""

    block: int
    hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Synced:
    """What one pass did: events added, blocks taken back, and where it ended."""

    added: int
    taken_back: int
    reached: Reached


def reached(connection: Connection) -> Reached | None:
    """How far the index has read."""
    row = connection.execute(select(schema.progress)).first()
    return None if row is None else Reached(row.block, bytes(row.hash), row.time)


def store(connection: Connection, events: Sequence[ChainEvent]) -> None:
    """Insert the rows of these events, and the blocks that they are in."""
    batches: dict[Table, list[Row]] = {}
    blocks = {e.position.block: (e.position.block_hash, e.position.time) for e in events}
    if blocks:
        batches[schema.blocks] = [
            {"block": number, "hash": value, "time": time}
            for number, (value, time) in sorted(blocks.items())
        ]
    for event in events:
        for table, row in rows(event):
            batches.setdefault(table, []).append(row)
    for table, batch in batches.items():
        connection.execute(insert(table), batch)


def take_back(connection: Connection, after: int) -> int:
    """Delete every row of the blocks after `after`; the number of blocks with events deleted."""
    taken = 0
    for table in schema.BY_BLOCK:
        result = connection.execute(delete(table).where(table.c.block > after))
        if table is schema.blocks:
            taken = result.rowcount
    return taken


def set_progress(connection: Connection, to: Reached | None) -> None:
    """Write down how far the index has read."""
    connection.execute(delete(schema.progress))
    if to is not None:
        row = {"id": 1, "block": to.block, "hash": to.hash, "time": to.time}
        connection.execute(insert(schema.progress), row)


class Follower:
    """Brings an index up to the newest final block; one pass at a time."""

    def __init__(self, engine: Engine, client: Client, chunk: int = CHUNK) -> None:
        self._engine = engine
        self._client = client
        self._chunk = chunk
        network = client.network
        with engine.begin() as connection:
            bind_network(connection, network.chain_id, network.genesis_hash, network.addresses)

    def sync(self, progress: Callable[[int, int], None] | None = None) -> Synced:
        """Read everything up to the newest final block.

        Each chunk is one transaction, so that a killed process resumes after its last chunk.

        Args:
            progress: called after each chunk with the block reached and the block aimed at.

        Raises:
            ChainError: no node answers, or it is on another chain.
        """
        head = self._client.final_block()
        taken = self._return_to_common(head)
        added = 0
        for first, last in self._ranges(head.number):
            end = head if last == head.number else self._client.block(last)
            added += self._read(first, end)
            if progress is not None:
                progress(last, head.number)
        with self._engine.connect() as connection:
            ended = reached(connection)
        if ended is None:
            raise StaleState("the node's chain ends before the contracts were deployed")
        return Synced(added, taken, ended)

    def _ranges(self, head: int) -> list[tuple[int, int]]:
        with self._engine.connect() as connection:
            done = reached(connection)
        first = self._client.network.first_block if done is None else done.block + 1
        starts = range(first, head + 1, self._chunk)
        return [(start, min(start + self._chunk - 1, head)) for start in starts]

    def _read(self, first: int, end: Block) -> int:
        events = logs_between(self._client, first, end.number)
        # A reorganisation between the two requests would mix two histories.
        if self._client.block(end.number).hash != end.hash:
            raise InconsistentLogs(f"block {end.number} changed while its logs were read; repeat")
        with self._engine.begin() as connection:
            store(connection, events)
            set_progress(connection, Reached(end.number, end.hash, end.time))
        return len(events)

    def _return_to_common(self, head: Block) -> int:
        """Take back what is not on the node's chain any more; how many blocks with events."""
        with self._engine.connect() as connection:
            done = reached(connection)
            if done is None or self._holds(done.block, done.hash, head):
                return 0
            newest_first = select(schema.blocks).order_by(schema.blocks.c.block.desc())
            common = next(
                (
                    Reached(row.block, bytes(row.hash), row.time)
                    for row in connection.execute(newest_first)
                    if self._holds(row.block, bytes(row.hash), head)
                ),
                None,
            )
        with self._engine.begin() as connection:
            taken = take_back(connection, -1 if common is None else common.block)
            set_progress(connection, common)
        return taken

    def _holds(self, number: int, expected: bytes, head: Block) -> bool:
        """Whether the node's chain has this very block, not above its newest final one."""
        return number <= head.number and self._client.block(number).hash == expected
