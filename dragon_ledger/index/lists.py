"""Lists of what the index holds, page by page in the order of the chain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, tuple_

from dragon_ledger.errors import InputError
from dragon_ledger.index import people, schema
from dragon_ledger.index.rows import organisations as members
from dragon_ledger.records import (
    Account,
    DecisionKind,
    Declaration,
    InitialKind,
    NoteKind,
    Organisation,
    Role,
    VersionFlag,
)

Json = dict[str, Any]
Row = Any
CURSOR_PATTERN = "^[0-9]{1,15}[.][0-9]{1,9}$"


@dataclass(frozen=True, slots=True)
class Page:
    """Items of a list, and the cursor of the next page; None after the last."""

    items: list[Json]
    next: str | None


def encode_cursor(block: int, log_index: int) -> str:
    """The place of the last item that was given, as text."""
    return f"{block}.{log_index}"


def decode_cursor(cursor: str) -> tuple[int, int]:
    """The place that a cursor stands for.

    Raises:
        InputError: this is no cursor that a list gave.
    """
    if re.fullmatch(CURSOR_PATTERN, cursor, re.ASCII) is None:
        raise InputError(f"cursor {cursor!r}: expected the value of 'next' of an earlier page")
    block, log_index = cursor.split(".")
    return int(block), int(log_index)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else "0x" + bytes(value).hex()


def _bare(value: bytes | None) -> str | None:
    return None if value is None else bytes(value).hex()


def _act(row: Row) -> Json:
    return {
        "organisation": row.organisation,
        "account": _hex(row.account),
        "at": row.at,
        "block": row.block,
        "log_index": row.log_index,
        "transaction": _hex(row.transaction_hash),
    }


def _page(
    connection: Connection,
    query: Select[Any],
    table: Any,
    cursor: str | None,
    limit: int,
    to_json: Callable[[Row], Json],
) -> Page:
    place = tuple_(table.c.block, table.c.log_index)
    if cursor is not None:
        query = query.where(place > tuple_(*decode_cursor(cursor)))
    query = query.order_by(table.c.block, table.c.log_index).limit(limit + 1)
    rows = connection.execute(query).all()
    shown = rows[:limit]
    more = len(rows) > limit
    following = encode_cursor(shown[-1].block, shown[-1].log_index) if more else None
    return Page([to_json(row) for row in shown], following)


def _equal(table: Any, filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in filters.items() if value is not None]


def _last_flags() -> Any:
    """The state after the last decision on a version; 0 before the first."""
    decided = schema.decisions
    newest = (
        select(decided.c.flags)
        .where(decided.c.version == schema.versions.c.id)
        .order_by(decided.c.block.desc(), decided.c.log_index.desc())
        .limit(1)
        .correlate(schema.versions)
        .scalar_subquery()
    )
    return func.coalesce(newest, 0)


def datasets(
    connection: Connection,
    cursor: str | None = None,
    limit: int = 50,
    *,
    in_standing: bool | None = None,
    **filters: Any,
) -> Page:
    """Dataset versions; filters: id, organisation, purpose, rule_set, qc_passed, predecessor."""
    flags = _last_flags()
    query = select(schema.versions, flags.label("flags"))
    query = query.where(*_equal(schema.versions, filters))
    if in_standing is not None:
        both = int(VersionFlag.APPROVED | VersionFlag.REVOKED)
        stands = flags.op("&")(both) == int(VersionFlag.APPROVED)
        query = query.where(stands if in_standing else ~stands)
    return _page(connection, query, schema.versions, cursor, limit, _dataset)


def _dataset(row: Row) -> Json:
    flags = VersionFlag(row.flags)
    return {
        "id": _hex(row.id),
        "number": row.number,
        "commitment": _bare(row.commitment),
        "predecessor": _hex(row.predecessor),
        "qc_report": _bare(row.qc_report),
        "qc_passed": bool(row.qc_passed),
        "ethics": _bare(row.ethics),
        "ethics_expiry": row.ethics_expiry,
        "rule_set": _bare(row.rule_set),
        "declarations": [item.name for item in Declaration(row.declarations)],
        "purpose": _bare(row.purpose),
        "statement": _bare(row.statement),
        "flags": [item.name for item in flags],
        "in_standing": VersionFlag.APPROVED in flags and VersionFlag.REVOKED not in flags,
        "act": _act(row),
    }


def decisions(
    connection: Connection, cursor: str | None = None, limit: int = 50, **filters: Any
) -> Page:
    """Decisions on dataset versions; filters: version, organisation, kind."""
    query = select(schema.decisions).where(*_equal(schema.decisions, filters))
    return _page(connection, query, schema.decisions, cursor, limit, _decision)


def _decision(row: Row) -> Json:
    return {
        "version": _hex(row.version),
        "kind": DecisionKind(row.kind).name,
        "reason": row.reason,
        "flags": [item.name for item in VersionFlag(row.flags)],
        "successor": _hex(row.successor),
        "statement": _bare(row.statement),
        "act": _act(row),
    }


def runs(
    connection: Connection, cursor: str | None = None, limit: int = 50, **filters: Any
) -> Page:
    """Runs; filters: id, organisation, plan, purpose, parent_run."""
    closed = (
        select(func.count())
        .select_from(schema.rounds)
        .where(schema.rounds.c.run == schema.runs.c.id)
        .correlate(schema.runs)
        .scalar_subquery()
    )
    query = select(schema.runs, closed.label("rounds_closed"))
    query = query.where(*_equal(schema.runs, filters))
    return _page(connection, query, schema.runs, cursor, limit, _run)


def _run(row: Row) -> Json:
    return {
        "id": _hex(row.id),
        "plan": _bare(row.plan),
        "purpose": _bare(row.purpose),
        "participants": sorted(members(row.participants)),
        "initial_model": _bare(row.initial_model),
        "initial_kind": InitialKind(row.initial_kind).name,
        "parent_run": _hex(row.parent_run),
        "parent_round": row.parent_round,
        "origin": _bare(row.origin),
        "statement": _bare(row.statement),
        "hash": _hex(row.hash),
        "rounds_closed": row.rounds_closed,
        "act": _act(row),
    }


def rounds(
    connection: Connection, cursor: str | None = None, limit: int = 50, **filters: Any
) -> Page:
    """Closed rounds; filters: run, round, aggregate, organisation."""
    query = select(schema.rounds).where(*_equal(schema.rounds, filters))
    return _page(connection, query, schema.rounds, cursor, limit, _round)


def _round(row: Row) -> Json:
    return {
        "run": _hex(row.run),
        "round": row.round,
        "base": _bare(row.base),
        "aggregate": _bare(row.aggregate),
        "participants": sorted(members(row.participants)),
        "included": sorted(members(row.included)),
        "leaves_hash": _hex(row.leaves_hash),
        "statement": _bare(row.statement),
        "hash": _hex(row.hash),
        "act": _act(row),
    }


def updates(
    connection: Connection, cursor: str | None = None, limit: int = 50, **filters: Any
) -> Page:
    """Updates, every attempt; filters: run, round, organisation, version."""
    query = select(schema.updates).where(*_equal(schema.updates, filters))
    return _page(connection, query, schema.updates, cursor, limit, _update)


def _update(row: Row) -> Json:
    return {
        "run": _hex(row.run),
        "round": row.round,
        "digest": _bare(row.digest),
        "base": _bare(row.base),
        "version": _hex(row.version),
        "statement": _bare(row.statement),
        "replaces": _hex(row.replaces),
        "leaf": _hex(row.leaf),
        "act": _act(row),
    }


def notes(
    connection: Connection, cursor: str | None = None, limit: int = 50, **filters: Any
) -> Page:
    """Notes of runs; filters: run, kind, organisation."""
    query = select(schema.notes).where(*_equal(schema.notes, filters))
    return _page(connection, query, schema.notes, cursor, limit, _note)


def _note(row: Row) -> Json:
    return {
        "run": _hex(row.run),
        "kind": NoteKind(row.kind).name,
        "round": row.round,
        "reason": row.reason,
        "subject": _hex(row.subject),
        "statement": _bare(row.statement),
        "act": _act(row),
    }


def releases(
    connection: Connection,
    cursor: str | None = None,
    limit: int = 50,
    *,
    digest: bytes | None = None,
    **filters: Any,
) -> Page:
    """Releases; filters: id, run, organisation, and `digest` of the model or of its file."""
    table, taken_back = schema.releases, schema.withdrawals
    withdrawn = select(taken_back.c.at).where(taken_back.c.release == table.c.id).limit(1)
    query = select(table, withdrawn.correlate(table).scalar_subquery().label("withdrawn_at"))
    query = query.where(*_equal(table, filters))
    if digest is not None:
        query = query.where(or_(table.c.aggregate == digest, table.c.file_digest == digest))
    return _page(connection, query, table, cursor, limit, _release)


def _release(row: Row) -> Json:
    return {
        "id": _hex(row.id),
        "run": _hex(row.run),
        "round": row.round,
        "aggregate": _bare(row.aggregate),
        "file_digest": _bare(row.file_digest),
        "model_card": _bare(row.model_card),
        "statement": _bare(row.statement),
        "withdrawn_at": row.withdrawn_at,
        "act": _act(row),
    }


def events(
    connection: Connection,
    cursor: str | None = None,
    limit: int = 50,
    *,
    from_block: int | None = None,
    to_block: int | None = None,
    **filters: Any,
) -> Page:
    """Every event; filters: name, contract, subject, organisation, account, blocks."""
    table = schema.events
    query = select(table).where(*_equal(table, filters))
    limits = []
    if from_block is not None:
        limits.append(table.c.block >= from_block)
    if to_block is not None:
        limits.append(table.c.block <= to_block)
    return _page(connection, query.where(and_(True, *limits)), table, cursor, limit, _event)


def _event(row: Row) -> Json:
    act = _act(row)
    if row.organisation == schema.NO_ORGANISATION:
        act["organisation"] = None
    act["account"] = act["account"] if row.account else None
    return {
        "contract": row.contract,
        "name": row.name,
        "subject": _hex(row.subject),
        "arguments": json.loads(row.arguments),
        "act": act,
    }


def organisations(
    connection: Connection,
    cursor: str | None = None,
    limit: int = 50,
    *,
    role: Role | None = None,
    suspended: bool | None = None,
) -> Page:
    """Organisations by number, each with its accounts; filters: role, suspended."""
    after = -1 if cursor is None else decode_cursor(cursor)[0]
    everyone = people.people(connection)
    chosen = [
        found
        for found in everyone.organisations.values()
        if found.number > after
        and (role is None or role in found.roles)
        and (suspended is None or found.suspended == suspended)
    ]
    accounts: dict[int, list[Json]] = {}
    for account in everyone.accounts.values():
        accounts.setdefault(account.organisation, []).append(_account(account))
    shown = chosen[:limit]
    following = encode_cursor(shown[-1].number, 0) if len(chosen) > limit else None
    return Page([_organisation(one, accounts.get(one.number, [])) for one in shown], following)


def _organisation(found: Organisation, accounts: list[Json]) -> Json:
    return {
        "number": found.number,
        "roles": [role.name for role in found.roles],
        "root": _hex(found.root),
        "record": _bare(found.record),
        "admitted_at": found.admitted_at,
        "suspended": found.suspended,
        "accounts": accounts,
    }


def _account(account: Account) -> Json:
    return {
        "address": _hex(account.address),
        "roles": [role.name for role in Role(account.roles)],
        "enrolled_at": account.enrolled_at,
        "accepted_at": account.accepted_at,
        "to": account.to,
        "compromised_since": account.compromised_since,
    }
