"""What coalitions of validators, old keys, stale bundles and edited network files can reach.

The attackers want one thing: a state from before a revocation, presented as the newest. What they
do reach from more than a third of a set on is the stated limit (docs/threat-model.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dragon_ledger.chain.network import Network
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.errors import ConfigurationError, ProofError
from dragon_ledger.provenance.bundle.compare import contradiction
from dragon_ledger.provenance.bundle.known import Demands, KnownNetwork
from dragon_ledger.provenance.bundle.verify import verify
from dragon_ledger.provenance.qbft.light_client import DEFAULT_TRUSTING_PERIOD
from dragon_ledger.provenance.verdict import judge
from tests.provenance.bundle.corpus import cases
from tests.provenance.bundle.forgery import (
    FOUR,
    NEWEST,
    NOW,
    OLD,
    STRANGERS,
    TRUE,
    forged,
    network_of,
    new_block,
)
from tests.provenance.bundle.make_vectors import HERE, presented_of, published
from tests.provenance.bundle.mutants import canonical
from tests.provenance.qbft.network import Block, address

Json = dict[str, Any]


def answer(network: KnownNetwork, data: bytes, now: int = NOW) -> str:
    """The verdict of someone who asks for fresh evidence."""
    facts = verify(data, network, Demands(now, max_age=60, at_least_block=NEWEST.number))
    found = facts.facts_of_file(presented_of(cases()["valid"]))
    return str(judge(found, now).answer)


def refused(network: KnownNetwork, *blocks: Block) -> str:
    with pytest.raises(ProofError) as error:
        answer(network, forged(network, *blocks))
    return str(error.value)


@pytest.mark.parametrize(
    ("members", "coalition"), [(FOUR, (3,)), ((0, 1, 2), (2,)), (tuple(range(6)), (4, 5))]
)
def test_up_to_a_third_cannot_move_trust(
    members: tuple[int, ...], coalition: tuple[int, ...]
) -> None:
    network = network_of(members)
    alone = refused(network, new_block(coalition, coalition))
    assert "more than a third is needed" in alone
    with_own_keys = (*coalition, *STRANGERS)
    assert "more than a third is needed" in refused(
        network, new_block(with_own_keys, with_own_keys)
    )
    assert "a quorum is" in refused(network, new_block(members, coalition))
    step = new_block(with_own_keys, with_own_keys, 10**6 - 1)
    then = new_block(STRANGERS, STRANGERS)
    assert f"header {step.number}: " in refused(network, step, then)


def test_one_validator_is_not_three() -> None:
    """One seal repeated, or given again with the other s, does not make a quorum."""
    block = new_block(FOUR, (3,))
    seal = block.seal_of(3)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    other_s = (order - int.from_bytes(seal[32:64])).to_bytes(32)
    twin = seal[:32] + other_s + bytes([1 - seal[64]])
    network = network_of()
    chain = {"chain_id": network.chain_id, "genesis_hash": network.genesis_hash.hex()}
    for seals in ([seal] * 3, [seal, twin, seal]):
        header = block.sealed(seals).hex()
        with pytest.raises(ProofError, match="a validator's seal is there twice"):
            answer(network, canonical(OLD | {"chain": chain, "headers": [header]}))


@pytest.mark.parametrize(
    ("validators", "coalition"),
    [((2, 3), (2, 3)), ((2, 3, *STRANGERS), (2, 3, *STRANGERS)), (FOUR, (1, 2, 3))],
    ids=["half", "half with own keys", "three quarters"],
)
def test_more_than_a_third_can_and_leaves_evidence(
    validators: tuple[int, ...], coalition: tuple[int, ...]
) -> None:
    """The limit. A true block of the same height convicts those who sealed both."""
    network = network_of()
    assert answer(network, forged(network, new_block(validators, coalition))) == "valid"
    true = new_block(FOUR, (0, 1, 3))
    honest = replace(true, state_root=NEWEST.state_root)
    pair = forged(network, new_block(validators, coalition)), forged(network, honest)
    fault = contradiction(*pair, network, Demands(NOW))
    assert fault is not None
    assert fault.both == {address(one) for one in {0, 1, 3} & set(coalition)}
    assert contradiction(pair[0], pair[0], network, Demands(NOW)) is None


def test_exactly_a_third_can_seal_twice_with_honest_help() -> None:
    """In a network that is split, honest validators on either side seal what they see."""
    three, (one, other) = (0, 1, 2), ((0, 1), (1, 2))
    network = network_of(three)
    false = new_block(three, one)
    true = replace(new_block(three, other), state_root=NEWEST.state_root)
    assert answer(network, forged(network, false)) == "valid"
    fault = contradiction(forged(network, false), forged(network, true), network, Demands(NOW))
    assert fault is not None
    assert fault.both == {address(1)}


def test_removed_validators_keys() -> None:
    """All of a set that sealed once, and was voted out since."""
    removed = FOUR
    newer = network_of((4, 5, 6, 7))
    assert "more than a third" in refused(newer, new_block(removed, removed))
    early = network_of(removed, NOW - DEFAULT_TRUSTING_PERIOD + 10)
    data = forged(early, new_block(removed, removed))
    assert answer(early, data) == "valid"  # the limit: within the trusting period
    assert answer(early, data, NOW + 10) == "not verifiable"


def test_a_time_of_vouching_in_the_future_does_not_stretch_trust() -> None:
    """Milliseconds in place of seconds, for instance."""
    network = network_of(time=NOW * 1000)
    assert "a time in the future" in refused(network, new_block(FOUR, FOUR))


def test_a_stale_bundle_is_valid_of_its_time_only() -> None:
    network = known_network(Network.load(HERE / "sealed.network.json"), published())
    data = canonical(OLD)
    presented = presented_of(cases()["valid"])
    plain = verify(data, network, Demands(NOW))
    assert judge(plain.facts_of_file(presented), NOW).answer == "valid"
    assert plain.as_of.block < NEWEST.number
    assert answer(network, data) == "not verifiable"
    for headers in (TRUE["headers"], [*OLD["headers"], *TRUE["headers"]]):
        chain = known_network(Network.load(HERE / "revoked.network.json"), published())
        grafted = canonical(OLD | {"chain": TRUE["chain"], "headers": headers})
        with pytest.raises(ProofError, match=r"lacks the node|its parent is not"):
            answer(chain, grafted)


def edited(folder: Path, change: Callable[[Json], object]) -> KnownNetwork:
    """The vectors' network file after an edit, as a verifier reads it."""
    network = json.loads((HERE / "sealed.network.json").read_text())
    change(network)
    file = folder / "network.json"
    file.write_text(json.dumps(network))
    return known_network(Network.load(file), published())


def exchanged(network: Json) -> None:
    contracts = network["contracts"]
    one, other = contracts["DatasetRegistry"], contracts["ModelRegistry"]
    one["address"], other["address"] = other["address"], one["address"]


def strange(network: Json, members: Sequence[int] = STRANGERS) -> None:
    people = [{"address": "0x" + address(one).hex(), "name": "Hospital"} for one in members]
    network["validators"].update(members=people)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda n: n.update(chain_id=n["chain_id"] + 1), "chain.chain_id"),
        (lambda n: n["contracts"]["Consortium"].update(address="0x" + "11" * 20), "contracts.Cons"),
        (lambda n: n["contracts"]["Consortium"].update(code_hash="0x" + "11" * 32), "published co"),
        (exchanged, "contracts.DatasetRegistry"),
        (strange, "0 of the 3 validators trusted"),
        (lambda n: n["validators"].update(block=10**9), "not after the trusted block"),
    ],
    ids=["chain", "address", "code", "exchanged", "validators", "later root"],
)
def test_a_true_bundle_does_not_fit_an_edited_network_file(
    tmp_path: Path, change: Callable[[Json], object], why: str
) -> None:
    network = edited(tmp_path, change)
    with pytest.raises(ProofError, match=why):
        verify(canonical(OLD), network, Demands(NOW))


def test_who_gives_the_network_file_gives_the_verdict(tmp_path: Path) -> None:
    """The limit: only the fingerprint tells, which the auditor compares with the members'."""
    true = known_network(Network.load(HERE / "sealed.network.json"), published())
    network = edited(tmp_path, strange)
    assert answer(network, forged(network, new_block(STRANGERS, STRANGERS))) == "valid"
    assert network.fingerprint != true.fingerprint


def test_a_genesis_header_must_name_the_validators_of_the_file() -> None:
    """Its hash binds them, so who carries it cannot be given another list."""
    network = network_of()
    genesis, last = Block(0, FOUR, (), 0), new_block(FOUR, (0, 1, 2))
    assert answer(network, forged(network, genesis, last)) == "valid"
    root = network.validators
    assert root is not None
    fewer = replace(root.block, validators=frozenset(list(root.block.validators)[1:]))
    changed = replace(network, validators=replace(root, block=fewer))
    assert "header 0: names other validators" in refused(changed, genesis, last)


def test_a_network_file_without_validators_never_makes_a_bundle_valid(tmp_path: Path) -> None:
    """Taking the seals away from what is asked for gives no valid answer."""
    network = edited(tmp_path, lambda one: one.update(validators=None))
    found = verify(canonical(OLD), network, Demands(NOW))
    verdict = judge(found.facts_of_file(presented_of(cases()["valid"])), NOW)
    assert verdict.answer == "not verifiable"
    assert found.as_of.seals.verified is None


def test_a_network_file_that_contradicts_itself_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="contradicts itself"):
        edited(tmp_path, lambda one: one.update(genesis_hash="0x" + "11" * 32))
