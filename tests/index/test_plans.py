"""What a verdict costs must not grow with what is recorded: no query reads a whole table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from dragon_ledger.index import lists
from dragon_ledger.index.database import open_database, reading
from dragon_ledger.index.facts import facts_for, state, updates_behind
from scripts.bench.ledger_filler import UPDATES, aggregate, digest, fill

MODELS = 300
# The network that the index is of, and how far it has read: a row each.
ONE_ROW = {"network", "progress"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('plans')}/index.sqlite")
    fill(engine, MODELS, 1, bytes(32))
    return engine


@contextmanager
def plans(engine: Engine) -> Iterator[list[str]]:
    """Every step of the plan of every query that is run meanwhile."""
    steps: list[str] = []

    def explain(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        if statement.startswith("SELECT"):
            raw = connection.connection.dbapi_connection
            assert raw is not None
            found = raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            steps.extend(str(row[3]) for row in found)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield steps
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def scanned(steps: list[str]) -> set[str]:
    """The tables that are read from end to end."""
    found = {match[1] for step in steps if (match := re.match(r"SCAN (\w+)", step))}
    return found - ONE_ROW


@pytest.mark.parametrize("known", [True, False], ids=["recorded", "unknown"])
def test_a_verdict_reads_no_table_from_end_to_end(filled: Engine, *, known: bool) -> None:
    with reading(filled) as connection:
        seen = state(connection)
        with plans(filled) as steps:
            found = facts_for(connection, aggregate(7) if known else bytes(32), None, seen)
        assert bool(found.releases) == known
    assert steps
    assert scanned(steps) == set()
    assert not [step for step in steps if "AUTOMATIC" in step]


def test_the_state_is_read_with_two_rows_only(filled: Engine) -> None:
    """And with the Consortium's own changes, once for each block: their number is the members'."""
    with reading(filled) as connection, plans(filled) as steps:
        seen = state(connection)
        steps.clear()
        assert state(connection, seen) is seen
    assert scanned(steps) == set()


def test_what_a_verdict_will_cost_is_known_without_reading_it(filled: Engine) -> None:
    digests = (aggregate(7), digest("file", 7), bytes(32))
    with reading(filled) as connection, plans(filled) as steps:
        found = [updates_behind(connection, one, 1000) for one in digests]
        assert updates_behind(connection, aggregate(7), 3) == 3, "no more are counted than asked"
    assert found == [UPDATES, UPDATES, 0]
    assert scanned(steps) == {"counted"}, "which holds no more than may be counted"


FILTERS: dict[str, tuple[str, ...]] = {
    "datasets": ("id", "organisation"),
    "decisions": ("version",),
    "runs": ("id", "organisation", "plan"),
    "rounds": ("run", "aggregate"),
    "updates": ("run", "organisation", "version"),
    "notes": ("run",),
    "releases": ("id", "run", "digest"),
    "events": ("subject", "name", "organisation", "account", "from_block", "to_block"),
}
NUMBERS = {"organisation": 99, "from_block": 10, "to_block": 10, "name": "NoSuchEvent"}


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, fields in FILTERS.items() for field in fields]
)
def test_a_filter_that_finds_nothing_reads_nothing(filled: Engine, name: str, field: str) -> None:
    """A filter without an index would read the whole table before it could say so."""
    value = NUMBERS.get(field, bytes(32))
    with reading(filled) as connection, plans(filled) as steps:
        getattr(lists, name)(connection, None, 50, **{field: value})
    assert steps
    assert scanned(steps) == set()


def test_a_table_that_is_read_from_end_to_end_is_noticed(filled: Engine) -> None:
    with reading(filled) as connection, plans(filled) as steps:
        lists.runs(connection, None, 50, purpose=bytes(32))
    assert scanned(steps) == {"runs"}
