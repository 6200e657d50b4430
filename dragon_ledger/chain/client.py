"""A client of one chain over several nodes: identity checked, fail-over, batched reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dragon_ledger.chain.network import Checkpoint, Network
from dragon_ledger.chain.rpc import Call, Endpoint, NodeDown
from dragon_ledger.errors import (
    ConfigurationError,
    NodeError,
    NodeUnavailable,
    StaleState,
    WrongChain,
)

T = TypeVar("T")
BlockId = int | str


@dataclass(frozen=True, slots=True)
class Block:
    """A block as far as readers need it."""

    number: int
    hash: bytes
    parent_hash: bytes
    time: int
    state_root: bytes
    base_fee: int | None


def quantity(value: BlockId) -> str:
    """Encode a number or a tag such as "latest" as JSON-RPC wants it."""
    return value if isinstance(value, str) else hex(value)


class Client:
    """Reads and sends through the first node of the list that answers and is on this chain.

    A node with another chain id, another genesis block or a forked history is refused by
    name and never asked again; a node that is away or behind is passed over.
    """

    def __init__(
        self, network: Network, urls: Sequence[str] | None = None, timeout: float = 30.0
    ) -> None:
        self.network = network
        urls = tuple(urls or network.rpc)
        if not urls:
            raise ConfigurationError("no node is configured: give at least one rpc address")
        self._endpoints = [Endpoint(url, timeout) for url in urls]
        self._checked: set[str] = set()
        self._current = 0
        # The newest final block that a node showed us, and which node that was.
        self._newest: tuple[Endpoint, Checkpoint] | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """The nodes' addresses in the order in which they are tried, without passwords."""
        return tuple(endpoint.name for endpoint in self._endpoints)

    @property
    def url(self) -> str:
        """The address of the node that answers at present, without a password in it."""
        return self._endpoints[self._current].name

    def call(self, method: str, *params: Any) -> Any:
        """One JSON-RPC request; see `batch`."""
        return self.batch([Call(method, params)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Return the results of many requests, all answered by the same node, in their order.

        Raises:
            NodeUnavailable: no node of the list answers.
            WrongChain: a node is on another chain.
            NodeError: the node refused a request.
        """
        if not calls:
            return []
        return self._on_some_node(lambda endpoint: endpoint.batch(calls))

    def block(self, number: BlockId = "latest") -> Block:
        """Return a block.

        Raises:
            StaleState: the node does not have it.
        """
        return self.blocks([number])[0]

    def blocks(self, numbers: Sequence[BlockId]) -> list[Block]:
        """Return many blocks in one batch; errors as `block`."""
        calls = [Call("eth_getBlockByNumber", (quantity(number), False)) for number in numbers]
        answers = self.batch(calls)
        return [_block(number, raw) for number, raw in zip(numbers, answers, strict=True)]

    def final_block(self) -> Block:
        """Return the newest block that the network file calls final.

        Raises:
            WrongChain: the answering node is not the one that showed the newest final block so
                far, and its chain does not hold that block.
        """
        head = self.block("latest")
        depth = self.network.finality_blocks
        final = self.block(max(0, head.number - depth)) if depth else head
        self._newest = (self._endpoints[self._current], Checkpoint(final.number, final.hash))
        return final

    def code(self, addresses: Sequence[bytes], block: BlockId = "latest") -> list[bytes]:
        """Return the runtime code at each address."""
        where = quantity(block)
        calls = [Call("eth_getCode", ("0x" + address.hex(), where)) for address in addresses]
        return [bytes.fromhex(code[2:]) for code in self.batch(calls)]

    def close(self) -> None:
        """Close every connection."""
        for endpoint in self._endpoints:
            endpoint.close()

    def _on_some_node(self, ask: Callable[[Endpoint], T]) -> T:
        reasons = []
        for step in range(len(self._endpoints)):
            position = (self._current + step) % len(self._endpoints)
            endpoint = self._endpoints[position]
            try:
                self._check(endpoint)
                answer = ask(endpoint)
            except NodeDown as error:
                # It may come back as another chain: it is checked again when it does.
                self._checked.discard(endpoint.url)
                reasons.append(f"{endpoint.name}: {error}")
            else:
                self._current = position
                return answer
        raise NodeUnavailable(
            "no node answers; the call can be repeated later:\n  " + "\n  ".join(reasons)
        )

    def _check(self, endpoint: Endpoint) -> None:
        if endpoint.url in self._checked:
            return
        chain_id, genesis = _identity(endpoint)
        self._compare(endpoint, "chain id", str(self.network.chain_id), str(chain_id))
        expected = self.network.genesis_hash.hex()
        self._compare(endpoint, "genesis block", expected, genesis.hex())
        if self.network.checkpoint is not None:
            self._check_history(endpoint, self.network.checkpoint, "the network file says")
        # A single node that lost its last blocks is for the caller to notice (its receipts are
        # gone); a second node that contradicts the first serves a forked history.
        if self._newest is not None and self._newest[0] is not endpoint:
            self._check_history(endpoint, self._newest[1], f"{self._newest[0].name} showed")
        self._checked.add(endpoint.url)

    def _check_history(self, endpoint: Endpoint, mark: Checkpoint, says: str) -> None:
        (raw,) = endpoint.batch([Call("eth_getBlockByNumber", (hex(mark.block), False))])
        if not isinstance(raw, dict):
            raise NodeDown(f"is behind: it does not have block {mark.block} yet")
        found = str(raw.get("hash"))[2:].lower()
        self._compare(endpoint, f"block {mark.block}", mark.hash.hex(), found, says)

    @staticmethod
    def _compare(
        endpoint: Endpoint,
        what: str,
        expected: str,
        found: str,
        says: str = "the network file says",
    ) -> None:
        if expected != found:
            raise WrongChain(
                f"{endpoint.name} is on another chain: {what} is {found}, {says} {expected}. "
                "Take this address out of the list, or use its own network file."
            )


def _block(number: BlockId, raw: Any) -> Block:
    if raw is None:
        raise StaleState(f"the node does not have block {number}; it may be behind")
    try:
        base_fee = raw.get("baseFeePerGas")
        return Block(
            number=int(raw["number"], 16),
            hash=bytes.fromhex(raw["hash"][2:]),
            parent_hash=bytes.fromhex(raw["parentHash"][2:]),
            time=int(raw["timestamp"], 16),
            state_root=bytes.fromhex(raw["stateRoot"][2:]),
            base_fee=None if base_fee is None else int(base_fee, 16),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StaleState(f"the node's block {number} is none: {str(raw)[:200]}") from error


def identify(url: str, timeout: float = 30.0) -> tuple[int, bytes]:
    """Ask one node for its chain id and the hash of its genesis block (before deployment).

    Raises:
        NodeUnavailable: the node does not answer.
    """
    endpoint = Endpoint(url, timeout)
    try:
        return _identity(endpoint)
    except NodeDown as error:
        raise NodeUnavailable(f"{endpoint.name}: {error}") from error
    finally:
        endpoint.close()


def _identity(endpoint: Endpoint) -> tuple[int, bytes]:
    """Chain id and genesis hash; a node that cannot tell them is of no use now."""
    try:
        chain_id, genesis = endpoint.batch(
            [Call("eth_chainId"), Call("eth_getBlockByNumber", ("0x0", False))]
        )
        return int(chain_id, 16), bytes.fromhex(genesis["hash"][2:])
    except NodeError as error:
        raise NodeDown(str(error)) from error
    except (TypeError, KeyError, ValueError) as error:
        raise NodeDown("does not tell its chain id and genesis block") from error
