"""Facts straight from a node, and what happens when the node's logs lie."""

from __future__ import annotations

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.errors import StaleState
from dragon_ledger.records import AggregateOrigin, VersionFlag
from tests.chain.history import AGGREGATOR, RELEASER, REVIEWER, populate, tell_history
from tests.chain.proxy import Request, proxy
from tests.chain.world import World, digest, fresh_world


@pytest.fixture(scope="module")
def released(node: EmbeddedNode) -> tuple[World, bytes]:
    world = populate(fresh_world(node.url))
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


def test_an_unknown_digest_has_no_facts_and_a_block(released: tuple[World, bytes]) -> None:
    world, _ = released
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


def test_a_block_that_is_replaced_while_it_is_read_is_stale(
    released: tuple[World, bytes],
) -> None:
    world, aggregate = released
    head = world.client.block().number
    asked = []

    def replaced(request: Request) -> Request | None:
        if request["params"][:1] != [hex(head)]:
            return None
        asked.append(request)
        if len(asked) == 1:
            return None
        again = world.client.call("eth_getBlockByNumber", hex(head), False)
        return {"result": {**again, "hash": "0x" + "ab" * 32}}

    with (
        proxy(world.client.url, replaced) as url,
        pytest.raises(StaleState, match="was replaced while it was read"),
    ):
        facts_for(Client(world.client.network, [url]), aggregate, head)


def test_a_node_without_the_contracts_is_told_from_one_without_the_digest(
    released: tuple[World, bytes],
) -> None:
    world, aggregate = released
    with pytest.raises(StaleState, match="gives no such answer at block 0"):
        facts_for(world.client, aggregate, 0)
