"""Facts from the index against facts folded from the same events as a node's are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from dragon_ledger.chain import fold
from dragon_ledger.chain.events import ChainEvent
from dragon_ledger.errors import StaleState, WrongChain
from dragon_ledger.index.database import bind_network, clear
from dragon_ledger.index.facts import facts_for
from dragon_ledger.index.follower import Reached, set_progress, store
from dragon_ledger.provenance.verdict import judge
from dragon_ledger.records import Act, AggregateOrigin, Facts, Release, Run, Source, Update
from tests.provenance.defects import DEFECTS, Defect, broken
from tests.provenance.events import events_of
from tests.provenance.histories import ADDRESSES, CHAIN_ID, honest


def fill(engine: Engine, events: list[ChainEvent], facts: Facts) -> None:
    clear(engine)
    with engine.begin() as connection:
        bind_network(connection, CHAIN_ID, facts.as_of.genesis_hash, ADDRESSES)
        store(connection, events)
        as_of = facts.as_of
        set_progress(connection, Reached(as_of.block, as_of.block_hash, as_of.time))


def folded(events: list[ChainEvent], facts: Facts) -> Facts:
    """What a node gives: folded by the chain room, restricted to what the digest leads to."""
    all_runs, all_versions = fold.runs(events), fold.versions(events)
    releases = tuple(r for r in fold.releases(events).values() if r.aggregate == facts.digest)
    origins = tuple(
        AggregateOrigin(run.id, closed.number)
        for run in all_runs.values()
        for closed in run.rounds
        if closed.aggregate == facts.digest
    )
    wanted = {r.run for r in releases} | {o.run for o in origins}
    while parents := {all_runs[key].parent_run for key in wanted} - wanted - {None}:
        wanted |= {parent for parent in parents if parent is not None}
    runs = tuple(all_runs[key] for key in sorted(wanted))
    used = sorted({update.version for run in runs for update in updates(run)})
    versions = tuple(all_versions[key] for key in used)
    acting = list(acts(releases, runs, versions))
    accounts, organisations = fold.accounts(events), fold.organisations(events)
    rule_sets = fold.rule_sets(events)
    named = sorted({version.rule_set for version in versions})
    return replace(
        facts,
        releases=releases,
        origins=origins,
        runs=runs,
        versions=versions,
        organisations=tuple(organisations[n] for n in sorted({a.organisation for a in acting})),
        accounts=tuple(accounts[a] for a in sorted({act.account for act in acting})),
        rule_sets=tuple(rule_sets[digest] for digest in named if digest in rule_sets),
    )


def updates(run: Run) -> Iterator[Update]:
    for closed in run.rounds:
        yield from closed.updates
    yield from run.open_updates


def acts(
    releases: Iterable[Release], runs: Iterable[Run], versions: Iterable[object]
) -> Iterator[Act]:
    for release in releases:
        yield release.act
        if release.withdrawal is not None:
            yield release.withdrawal.act
    for run in runs:
        yield run.act
        yield from (closed.act for closed in run.rounds)
        yield from (note.act for note in run.notes)
        yield from (update.act for update in updates(run))
    for version in versions:
        yield version.act  # type: ignore[attr-defined]  # a DatasetVersion
        yield from (d.act for d in version.decisions)  # type: ignore[attr-defined]  # as above


@given(st.integers(0, 10**9), st.lists(st.sampled_from(DEFECTS), max_size=3))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_index_and_node_give_the_same_facts_and_verdict(
    engine: Engine, seed: int, defects: list[Defect]
) -> None:
    history, release = honest(seed)
    facts = history.facts(release.aggregate)
    for position, defect in enumerate(defects):
        facts = broken(facts, defect, seed + position) or facts
    events = events_of(facts)
    fill(engine, events, facts)
    expected = folded(events, facts)
    with engine.connect() as connection:
        found = facts_for(connection, facts.digest)
    from_node = replace(found, as_of=replace(found.as_of, source=Source.NODE))
    assert from_node == expected
    assert judge(from_node, history.now) == judge(expected, history.now)


def test_an_empty_index_says_so(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(StaleState, match="index run"):
        facts_for(connection, b"\x01" * 32)


def test_an_index_of_another_chain_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        bind_network(connection, CHAIN_ID, b"\xaa" * 32, ADDRESSES)
        bind_network(connection, CHAIN_ID, b"\xaa" * 32, ADDRESSES)
        with pytest.raises(WrongChain, match="other contracts"):
            bind_network(connection, CHAIN_ID, b"\xab" * 32, ADDRESSES)
