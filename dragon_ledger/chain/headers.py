"""Fetches block headers as nodes give them; `provenance.qbft` encodes and checks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dragon_ledger.chain.client import Client, quantity
from dragon_ledger.chain.rpc import Call
from dragon_ledger.errors import StaleState


def fetch(client: Client, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return the answers of `eth_getBlockByNumber`, in the order of the numbers, in one batch.

    `extraData` is what this node stored: two nodes keep different seals of the same block.

    Raises:
        StaleState: the node does not have one of the blocks.
        NodeUnavailable: no node answers.
    """
    calls = [Call("eth_getBlockByNumber", (quantity(number), False)) for number in numbers]
    blocks: list[dict[str, Any] | None] = client.batch(calls)
    found = [block for block in blocks if block is not None]
    if len(found) < len(numbers):
        missing = next(
            number for number, block in zip(numbers, blocks, strict=True) if block is None
        )
        raise StaleState(f"the node does not have block {missing}; it may be behind")
    return found
