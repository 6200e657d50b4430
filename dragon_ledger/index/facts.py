"""The facts of a verdict, read from the index: the same as a node would give."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from dragon_ledger.errors import StaleState
from dragon_ledger.index import people, schema
from dragon_ledger.index import rows as to_record
from dragon_ledger.records import (
    Act,
    AggregateOrigin,
    AsOf,
    DatasetVersion,
    Decision,
    Facts,
    Release,
    Run,
    Source,
)

Row = Any


def state(connection: Connection, stale_reason: str | None = None) -> AsOf:
    """The state of the chain that the index has read.

    Raises:
        StaleState: the index has not read anything yet.
    """
    bound = connection.execute(select(schema.network)).first()
    reached = connection.execute(select(schema.progress)).first()
    if bound is None or reached is None:
        raise StaleState("the index is empty; fill it with 'dragon-ledger index run'")
    return AsOf(
        chain_id=bound.chain_id,
        genesis_hash=bytes(bound.genesis_hash),
        block=reached.block,
        block_hash=bytes(reached.hash),
        time=reached.time,
        source=Source.INDEX,
        stale_reason=stale_reason,
    )


def addresses(connection: Connection) -> dict[str, bytes]:
    """Address of every contract by name."""
    found = connection.execute(select(schema.network.c.addresses)).scalar()
    return {name: bytes.fromhex(value) for name, value in json.loads(found or "{}").items()}


def facts_for(connection: Connection, digest: bytes, stale_reason: str | None = None) -> Facts:
    """Everything that a verdict on `digest` needs, all from one transaction.

    Args:
        connection: open on the index; its transaction decides which state is seen.
        digest: a content digest of a model, or the SHA-256 of a released file.
        stale_reason: why the index may be behind the chain, when it may be.

    Raises:
        StaleState: the index has not read anything yet.
    """
    as_of = state(connection, stale_reason)
    origins = _origins(connection, digest)
    releases = _releases(connection, digest, by_content=bool(origins))
    wanted = {release.run for release in releases} | {origin.run for origin in origins}
    runs = _runs(connection, wanted)
    versions = _versions(connection, {u.version for run in runs for u in _updates_of(run)})
    acts = list(_acts(releases, runs, versions))
    return Facts(
        digest=digest,
        as_of=as_of,
        addresses=addresses(connection),
        releases=releases,
        origins=origins,
        runs=runs,
        versions=versions,
        organisations=people.organisations(connection, {act.organisation for act in acts}),
        accounts=people.accounts(connection, {act.account for act in acts}),
        rule_sets=people.rule_sets(connection, {version.rule_set for version in versions}),
    )


def _origins(connection: Connection, digest: bytes) -> tuple[AggregateOrigin, ...]:
    table = schema.rounds
    query = select(table.c.run, table.c.round).where(table.c.aggregate == digest)
    found = connection.execute(query.order_by(table.c.block, table.c.log_index))
    return tuple(AggregateOrigin(bytes(row.run), row.round) for row in found)


def _releases(connection: Connection, digest: bytes, *, by_content: bool) -> tuple[Release, ...]:
    """As the contract lists them: a digest that is an aggregate is never taken for a file's."""
    table, taken_back = schema.releases, schema.withdrawals
    key = table.c.aggregate if by_content else table.c.file_digest
    query = select(table).where(key == digest).order_by(table.c.block, table.c.log_index)
    found = connection.execute(query).all()
    withdrawals = _select_in(connection, taken_back, "release", {row.id for row in found})
    by_release = {bytes(row.release): row for row in withdrawals}
    return tuple(to_record.release(row, by_release.get(bytes(row.id))) for row in found)


def _select_in(
    connection: Connection, table: Table, column: str, keys: Iterable[bytes]
) -> Sequence[Row]:
    """Rows whose `column` is one of `keys`, in the order of the chain."""
    wanted = sorted(keys)
    found: list[Row] = []
    for start in range(0, len(wanted), 500):
        part = table.c[column].in_(wanted[start : start + 500])
        found += connection.execute(select(table).where(part)).all()
    found.sort(key=lambda row: (row.block, row.log_index))
    return found


def _group(rows: Iterable[Row], column: str) -> dict[bytes, list[Row]]:
    grouped: dict[bytes, list[Row]] = {}
    for row in rows:
        grouped.setdefault(bytes(getattr(row, column)), []).append(row)
    return grouped


def _runs(connection: Connection, wanted: set[bytes]) -> tuple[Run, ...]:
    """The runs and all their ancestors, by id."""
    found: dict[bytes, Row] = {}
    while wanted:
        for row in _select_in(connection, schema.runs, "id", wanted):
            found[bytes(row.id)] = row
        parents = {bytes(row.parent_run) for row in found.values() if row.parent_run is not None}
        wanted = parents - found.keys()
    rounds = _group(_select_in(connection, schema.rounds, "run", found), "run")
    updates = _group(_select_in(connection, schema.updates, "run", found), "run")
    notes = _group(_select_in(connection, schema.notes, "run", found), "run")
    return tuple(
        to_record.run(found[key], rounds.get(key, []), updates.get(key, []), notes.get(key, []))
        for key in sorted(found)
    )


def _updates_of(run: Run) -> Iterator[Any]:
    for closed in run.rounds:
        yield from closed.updates
    yield from run.open_updates


def _versions(connection: Connection, wanted: set[bytes]) -> tuple[DatasetVersion, ...]:
    """The dataset versions with these ids and every decision on them, by id."""
    found = _select_in(connection, schema.versions, "id", wanted)
    decided: dict[bytes, list[Decision]] = {}
    for row in _select_in(connection, schema.decisions, "version", wanted):
        decided.setdefault(bytes(row.version), []).append(to_record.decision(row))
    versions = (to_record.version(row, decided.get(bytes(row.id), ())) for row in found)
    return tuple(sorted(versions, key=lambda version: version.id))


def _acts(
    releases: tuple[Release, ...], runs: tuple[Run, ...], versions: tuple[DatasetVersion, ...]
) -> Iterator[Act]:
    """Every act of these records."""
    for release in releases:
        yield release.act
        if release.withdrawal is not None:
            yield release.withdrawal.act
    for run in runs:
        yield run.act
        yield from (closed.act for closed in run.rounds)
        yield from (note.act for note in run.notes)
        yield from (update.act for update in _updates_of(run))
    for version in versions:
        yield version.act
        yield from (decision.act for decision in version.decisions)
