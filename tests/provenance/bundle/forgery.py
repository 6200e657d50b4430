"""Forged bundles: the vectors' state from before a revocation, under other validators' seals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dragon_ledger.chain.network import Network
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.provenance.bundle.known import KnownNetwork
from dragon_ledger.provenance.qbft.header import parse_header
from tests.provenance.bundle import sealing
from tests.provenance.bundle.corpus import document, state_of
from tests.provenance.bundle.make_vectors import HERE, published
from tests.provenance.bundle.mutants import canonical
from tests.provenance.qbft.network import Block

Json = dict[str, Any]
OLD, TRUE = document("valid"), document("revoked")
"""The state before the revocation, and the one after it."""

NEWEST = parse_header(bytes.fromhex(TRUE["headers"][-1]))
NOW = NEWEST.timestamp + 30
FOUR = sealing.FOUR
STRANGERS = (11, 12, 13)


def network_file_of(members: Sequence[int] = FOUR, time: int | None = None) -> Network:
    """The vectors' network, as if other members had started it."""
    genesis = Block(0, members, (), members[0])
    root = sealing.trust_root(genesis, members, NOW - 3600 if time is None else time)
    network = Network.load(HERE / "sealed.network.json")
    return replace(network, genesis_hash=genesis.hash(), validators=root)


def network_of(members: Sequence[int] = FOUR, time: int | None = None) -> KnownNetwork:
    """The same as a verifier knows it."""
    return known_network(network_file_of(members, time), published())


def forged(network: Network | KnownNetwork, *blocks: Block) -> bytes:
    """A bundle that presents the old state as that of these headers' last."""
    chain = {"chain_id": network.chain_id, "genesis_hash": network.genesis_hash.hex()}
    return canonical(OLD | {"chain": chain, "headers": [one.sealed().hex() for one in blocks]})


def new_block(validators: Sequence[int], sealers: Sequence[int], number: int = 10**6) -> Block:
    """A block of just now with the state from before the revocation."""
    state = bytes.fromhex(state_of(OLD))
    return Block(number, validators, sealers, sealers[0], timestamp=NOW - 5, state_root=state)
