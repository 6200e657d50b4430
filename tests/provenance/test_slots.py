"""Identifiers, hashes and slots, derived here and found in the storage of a live chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.provenance import layout, slots
from dragon_ledger.provenance.results import Outcome
from dragon_ledger.provenance.verdict import judge
from dragon_ledger.records import Facts, Role
from tests.chain.world import World, digest, new_signer

pytestmark = pytest.mark.slow
SITES, REVIEWER, AGGREGATOR, RELEASER = (1, 2), 10, 20, 30


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Facts]]:
    """A forked run with an absence, its release, and its facts from the node."""
    folder: Path = tmp_path_factory.mktemp("node")
    with EmbeddedNode(folder) as node:
        admin = new_signer()
        network = deploy([node.url], new_signer(), admin=admin.address, root_delay=60)
        world = World(Client(network), admin)
        for number in SITES:
            world.add(number, Role.SITE)
        for number, role in (
            (REVIEWER, Role.REVIEWER),
            (AGGREGATOR, Role.AGGREGATOR),
            (RELEASER, Role.RELEASER),
        ):
            world.add(number, role)
        world.accept_rules()
        yield world, _train(world)


def _train(world: World) -> Facts:
    versions = {site: world.register(site, "v1") for site in SITES}
    for site in SITES:
        world.approve(REVIEWER, site, "v1")
    first = world.open_run(AGGREGATOR, "first", list(SITES))
    world.commit(1, first, 1, versions[1])
    world.close(AGGREGATOR, first, 1, [1])
    second = world.open_run(AGGREGATOR, "second", list(SITES), parent=(first, 1))
    for site in SITES:
        world.commit(site, second, 1, versions[site])
    aggregate = world.close(AGGREGATOR, second, 1, list(SITES))
    world.release(RELEASER, second, 1)
    return facts_for(world.client, aggregate)


def stored(world: World, contract: str, slot: bytes, offset: int = 0) -> bytes:
    place = hex(int.from_bytes(slot, "big") + offset)
    address = "0x" + world.client.network.addresses[contract].hex()
    word: str = world.client.call("eth_getStorageAt", address, place, "latest")
    return bytes.fromhex(word[2:])


def test_every_record_agrees_with_its_hash(traced: tuple[World, Facts]) -> None:
    _, facts = traced
    verdict = judge(facts, facts.as_of.time)
    check = verdict.check("records.bound")
    assert check.outcome is Outcome.PASS, check.found
    # Ids of a release, two runs and two versions; two openings; three leaves; two rounds, twice.
    assert check.examined == 5 + 2 + 3 + 4


def test_versions_lie_where_derived(traced: tuple[World, Facts]) -> None:
    world, facts = traced
    for version in facts.versions:
        slot = slots.version_slot(version.id)
        assert stored(world, "DatasetRegistry", slot, 3) == version.purpose
        head = layout.history_head(version)
        assert stored(world, "DatasetRegistry", slot, slots.HISTORY) == head


def test_rounds_and_leaves_lie_where_derived(traced: tuple[World, Facts]) -> None:
    world, facts = traced
    for run in facts.runs:
        assert stored(world, "TrainingLedger", slots.round_slot(run.id, 0)) == run.hash
        assert stored(world, "TrainingLedger", slots.run_slot(run.id), 3) == run.purpose
        for closed in run.rounds:
            slot = slots.round_slot(run.id, closed.number)
            assert stored(world, "TrainingLedger", slot) == closed.hash
            assert stored(world, "TrainingLedger", slot, 1) == closed.aggregate
            for update in closed.updates:
                leaf = slots.leaf_slot(run.id, closed.number, update.act.organisation)
                assert stored(world, "TrainingLedger", leaf) == update.leaf


def test_notes_bind_their_head(traced: tuple[World, Facts]) -> None:
    world, facts = traced
    run = next(run for run in facts.runs if run.parent_run is None)
    world.send(world.members[2], "TrainingLedger", "dispute", run.id, 1, 2, digest("left out"))
    world.send(world.members[1], "TrainingLedger", "dispute", run.id, 1, 3, digest("wrong"))
    now = facts_for(world.client, facts.digest)
    disputed = next(found for found in now.runs if found.id == run.id)
    head = bytes(32)
    for note in disputed.notes:
        head = layout.note_hash(head, run.id, note)
    assert stored(world, "TrainingLedger", slots.run_slot(run.id), 6) == head


def test_releases_and_people_lie_where_derived(traced: tuple[World, Facts]) -> None:
    world, facts = traced
    release = facts.releases[0]
    slot = slots.release_slot(release.id)
    assert stored(world, "ModelRegistry", slot, 1) == release.run
    assert stored(world, "ModelRegistry", slot, 2) == release.file_digest
    for organisation in facts.organisations:
        slot = slots.organisation_slot(organisation.number)
        assert stored(world, "Consortium", slot, 1) == organisation.record
    for account in facts.accounts:
        word = stored(world, "Consortium", slots.account_slot(account.address))
        assert int.from_bytes(word[-5:], "big") == account.accepted_at
    for rules in facts.rule_sets:
        word = stored(world, "Consortium", slots.rule_set_slot(rules.digest))
        assert int.from_bytes(word[-5:], "big") == rules.accepted_at


@pytest.mark.parametrize("asked", ["a release", "an aggregate that was never released"])
def test_every_place_that_a_verdict_names_holds_something(
    traced: tuple[World, Facts], asked: str
) -> None:
    """The slot is in the contract that is named beside it, whatever the check is about."""
    world, facts = traced
    if asked != "a release":
        parent = next(run for run in facts.runs if run.parent_run is None)
        facts = facts_for(world.client, parent.rounds[0].aggregate)
    verdict = judge(facts, facts.as_of.time)
    for check in verdict.checks:
        for place in (finding.where for finding in check.findings):
            if place is not None and place.transaction is not None:
                assert place.slot is not None, check.id
                assert any(stored(world, place.contract, place.slot)), check.id
    known = verdict.check("digest.known").findings[0].where
    assert known is not None
    assert known.slot is not None
