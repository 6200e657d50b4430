"""What the nodes of a network say of themselves, and votes on who validates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from dragon_ledger.chain import headers
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network
from dragon_ledger.errors import LedgerError, NodeUnavailable

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node: its newest block, or why it gives none.

    Attributes:
        url: its address.
        height: number of its newest block; None when it does not answer.
        peers: how many nodes it is connected to.
        trouble: the error's words when it does not answer or is on another chain.
    """

    url: str
    height: int | None
    peers: int
    trouble: str = ""


class Ballot(StrEnum):
    """What a validator votes about an address."""

    ADD = "add"
    DROP = "drop"
    WITHDRAW = "withdraw"


def look(network: Network, url: str) -> NodeState:
    """Ask one node, on its own, how far it is; one that is behind the network file's block, too."""
    client = Client(replace(network, checkpoint=None), [url], timeout=PATIENCE_SECONDS)
    try:
        height, peers = client.call("eth_blockNumber"), client.call("net_peerCount")
        state = NodeState(url, int(height, 16), int(peers, 16))
        _check_history(network, state)
    except NodeUnavailable:
        return NodeState(url, None, 0, "does not answer")
    except LedgerError as error:
        return NodeState(url, None, 0, str(error))
    finally:
        client.close()
    return state


def _check_history(network: Network, state: NodeState) -> None:
    """Refuse a node that has the network file's block, and has it differently."""
    mark = network.checkpoint
    if mark is not None and state.height is not None and state.height >= mark.block:
        client = Client(network, [state.url], timeout=PATIENCE_SECONDS)
        try:
            client.block(mark.block)
        finally:
            client.close()


def newest_headers(network: Network, url: str, height: int, count: int) -> list[dict[str, Any]]:
    """The last `count` blocks up to a height as one node keeps them, oldest first."""
    client = Client(network, [url], timeout=PATIENCE_SECONDS)
    try:
        return headers.fetch(client, range(max(0, height - count + 1), height + 1))
    finally:
        client.close()


def vote(network: Network, urls: Sequence[str], validator: bytes, ballot: Ballot) -> None:
    """Let validators vote, each through its own node, on whether an address validates.

    A vote stands until it is withdrawn; more than half of the validators decide.

    Raises:
        NodeUnavailable: a node does not answer.
        NodeError: it takes no votes (its interface for them is off).
    """
    for url in urls:
        client = Client(network, [url], timeout=PATIENCE_SECONDS)
        try:
            is_besu = str(client.call("web3_clientVersion")).lower().startswith("besu")
            method, *rest = _request(is_besu, ballot)
            client.call(method, "0x" + validator.hex(), *rest)
        finally:
            client.close()


def _request(is_besu: bool, ballot: Ballot) -> tuple[Any, ...]:
    if ballot is Ballot.WITHDRAW:
        return ("qbft_discardValidatorVote" if is_besu else "istanbul_discard",)
    method = "qbft_proposeValidatorVote" if is_besu else "istanbul_propose"
    return method, ballot is Ballot.ADD
