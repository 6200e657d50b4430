"""The rows that an event makes: one in the list of events, one in the table of its kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import Table

from dragon_ledger.chain.events import EVENTS, ChainEvent
from dragon_ledger.index import schema

Row = dict[str, Any]
ZERO = bytes(32)
EVENTS_BY_NAME = {event.__name__: event for event in EVENTS}
EXACT_IN_JSON = 1 << 53
PLACE = ("block", "log_index", "transaction_hash", "at", "organisation", "account")
# Solidity's zero word in these columns means "none".
OPTIONAL = frozenset({"predecessor", "successor", "parent_run", "origin", "replaces"})
ZERO_IS_NONE = frozenset({"parent_round", "valid_to"})  # no parent has round 0, no end is 0
# Sets of organisations are stored as one word.
WORDS = frozenset({"participants", "included"})

# Event -> its table, and the value of `kind` where several events share it.
TABLES: dict[str, tuple[Table, str | None]] = {
    "OrganisationAdmitted": (schema.organisation_changes, "admitted"),
    "RootAccepted": (schema.organisation_changes, "root_accepted"),
    "OrganisationSuspended": (schema.organisation_changes, "suspended"),
    "OrganisationResumed": (schema.organisation_changes, "resumed"),
    "AccountEnrolled": (schema.account_changes, "enrolled"),
    "AccountAccepted": (schema.account_changes, "accepted"),
    "AccountEnded": (schema.account_changes, "ended"),
    "AccountCompromised": (schema.account_changes, "compromised"),
    "RuleSetAccepted": (schema.rule_set_changes, "accepted"),
    "RuleSetEnded": (schema.rule_set_changes, "ended"),
    "VersionRegistered": (schema.versions, None),
    "Decided": (schema.decisions, None),
    "RunOpened": (schema.runs, None),
    "UpdateCommitted": (schema.updates, None),
    "RoundClosed": (schema.rounds, None),
    "Noted": (schema.notes, None),
    "Released": (schema.releases, None),
    "Withdrawn": (schema.withdrawals, None),
}
# (event, column) -> the event's field, where their names differ.
RENAMED: dict[tuple[str, str], str] = {
    ("AccountEnded", "moment"): "to",
    ("AccountCompromised", "moment"): "since",
    ("RuleSetAccepted", "valid_from"): "from_",
    ("RuleSetAccepted", "valid_to"): "to",
    ("RuleSetEnded", "valid_to"): "to",
    ("Decided", "version"): "id",
    ("RunOpened", "id"): "run",
    ("UpdateCommitted", "digest"): "update",
    ("Withdrawn", "release"): "id",
}


def rows(event: ChainEvent) -> list[tuple[Table, Row]]:
    """The rows of an event, each with the table that it belongs to."""
    common = _common(event)
    made = [(schema.events, common | _listed(event))]
    name = type(event).__name__
    if name in TABLES:
        table, kind = TABLES[name]
        row = {column: value(event) for column, value in _columns(name)}
        if kind is not None:
            row["kind"] = kind
        made.append((table, common | row))
    return made


def _common(event: ChainEvent) -> Row:
    position = event.position
    return {
        "block": position.block,
        "log_index": position.log_index,
        "transaction_hash": position.transaction,
        "at": position.time,
        "organisation": getattr(event, "organisation", schema.NO_ORGANISATION),
        "account": getattr(event, "account", b""),
    }


def _listed(event: ChainEvent) -> Row:
    arguments = {
        field.name.rstrip("_"): _readable(getattr(event, field.name))
        for field in fields(event)
        if field.name != "position"
    }
    return {
        "contract": event.contract,
        "name": type(event).__name__,
        "subject": _subject(event),
        "arguments": json.dumps(arguments, separators=(",", ":")),
    }


def _subject(event: ChainEvent) -> bytes | None:
    """What the event is about: a version, a run, a release or a rule set."""
    for name in ("id", "run", "rule_set"):
        value: bytes | None = getattr(event, name, None)
        if value is not None:
            return value
    return None


def _readable(value: Any) -> Any:
    """JSON of an argument; what JSON readers would round is written as hexadecimal text."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return hex(value) if value >= EXACT_IN_JSON else value


@cache
def _columns(name: str) -> tuple[tuple[str, Callable[[ChainEvent], Any]], ...]:
    """How each column of the event's own table is filled."""
    table, kind = TABLES[name]
    present = {field.name for field in fields(EVENTS_BY_NAME[name])}
    made = []
    for column in (column.name for column in table.columns):
        if column in PLACE or (column == "kind" and kind is not None):
            continue
        source = RENAMED.get((name, column), column)
        made.append((column, _reader(column, source if source in present else None)))
    return tuple(made)


def _reader(column: str, source: str | None) -> Callable[[ChainEvent], Any]:
    if source is None:
        return lambda _: None
    if column in OPTIONAL:
        return lambda event: _none_if(ZERO, getattr(event, source))
    if column in WORDS:
        return lambda event: getattr(event, source).to_bytes(32, "big")
    if column in ZERO_IS_NONE:
        return lambda event: getattr(event, source) or None
    return lambda event: getattr(event, source)


def _none_if(empty: bytes, value: bytes) -> bytes | None:
    return None if value == empty else value
