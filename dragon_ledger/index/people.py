"""Organisations, accounts and rule sets, folded from the changes that the Consortium recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select

from dragon_ledger.index import schema
from dragon_ledger.index.rows import where
from dragon_ledger.records import Account, Declaration, Organisation, Role, RuleSetAcceptance

Row = Any
T = TypeVar("T")
CONTRACT = "Consortium"


def organisation(changes: Iterable[Row]) -> Organisation | None:
    """One organisation after its changes, oldest first."""
    found: Organisation | None = None
    for row in changes:
        if row.kind == "admitted":
            # The root named at admission is the root only once it has accepted.
            found = Organisation(
                row.organisation,
                Role(row.roles),
                bytes(20),
                bytes(row.record),
                row.at,
                False,
                where(row, CONTRACT),
            )
        elif found is not None and row.kind == "root_accepted":
            found = replace(found, root=bytes(row.root))
        elif found is not None:
            found = replace(found, suspended=row.kind == "suspended")
    return found


def account(changes: Iterable[Row]) -> Account | None:
    """One address after its changes, oldest first; None while it has accepted no enrolment."""
    found: Account | None = None
    enrolled: dict[int, int] = {}
    for row in changes:
        if row.kind == "enrolled":
            enrolled[row.organisation] = row.at
        elif row.kind == "accepted":
            found = Account(
                bytes(row.account),
                row.organisation,
                Role(row.roles),
                enrolled[row.organisation],
                row.at,
                None,
                None,
                where(row, CONTRACT),
            )
        elif found is not None and row.kind == "ended":
            found = replace(found, to=row.moment)
        elif found is not None:
            # Marking as compromised ends the account in the next second, unless it ends earlier.
            ends = row.at + 1 if found.to is None else min(found.to, row.at + 1)
            found = replace(found, compromised_since=row.moment, to=ends)
    return found


def rule_set(changes: Iterable[Row]) -> RuleSetAcceptance | None:
    """One rule set after its changes, oldest first."""
    found: RuleSetAcceptance | None = None
    for row in changes:
        if row.kind == "accepted":
            found = RuleSetAcceptance(
                bytes(row.rule_set),
                Declaration(row.declarations),
                row.at,
                row.valid_from,
                row.valid_to,
                where(row, CONTRACT),
            )
        elif found is not None:
            found = replace(found, valid_to=row.valid_to)
    return found


@dataclass(frozen=True, slots=True)
class People:
    """All organisations, accounts and rule sets; few, and named by every verdict."""

    organisations: dict[int, Organisation]
    accounts: dict[bytes, Account]
    rule_sets: dict[bytes, RuleSetAcceptance]


def people(connection: Connection) -> People:
    """Everyone that the Consortium knows."""
    return People(
        _folded(connection, schema.organisation_changes, "organisation", organisation),
        _folded(connection, schema.account_changes, "account", account),
        _folded(connection, schema.rule_set_changes, "rule_set", rule_set),
    )


def _folded(
    connection: Connection, table: Table, column: str, fold: Callable[[Iterable[Row]], T | None]
) -> dict[Any, T]:
    """What each key's changes add up to, in the order of the keys."""
    query = select(table).order_by(table.c.block, table.c.log_index)
    grouped: dict[Any, list[Row]] = {}
    for row in connection.execute(query):
        grouped.setdefault(getattr(row, column), []).append(row)
    found = {key: fold(grouped[key]) for key in sorted(grouped)}
    return {key: value for key, value in found.items() if value is not None}
