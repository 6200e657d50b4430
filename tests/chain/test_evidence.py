"""Bundles of a real chain: what they prove is what the node says, and nothing else."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.chain.network import Contract, Network
from dragon_ledger.cli.evidence_bundle import export
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.errors import ProofError, StaleState
from dragon_ledger.provenance.bundle.entries import Settings
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.scope import closed_only
from dragon_ledger.provenance.bundle.verify import Evidence, verify
from dragon_ledger.provenance.verdict import judge
from dragon_ledger.records import Facts, Source
from tests.chain.history import AGGREGATOR, tell_history
from tests.chain.world import World, digest, fresh_world

pytestmark = pytest.mark.slow
Json = dict[str, Any]


@pytest.fixture
def told(world: World) -> tuple[World, bytes]:
    return world, tell_history(world)


def without_places(value: object) -> object:
    """A record without where it stands: a bundle knows slots, a node knows transactions."""
    if isinstance(value, tuple):
        return tuple(without_places(one) for one in value)
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None:
        return value
    return {name: without_places(getattr(value, name)) for name in fields if name != "where"}


def content(facts: Facts) -> Json:
    """What facts say, whatever the source; updates of a round in the order of a bundle."""
    runs = tuple(
        replace(run, rounds=tuple(replace(r, updates=_ordered(r.updates)) for r in run.rounds))
        for run in facts.runs
    )
    kept = without_places(replace(facts, runs=runs))
    assert isinstance(kept, dict)
    for name in ("source", "seals", "stale_reason", "code_version"):
        kept["as_of"].pop(name)
    return kept


def _ordered(updates: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(updates, key=lambda one: (one.act.at, one.act.organisation)))


def evidence_of(world: World, wanted: bytes) -> Evidence:
    return export(world.client, [wanted])[1]


@pytest.mark.parametrize("asked", ["aggregate", "file", "nothing"])
def test_a_bundle_gives_the_facts_of_the_node(told: tuple[World, bytes], asked: str) -> None:
    world, aggregate = told
    wanted = {"aggregate": aggregate, "file": digest("file"), "nothing": digest("nothing")}[asked]
    proved = evidence_of(world, wanted).facts(wanted)
    node = facts_for(world.client, wanted)
    assert proved.as_of.source is Source.BUNDLE
    assert content(proved) == content(closed_only(node))
    assert bool(proved.releases) is (asked != "nothing")


def test_the_verdict_is_the_nodes_except_for_the_seals(told: tuple[World, bytes]) -> None:
    world, aggregate = told
    now = int(time.time())
    proved = judge(evidence_of(world, aggregate).facts(aggregate), now)
    node = judge(facts_for(world.client, aggregate), now)
    for ours, theirs in zip(proved.checks, node.checks, strict=True):
        if ours.id != "state.sealed":
            assert (ours.id, ours.outcome, ours.found) == (theirs.id, theirs.outcome, theirs.found)
    kinds = [notice.kind for notice in proved.notices]
    assert kinds == [notice.kind for notice in node.notices]
    assert (str(proved.answer), str(node.answer)) == ("not verifiable", "valid")


def test_two_exports_of_a_block_are_the_same_bytes(told: tuple[World, bytes]) -> None:
    world, aggregate = told
    block = world.client.block().number
    first, _ = export(world.client, [aggregate], block)
    world.register(1, "later")
    assert export(world.client, [aggregate], block)[0] == first


def test_a_block_that_the_node_does_not_prove_is_said(told: tuple[World, bytes]) -> None:
    world, aggregate = told
    with pytest.raises(StaleState, match="block"):
        export(world.client, [aggregate], world.client.block().number + 1000)


def test_a_bundle_of_another_chain_is_refused(told: tuple[World, bytes]) -> None:
    world, aggregate = told
    data, _ = export(world.client, [aggregate])
    network = world.client.network
    for part, other in (
        ("chain_id", replace(network, chain_id=network.chain_id + 1)),
        ("genesis_hash", replace(network, genesis_hash=digest("other"))),
    ):
        with pytest.raises(ProofError, match=f"chain.{part}"):
            verify(data, known_network(other), Demands(int(time.time())))


@pytest.mark.parametrize("name", ["Consortium", "DatasetRegistry", "TrainingLedger"])
def test_contracts_wired_to_others_are_refused(node: EmbeddedNode, world: World, name: str) -> None:
    """A network file whose contracts are all published code, but not of one consortium."""
    other = fresh_world(node.url).client.network.contracts[name]
    mixed = _with(world.client.network, name, other)
    with pytest.raises(ProofError, match="the published code, wired as the network file says"):
        known_network(mixed).code_version(Settings(1, 60))


def test_code_of_a_lookalike_is_refused(told: tuple[World, bytes]) -> None:
    """The bundle shows the lookalike's true code hash; the network file has the published one."""
    world, aggregate = told
    client, network = world.client, world.client.network
    training = network.contracts["TrainingLedger"]
    (code,) = client.code([training.address])
    changed = "0x" + (code[:-1] + bytes([code[-1] ^ 1])).hex()
    client.call("anvil_setCode", "0x" + training.address.hex(), changed)
    client.call("anvil_mine", "0x1")
    try:
        with pytest.raises(ProofError, match="contract TrainingLedger: its code has the hash"):
            export(client, [aggregate])
    finally:
        client.call("anvil_setCode", "0x" + training.address.hex(), "0x" + code.hex())


def test_a_network_file_that_vouches_for_a_lookalike_is_refused(world: World) -> None:
    network = world.client.network
    training = replace(network.contracts["TrainingLedger"], code_hash=digest("lookalike"))
    changed = known_network(_with(network, "TrainingLedger", training))
    with pytest.raises(ProofError, match="contract TrainingLedger: the published code"):
        changed.code_version(Settings(1, 60))


def test_a_version_only_in_an_open_round_needs_no_proof(told: tuple[World, bytes]) -> None:
    """The bundle is verified at export: a node too many or too few would be refused."""
    world, _ = told
    version = world.register(1, "open only")
    world.approve(10, 1, "open only")
    run = world.open_run(AGGREGATOR, "open only", [1, 2])
    used = world.register(2, "closed")
    world.approve(10, 2, "closed")
    world.commit(2, run, 1, used)
    aggregate = world.close(AGGREGATOR, run, 1, [2])
    world.commit(1, run, 2, version)
    node = facts_for(world.client, aggregate)
    proved = evidence_of(world, aggregate).facts(aggregate)
    assert {one.id for one in node.versions} - {one.id for one in proved.versions} == {version}


def _with(network: Network, name: str, contract: Contract) -> Network:
    return replace(network, contracts={**network.contracts, name: contract})


def test_a_client_without_proofs_is_said_so(told: tuple[World, bytes]) -> None:
    """A node that keeps no old state answers eth_getProof with an error."""
    world, aggregate = told
    broken = _NoProofs(world.client.network)
    with pytest.raises(StaleState, match="does not prove block"):
        export(broken, [aggregate])


class _NoProofs(Client):
    """Asks for a method that no node has, where proofs are asked for."""

    def batch(self, calls: Any) -> list[Any]:
        renamed = [
            call._replace(method="eth_getNoProof") if call.method == "eth_getProof" else call
            for call in calls
        ]
        return super().batch(renamed)
