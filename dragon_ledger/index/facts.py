"""The facts of a verdict, read from the index: the same as a node would give."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, func, select, union

from dragon_ledger.errors import StaleState
from dragon_ledger.index import rows as to_record
from dragon_ledger.index import schema
from dragon_ledger.index.people import People, people
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
K = TypeVar("K", int, bytes)
T = TypeVar("T")
KEYS = 500  # in one statement; SQLite takes 32 766
KEPT_VERSIONS = 20_000  # in memory, about 3 kB each
_PROGRESS = select(schema.progress)
_NAMED: BindParameter[bytes] = bindparam("digest")
_RUNS = union(
    select(schema.rounds.c.run).where(schema.rounds.c.aggregate == _NAMED),
    select(schema.releases.c.run).where(schema.releases.c.file_digest == _NAMED),
)
_UPDATES = select(func.count()).select_from(
    select(schema.updates.c.leaf)
    .where(schema.updates.c.run.in_(_RUNS))
    .limit(bindparam("most"))
    .subquery("counted")
)


@dataclass(frozen=True, slots=True)
class State:
    """What the index is of, how far it has read, and everyone that the Consortium knows.

    `versions` keeps the dataset versions that were read in this very state: many models share
    them, and a state never changes.
    """

    as_of: AsOf
    addresses: dict[str, bytes]
    people: People
    versions: dict[bytes, DatasetVersion] = field(default_factory=dict)


def state(connection: Connection, known: State | None = None) -> State:
    """The state that a transaction sees.

    Args:
        connection: open on the index.
        known: an earlier state, returned as it is when the index has not moved since.

    Raises:
        StaleState: the index has not read anything yet.
    """
    reached = connection.execute(_PROGRESS).first()
    if reached is None:
        raise StaleState("the index is empty; fill it with 'dragon-ledger index run'")
    if known is not None and known.as_of.block_hash == reached.hash:
        return known
    bound = connection.execute(select(schema.network)).one()
    as_of = AsOf(
        chain_id=bound.chain_id,
        genesis_hash=bytes(bound.genesis_hash),
        block=reached.block,
        block_hash=bytes(reached.hash),
        time=reached.time,
        source=Source.INDEX,
    )
    addresses = {name: bytes.fromhex(text) for name, text in json.loads(bound.addresses).items()}
    return State(as_of, addresses, people(connection))


def facts_for(
    connection: Connection,
    digest: bytes,
    stale_reason: str | None = None,
    known: State | None = None,
) -> Facts:
    """Everything that a verdict on `digest` needs, all from one transaction.

    Args:
        connection: open on the index; its transaction decides which state is seen.
        digest: a content digest of a model, or the SHA-256 of a released file.
        stale_reason: why the index may be behind the chain, when it may be.
        known: the state that this transaction sees, when the caller has read it already.

    Raises:
        StaleState: the index has not read anything yet.
    """
    now = known or state(connection)
    origins = _origins(connection, digest)
    releases = _releases(connection, digest, by_content=bool(origins))
    wanted = {release.run for release in releases} | {origin.run for origin in origins}
    runs = _runs(connection, wanted)
    versions = _versions(
        connection, {u.version for run in runs for u in _updates_of(run)}, now.versions
    )
    acts = list(_acts(releases, runs, versions))
    return Facts(
        digest=digest,
        as_of=replace(now.as_of, stale_reason=stale_reason),
        addresses=now.addresses,
        releases=releases,
        origins=origins,
        runs=runs,
        versions=versions,
        organisations=_named(now.people.organisations, {act.organisation for act in acts}),
        accounts=_named(now.people.accounts, {act.account for act in acts}),
        rule_sets=_named(now.people.rule_sets, {version.rule_set for version in versions}),
    )


def updates_behind(connection: Connection, digest: bytes, most: int) -> int:
    """How many updates the runs have that made this model, counted up to `most`.

    What the facts of a digest cost, known before they are read; ancestors are not looked for.
    """
    return connection.scalar(_UPDATES, {"digest": digest, "most": most}) or 0


def _named(everyone: Mapping[K, T], keys: set[K]) -> tuple[T, ...]:
    """Those of these keys, in the order of the keys."""
    return tuple(everyone[key] for key in sorted(keys) if key in everyone)


def _origins(connection: Connection, digest: bytes) -> tuple[AggregateOrigin, ...]:
    found = _rows(connection, schema.rounds, "aggregate", {digest})
    return tuple(AggregateOrigin(bytes(row.run), row.round) for row in found)


def _releases(connection: Connection, digest: bytes, *, by_content: bool) -> tuple[Release, ...]:
    """As the contract lists them: a digest that is an aggregate is never taken for a file's."""
    found = _rows(
        connection, schema.releases, "aggregate" if by_content else "file_digest", {digest}
    )
    withdrawals = _rows(connection, schema.withdrawals, "release", {row.id for row in found})
    by_release = {bytes(row.release): row for row in withdrawals}
    return tuple(to_record.release(row, by_release.get(bytes(row.id))) for row in found)


@cache
def _statement(table: str, column: str) -> Select[Any]:
    """Built once: putting a statement together takes longer than running it."""
    found = schema.metadata.tables[table]
    return select(found).where(found.c[column].in_(bindparam("keys", expanding=True)))


def _rows(
    connection: Connection, table: Table, column: str, keys: Iterable[bytes]
) -> Sequence[Row]:
    """Rows whose `column` is one of `keys`, in the order of the chain."""
    wanted = sorted(keys)
    statement = _statement(table.name, column)
    found: list[Row] = []
    for start in range(0, len(wanted), KEYS):
        part = wanted[start : start + KEYS]
        found += connection.execute(statement, {"keys": part}).all()
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
        for row in _rows(connection, schema.runs, "id", wanted):
            found[bytes(row.id)] = row
        parents = {bytes(row.parent_run) for row in found.values() if row.parent_run is not None}
        wanted = parents - found.keys()
    rounds = _group(_rows(connection, schema.rounds, "run", found), "run")
    updates = _group(_rows(connection, schema.updates, "run", found), "run")
    notes = _group(_rows(connection, schema.notes, "run", found), "run")
    return tuple(
        to_record.run(found[key], rounds.get(key, []), updates.get(key, []), notes.get(key, []))
        for key in sorted(found)
    )


def _updates_of(run: Run) -> Iterator[Any]:
    for closed in run.rounds:
        yield from closed.updates
    yield from run.open_updates


def _versions(
    connection: Connection, wanted: set[bytes], known: dict[bytes, DatasetVersion]
) -> tuple[DatasetVersion, ...]:
    """The dataset versions with these ids and every decision on them, by id."""
    found = {key: known[key] for key in wanted if key in known}
    missing = wanted - found.keys()
    if missing:
        decided: dict[bytes, list[Decision]] = {}
        for row in _rows(connection, schema.decisions, "version", missing):
            decided.setdefault(bytes(row.version), []).append(to_record.decision(row))
        for row in _rows(connection, schema.versions, "id", missing):
            key = bytes(row.id)
            found[key] = to_record.version(row, decided.get(key, ()))
        if len(known) < KEPT_VERSIONS:
            known.update(found)
    return tuple(found[key] for key in sorted(found))


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
