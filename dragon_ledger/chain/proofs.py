"""Fetches state proofs (EIP-1186) in batches, each trie node once. Checking them is `provenance`'s.

A node proves recent blocks only (Besu's default storage; Anvil: what it holds in memory), so
proofs are to be fetched when the fact is written, or for the newest block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.rpc import Call
from dragon_ledger.errors import NodeError, StaleState

SLOTS = 500  # in one request; geth takes up to 1 024


@dataclass(frozen=True, slots=True)
class StateProofs:
    """What a node answered for one block, yet to be checked against the block's state root.

    `nodes` are the trie nodes of all account and storage proofs, RLP as they are hashed, each once,
    in the order of first use. `values` are the words that the node claims to stand in the slots.
    """

    block: int
    nodes: tuple[bytes, ...]
    values: Mapping[tuple[bytes, bytes], bytes]


def fetch(client: Client, block: int, slots: Mapping[bytes, Sequence[bytes]]) -> StateProofs:
    """Fetch the proofs of accounts (20 bytes each) and of slots (32 bytes each) in them.

    Raises:
        StaleState: the node does not prove this block (any more).
        NodeUnavailable: no node answers.
    """
    asks = [
        (address, chunk) for address, keys in slots.items() for chunk in _chunks(sorted(set(keys)))
    ]
    calls = [
        Call(
            "eth_getProof",
            ("0x" + address.hex(), ["0x" + key.hex() for key in chunk], hex(block)),
        )
        for address, chunk in asks
    ]
    try:
        answers = client.batch(calls)
    except NodeError as error:
        raise StaleState(
            f"the node does not prove block {block}: {error.message}. Fetch proofs when the "
            "block is new, or ask a node that keeps old state."
        ) from error
    nodes: dict[bytes, None] = {}
    values: dict[tuple[bytes, bytes], bytes] = {}
    for (address, chunk), answer in zip(asks, answers, strict=True):
        nodes.update(dict.fromkeys(_nodes(answer)))
        for key, proof in zip(chunk, answer["storageProof"], strict=True):
            values[address, key] = int(proof["value"], 16).to_bytes(32, "big")
    return StateProofs(block, tuple(nodes), values)


def _chunks(keys: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Cut into requests; an account without slots is still proved."""
    return [keys[start : start + SLOTS] for start in range(0, len(keys), SLOTS)] or [()]


def _nodes(answer: Mapping[str, Any]) -> Iterable[bytes]:
    for item in answer["accountProof"]:
        yield bytes.fromhex(item[2:])
    for proof in answer["storageProof"]:
        for item in proof["proof"]:
            yield bytes.fromhex(item[2:])
