"""A web3 provider over several nodes of one chain: identity checked, fail-over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from dragon_ledger.chain.network import Checkpoint, Network
from dragon_ledger.chain.node import Node, NodeDown
from dragon_ledger.chain.rpc import Call
from dragon_ledger.errors import NodeError, NodeUnavailable, WrongChain


class FailOverProvider(JSONBaseProvider):
    """Asks the first node of the list that answers and is on the network's chain.

    A node with another chain id, another genesis block or a forked history is refused by
    name and never asked again; a node that is away or behind is passed over. A node's refusal
    is raised as `NodeError`, whatever the request, so web3 never words it anew.
    """

    # A contract's revert must not make this process fetch addresses that the contract names.
    global_ccip_read_enabled = False

    def __init__(self, network: Network, urls: Sequence[str], timeout: float) -> None:
        super().__init__()
        self._network = network
        self._nodes = [Node(url, timeout) for url in urls]
        self._checked: set[Node] = set()
        self._current = 0
        # The newest final block that a node showed us, and which node that was.
        self._newest: tuple[Node, Checkpoint] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes' addresses in the order in which they are tried, without passwords."""
        return tuple(node.name for node in self._nodes)

    @property
    def name(self) -> str:
        """The address of the node that answers at present, without a password in it."""
        return self._nodes[self._current].name

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Return the results of many requests, all answered by the same node, in their order.

        Raises:
            NodeUnavailable: no node of the list answers.
            WrongChain: a node is on another chain.
            NodeError: the node refused a request.
        """
        reasons = []
        for step in range(len(self._nodes)):
            position = (self._current + step) % len(self._nodes)
            node = self._nodes[position]
            try:
                self._check(node)
                answers = node.batch(calls)
            except NodeDown as error:
                # It may come back as another chain: it is checked again when it does.
                self._checked.discard(node)
                reasons.append(f"{node.name}: {error}")
            else:
                self._current = position
                return answers
        raise NodeUnavailable(
            "no node answers; the call can be repeated later:\n  " + "\n  ".join(reasons)
        )

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One request of web3's; see `batch`."""
        (response,) = self.make_batch_request([(method, params)])
        return response

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse]:
        """Many requests of web3's; see `batch`."""
        results = self.batch([Call(method, params) for method, params in requests])
        return [
            {"jsonrpc": "2.0", "id": number, "result": result}
            for number, result in enumerate(results, start=1)
        ]

    def remember(self, final: Checkpoint) -> None:
        """Hold every other node against the final block that the present one showed."""
        self._newest = (self._nodes[self._current], final)

    def close(self) -> None:
        """Close every connection."""
        for node in self._nodes:
            node.close()

    def _check(self, node: Node) -> None:
        if node in self._checked:
            return
        chain_id, genesis = identity(node)
        _compare(node, "chain id", str(self._network.chain_id), str(chain_id))
        _compare(node, "genesis block", self._network.genesis_hash.hex(), genesis.hex())
        if self._network.checkpoint is not None:
            _check_history(node, self._network.checkpoint)
        # A single node that lost its last blocks is for the caller to notice (its receipts are
        # gone), unless validators sealed them: then it is behind, as after a crash. A second node
        # that contradicts the first serves a forked history.
        single = self._newest is not None and self._newest[0] is node
        if self._newest is not None and not (single and self._network.validators is None):
            _check_history(node, self._newest[1], f"{self._newest[0].name} showed")
        self._checked.add(node)


def identity(node: Node) -> tuple[int, bytes]:
    """Ask for chain id and genesis hash; a node that cannot tell them is of no use now.

    Raises:
        NodeDown: it does not answer, or not this.
    """
    try:
        chain_id, genesis = node.batch(
            [Call("eth_chainId"), Call("eth_getBlockByNumber", ("0x0", False))]
        )
        return int(chain_id, 16), bytes.fromhex(genesis["hash"][2:])
    except NodeError as error:
        raise NodeDown(str(error)) from error
    except (TypeError, KeyError, ValueError) as error:
        raise NodeDown("does not tell its chain id and genesis block") from error


_IN_THE_FILE = "the network file says"


def _check_history(node: Node, mark: Checkpoint, says: str = _IN_THE_FILE) -> None:
    (raw,) = node.batch([Call("eth_getBlockByNumber", (hex(mark.block), False))])
    if not isinstance(raw, dict):
        raise NodeDown(f"is behind: it does not have block {mark.block} yet")
    found = str(raw.get("hash"))[2:].lower()
    _compare(node, f"block {mark.block}", mark.hash.hex(), found, says)


def _compare(node: Node, what: str, expected: str, found: str, says: str = _IN_THE_FILE) -> None:
    if expected != found:
        raise WrongChain(
            f"{node.name} is on another chain: {what} is {found}, {says} {expected}. "
            "Take this address out of the list, or use its own network file."
        )
