"""The index against a real chain: the same facts as the node's, whatever happened in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from dragon_ledger.chain.facts import facts_for as facts_of_node
from dragon_ledger.index import schema
from dragon_ledger.index.database import clear
from dragon_ledger.index.facts import facts_for
from dragon_ledger.index.follower import Follower
from dragon_ledger.records import Facts, Source
from tests.chain.world import World, digest
from tests.index.conftest import RELEASER, train

pytestmark = pytest.mark.slow


def content(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in schema.metadata.sorted_tables
        }


def without_source(facts: Facts) -> Facts:
    return replace(facts, as_of=replace(facts.as_of, source=Source.NODE))


def read(engine: Engine, value: bytes) -> Facts:
    with engine.connect() as connection:
        return without_source(facts_for(connection, value))


def test_the_index_gives_the_same_facts_as_the_node(world: World, engine: Engine) -> None:
    aggregate = train(world, "first")
    run = facts_of_node(world.client, aggregate).runs[0].id
    world.release(RELEASER, run, 2)
    Follower(engine, world.client).sync()
    for value in (aggregate, digest("file"), digest("never seen")):
        assert read(engine, value) == facts_of_node(world.client, value)


def test_a_rebuild_gives_the_same_rows_as_following(world: World, engine: Engine) -> None:
    follower = Follower(engine, world.client, chunk=7)
    follower.sync()
    for label in ("first", "second"):
        train(world, label, rounds=1)
        follower.sync()
    followed = content(engine)
    clear(engine)
    Follower(engine, world.client, chunk=1000).sync()
    assert content(engine) == followed
    assert len(followed["updates"]) == 6


def test_a_reorganisation_is_taken_back(world: World, engine: Engine) -> None:
    follower = Follower(engine, world.client)
    snapshot = world.client.call("evm_snapshot")
    gone = train(world, "gone", rounds=1)
    follower.sync()
    assert read(engine, gone).origins
    world.client.call("evm_revert", snapshot)
    kept = train(world, "kept", rounds=2)
    done = follower.sync()
    assert done.taken_back > 0
    assert not read(engine, gone).origins
    assert read(engine, kept) == facts_of_node(world.client, kept)
    followed = content(engine)
    clear(engine)
    Follower(engine, world.client).sync()
    assert content(engine) == followed


def test_a_chain_that_only_lost_blocks_is_followed_back(world: World, engine: Engine) -> None:
    follower = Follower(engine, world.client)
    snapshot = world.client.call("evm_snapshot")
    gone = train(world, "gone", rounds=1)
    follower.sync()
    world.client.call("evm_revert", snapshot)
    follower.sync()
    assert not read(engine, gone).origins
    assert read(engine, gone) == facts_of_node(world.client, gone)
