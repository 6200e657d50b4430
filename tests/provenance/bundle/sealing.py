"""Puts validators' seals on the state of a chain that has none, so that bundles can be sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.provenance.qbft.network import Block, address, chain

FOUR = (0, 1, 2, 3)
THREE_OF_FOUR = (0, 1, 3)
NAMES = {number: f"Member {number}" for number in range(10)}
EPOCH = 30_000


@dataclass(frozen=True)
class Sealed:
    """Headers that lead to a block with the given state, and the trust root they start from."""

    headers: tuple[bytes, ...]
    validators: Mapping[str, Any]


def trust_root(block: Block, members: Sequence[int], time: int) -> dict[str, Any]:
    """The member `validators` of a network file."""
    return {
        "block": block.number,
        "hash": "0x" + block.hash().hex(),
        "time": time,
        "epoch_length": EPOCH,
        "members": [{"address": "0x" + address(n).hex(), "name": NAMES[n]} for n in members],
    }


def sealed_state(
    state_root: bytes, number: int, time: int, sealers: Sequence[int] = THREE_OF_FOUR
) -> Sealed:
    """A block of four validators, trusted straight from the genesis block."""
    genesis = Block(0, FOUR, (), 0)
    last = Block(number, FOUR, sealers, 1, timestamp=time, state_root=state_root, round=1)
    return Sealed((last.sealed(),), trust_root(genesis, FOUR, time - 1000))


def vouched_in_the_future(state_root: bytes, number: int, time: int) -> Sealed:
    """The same, where the network file's time is in milliseconds."""
    made = sealed_state(state_root, number, time)
    return Sealed(made.headers, dict(made.validators) | {"time": time * 1000})


def with_genesis_header(
    state_root: bytes, number: int, time: int, members: Sequence[int] = FOUR
) -> Sealed:
    """The same, and the genesis header before it; the network file names these members."""
    made = sealed_state(state_root, number, time)
    genesis = Block(0, FOUR, (), 0)
    return Sealed((genesis.sealed(), *made.headers), trust_root(genesis, members, time - 1000))


def moved_state(state_root: bytes, number: int, time: int) -> Sealed:
    """The set moves from 0-3 to 4-7 in two steps, each of which carries more than a third over."""
    genesis = Block(0, FOUR, (), 0)
    first, second, third = chain(
        Block(number // 3, (0, 1, 4, 5), (0, 1, 4), 0, timestamp=time - 20),
        Block(number // 2, (4, 5, 6, 7), (4, 5, 6), 5, timestamp=time - 10),
        Block(number, (4, 5, 6, 7), (4, 6, 7), 6, timestamp=time, state_root=state_root),
    )
    headers = tuple(block.sealed() for block in (first, second, third))
    return Sealed(headers, trust_root(genesis, FOUR, time - 1000))
