from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from dragon_ledger.index.database import bind_network, open_database
from dragon_ledger.index.facts import facts_for
from dragon_ledger.index.follower import Reached, set_progress, store
from dragon_ledger.provenance.verdict import judge
from dragon_ledger.records import Source
from tests.provenance.events import block_hash, events_of
from tests.provenance.histories import ADDRESSES, CHAIN_ID, History, honest


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path}/index.sqlite")


def fill(engine: Engine, history: History) -> None:
    with engine.begin() as connection:
        bind_network(connection, CHAIN_ID, b"\xaa" * 32, ADDRESSES)
        store(connection, events_of(history))
        set_progress(connection, Reached(history.block, block_hash(history.block), history.now))


@pytest.mark.parametrize("seed", range(10))
def test_the_index_gives_the_facts_that_happened(engine: Engine, seed: int) -> None:
    history, release = honest(seed)
    fill(engine, history)
    expected = history.facts(release.aggregate, Source.INDEX)
    with engine.connect() as connection:
        found = facts_for(connection, release.aggregate)
    assert found.releases == expected.releases
    assert found.origins == expected.origins
    assert set(found.runs) <= set(expected.runs)
    assert set(found.versions) <= set(expected.versions)
    assert set(found.organisations) <= set(expected.organisations)
    assert set(found.accounts) <= set(expected.accounts)
    verdict = judge(found, history.now)
    assert verdict == judge(expected, history.now)
