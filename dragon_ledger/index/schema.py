"""The tables. Every row is one event of the chain, keyed by its place: block and log index.

Nothing is ever updated in place, so that a reorganisation is undone by deleting the blocks that
are gone, and a rebuild gives the same rows. The present state of a thing is that after its last
row. Digests, ids and addresses are raw bytes; times are seconds since the Unix epoch (UTC);
sets of organisations are 32-byte words, bit n for organisation n.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()
NO_ORGANISATION = -1  # an act of the admin alone


def _event_table(name: str, *columns: Column[object], keys: tuple[tuple[str, ...], ...]) -> Table:
    """A table of events: who acted, when and where, and what the event says."""
    table = Table(
        name,
        metadata,
        Column("block", BigInteger, primary_key=True, autoincrement=False),
        Column("log_index", Integer, primary_key=True, autoincrement=False),
        Column("transaction_hash", LargeBinary(32), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("organisation", SmallInteger, nullable=False),
        Column("account", LargeBinary(20), nullable=False),
        *columns,
        sqlite_with_rowid=False,
    )
    for key in keys:
        Index(f"ix_{name}_{'_'.join(key)}", *(table.c[column] for column in key))
    return table


def _digest(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, LargeBinary(32), nullable=nullable)


def _small(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, SmallInteger, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Integer, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, BigInteger, nullable=nullable)


PLACE = ("block", "log_index")

network = Table(
    "network",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("genesis_hash", LargeBinary(32), nullable=False),
    Column("addresses", Text, nullable=False),
)
progress = Table(
    "progress",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("block", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
)
blocks = Table(
    "blocks",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
)
events = _event_table(
    "events",
    Column("contract", Text, nullable=False),
    Column("name", Text, nullable=False),
    _digest("subject", nullable=True),
    Column("arguments", Text, nullable=False),
    keys=(
        ("subject", *PLACE),
        ("name", *PLACE),
        ("organisation", *PLACE),
        ("account", *PLACE),
    ),
)
organisation_changes = _event_table(
    "organisation_changes",
    Column("kind", Text, nullable=False),
    Column("root", LargeBinary(20), nullable=True),
    _small("roles", nullable=True),
    _digest("record", nullable=True),
    keys=(("organisation", *PLACE),),
)
account_changes = _event_table(
    "account_changes",
    Column("kind", Text, nullable=False),
    _small("roles", nullable=True),
    _time("moment", nullable=True),
    keys=(("account", *PLACE), ("organisation", *PLACE)),
)
rule_set_changes = _event_table(
    "rule_set_changes",
    Column("kind", Text, nullable=False),
    _digest("rule_set"),
    _small("declarations", nullable=True),
    _time("valid_from", nullable=True),
    _time("valid_to", nullable=True),
    keys=(("rule_set", *PLACE),),
)
versions = _event_table(
    "versions",
    _digest("id"),
    _number("number"),
    _digest("commitment"),
    _digest("predecessor", nullable=True),
    _digest("qc_report"),
    Column("qc_passed", Boolean, nullable=False),
    _digest("ethics"),
    _time("ethics_expiry"),
    _digest("rule_set"),
    _small("declarations"),
    _digest("purpose"),
    _digest("statement"),
    keys=(("id",), ("organisation", *PLACE)),
)
decisions = _event_table(
    "decisions",
    _digest("version"),
    _small("kind"),
    _small("reason"),
    _small("flags"),
    _digest("successor", nullable=True),
    _digest("statement"),
    keys=(("version", *PLACE),),
)
runs = _event_table(
    "runs",
    _digest("id"),
    _digest("plan"),
    _digest("purpose"),
    _digest("participants"),
    _digest("initial_model"),
    _small("initial_kind"),
    _digest("parent_run", nullable=True),
    _number("parent_round", nullable=True),
    _digest("origin", nullable=True),
    _digest("statement"),
    _digest("hash"),
    keys=(("id",), ("organisation", *PLACE), ("plan",)),
)
updates = _event_table(
    "updates",
    _digest("run"),
    _number("round"),
    _digest("digest"),
    _digest("base"),
    _digest("version"),
    _digest("statement"),
    _digest("replaces", nullable=True),
    _digest("leaf"),
    keys=(("run", *PLACE), ("version",), ("organisation", *PLACE)),
)
rounds = _event_table(
    "rounds",
    _digest("run"),
    _number("round"),
    _digest("base"),
    _digest("aggregate"),
    _digest("participants"),
    _digest("included"),
    _digest("leaves_hash"),
    _digest("statement"),
    _digest("hash"),
    keys=(("run", "round"), ("aggregate", *PLACE)),
)
notes = _event_table(
    "notes",
    _digest("run"),
    _small("kind"),
    _number("round"),
    _small("reason"),
    _digest("subject"),
    _digest("statement"),
    keys=(("run", *PLACE),),
)
releases = _event_table(
    "releases",
    _digest("id"),
    _digest("run"),
    _number("round"),
    _digest("aggregate"),
    _digest("file_digest"),
    _digest("model_card"),
    _digest("statement"),
    keys=(("id",), ("aggregate", *PLACE), ("file_digest", *PLACE), ("run", *PLACE)),
)
withdrawals = _event_table(
    "withdrawals",
    _digest("release"),
    _small("reason"),
    _digest("statement"),
    keys=(("release",),),
)

# What a reorganisation takes back: every table that is keyed by block.
BY_BLOCK: tuple[Table, ...] = (
    blocks,
    events,
    organisation_changes,
    account_changes,
    rule_set_changes,
    versions,
    decisions,
    runs,
    updates,
    rounds,
    notes,
    releases,
    withdrawals,
)
