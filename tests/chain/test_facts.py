"""Facts straight from a node, and what happens when the node's logs lie."""

from __future__ import annotations

import pytest

from dragon_ledger.chain.facts import facts_for
from dragon_ledger.records import AggregateOrigin, VersionFlag
from tests.chain.history import AGGREGATOR, RELEASER, REVIEWER, tell_history
from tests.chain.world import World, digest


@pytest.fixture
def released(world: World) -> tuple[World, bytes]:
    return world, tell_history(world)


def test_facts_hold_the_whole_trace(released: tuple[World, bytes]) -> None:
    world, aggregate = released
    facts = facts_for(world.client, aggregate)
    assert [one.aggregate for one in facts.releases] == [aggregate]
    second = next(run for run in facts.runs if run.parent_run is not None)
    first = next(run for run in facts.runs if run.parent_run is None)
    assert facts.origins == (AggregateOrigin(second.id, 1),)
    assert second.parent_run == first.id
    assert [len(closed.updates) for closed in first.rounds] == [4, 1]
    assert first.rounds[0].included == {1, 2}
    assert [note.act.organisation for note in first.notes] == [3]
    assert [update.act.organisation for update in second.open_updates] == [2]
    assert all(version.in_standing for version in facts.versions)
    assert {one.number for one in facts.organisations} == {1, 2, 3, REVIEWER, AGGREGATOR, RELEASER}
    assert len(facts.accounts) == 6
    assert len(facts.rule_sets) == 1


def test_the_released_file_finds_the_same_release(released: tuple[World, bytes]) -> None:
    world, aggregate = released
    by_file = facts_for(world.client, digest("file"))
    assert by_file.releases == facts_for(world.client, aggregate).releases
    assert by_file.origins == ()


def test_an_unknown_digest_has_no_facts_and_a_block(world: World) -> None:
    facts = facts_for(world.client, digest("never seen"))
    assert [facts.releases, facts.origins, facts.runs, facts.versions] == [(), (), (), ()]
    assert facts.as_of.block_hash == world.client.block(facts.as_of.block).hash


def test_facts_of_an_earlier_block_do_not_know_later_decisions(
    released: tuple[World, bytes],
) -> None:
    world, aggregate = released
    before = world.client.block().number
    version = facts_for(world.client, aggregate).versions[0]
    site = world.members[version.act.organisation]
    world.send(site, "DatasetRegistry", "revoke", version.id, 4, digest("why"))
    flags = {
        block: next(
            one
            for one in facts_for(world.client, aggregate, block).versions
            if one.id == version.id
        ).flags
        for block in (before, before + 1)
    }
    assert flags == {
        before: VersionFlag.APPROVED,
        before + 1: VersionFlag.APPROVED | VersionFlag.REVOKED,
    }
