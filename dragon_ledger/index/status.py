"""What an index holds, for people who run it."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from dragon_ledger.index import schema
from dragon_ledger.index.follower import reached

COUNTED = {
    "organisations": (schema.organisation_changes, "admitted"),
    "dataset_versions": (schema.versions, None),
    "decisions": (schema.decisions, None),
    "runs": (schema.runs, None),
    "updates": (schema.updates, None),
    "closed_rounds": (schema.rounds, None),
    "releases": (schema.releases, None),
    "events": (schema.events, None),
}


def describe(connection: Connection) -> dict[str, int | str | None]:
    """Chain, block, and the number of rows of each kind."""
    bound = connection.execute(select(schema.network)).first()
    done = reached(connection)
    found: dict[str, int | str | None] = {
        "chain_id": None if bound is None else bound.chain_id,
        "genesis_hash": None if bound is None else "0x" + bytes(bound.genesis_hash).hex(),
        "block": None if done is None else done.block,
        "block_hash": None if done is None else "0x" + done.hash.hex(),
        "block_time": None if done is None else done.time,
    }
    for name, (table, kind) in COUNTED.items():
        query = select(func.count()).select_from(table)
        if kind is not None:
            query = query.where(table.c.kind == kind)
        found[name] = connection.scalar(query) or 0
    return found
