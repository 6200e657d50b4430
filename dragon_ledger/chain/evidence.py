"""Collects from a node what an evidence bundle holds: facts, their proofs, headers, settings.

Which slots prove the facts, and which headers lead from trusted validators to the block, is handed
in: that is provenance, which this room does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dragon_ledger.chain import headers, proofs, reader
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.errors import StaleState
from dragon_ledger.records import Facts

RawHeader = dict[str, Any]
SlotsFor = Callable[[Sequence[Facts]], Mapping[str, Sequence[bytes]]]
NextHeader = Callable[[Mapping[int, RawHeader], int], int | None]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a node gave for one block, yet to be verified.

    `headers` are the answers of `eth_getBlockByNumber` by number, that of the block included;
    `nodes` trie nodes as they are hashed.
    """

    facts: tuple[Facts, ...]
    headers: Mapping[int, RawHeader]
    nodes: tuple[bytes, ...]
    required_approvals: int
    root_delay: int


def collect(
    client: Client,
    digests: Sequence[bytes],
    slots_for: SlotsFor,
    next_header: NextHeader,
    block: int | None = None,
) -> Collected:
    """Collect facts about digests and what proves them, all as of one block.

    Args:
        client: of the chain.
        digests: what the evidence is about; the aggregates of releases found by a file's digest
            are added, since a verifier asks for the content first.
        slots_for: the slots, by contract, that prove the facts.
        next_header: which header is still needed to trust the block, given those at hand.
        block: None for the newest final one.

    Raises:
        StaleState: the node does not prove this block, or replaced it meanwhile.
        NodeUnavailable, WrongChain, InconsistentLogs: as `facts_for`.
    """
    at = client.final_block() if block is None else client.block(block)
    facts = _facts(client, digests, at.number)
    addresses = client.network.addresses
    slots = slots_for(facts)
    asked = {address: slots.get(name, ()) for name, address in addresses.items()}
    proved = proofs.fetch(client, at.number, asked)
    found = _headers(client, at.number, next_header)
    if bytes.fromhex(found[at.number]["hash"][2:]) != at.hash:
        raise StaleState(f"block {at.number} was replaced while it was read; ask again")
    return Collected(
        facts=tuple(facts),
        headers=found,
        nodes=proved.nodes,
        required_approvals=reader.read(client, reader.required_approvals(), at.number),
        root_delay=reader.read(client, reader.root_delay(), at.number),
    )


def _facts(client: Client, digests: Sequence[bytes], block: int) -> list[Facts]:
    found = {digest: facts_for(client, digest, block) for digest in digests}
    aggregates = {release.aggregate for facts in found.values() for release in facts.releases}
    for digest in sorted(aggregates - found.keys()):
        found[digest] = facts_for(client, digest, block)
    return [found[digest] for digest in sorted(found)]


def _headers(client: Client, number: int, next_header: NextHeader) -> dict[int, RawHeader]:
    found = {number: headers.fetch(client, [number])[0]}
    while (wanted := next_header(found, number)) is not None:
        found[wanted] = headers.fetch(client, [wanted])[0]
    return found
