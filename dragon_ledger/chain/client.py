"""A client of one chain: web3 over several nodes, batched reads, blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dragon_ledger.chain.network import Checkpoint, Network
from dragon_ledger.chain.rpc import Call
from dragon_ledger.errors import ConfigurationError, NodeUnavailable, StaleState

if TYPE_CHECKING:
    from web3 import Web3

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

    Which node that is, and which is refused, is `provider.FailOverProvider`'s to decide. Nodes'
    answers are given as they are by `call` and `batch`, and in web3's types by `w3`.
    """

    def __init__(
        self, network: Network, urls: Sequence[str] | None = None, timeout: float = 30.0
    ) -> None:
        # web3 takes 0.8 s to import: what asks no node does not wait for it.
        from web3 import Web3  # noqa: PLC0415 (as above)
        from web3.middleware import ExtraDataToPOAMiddleware  # noqa: PLC0415 (as above)

        from dragon_ledger.chain.provider import FailOverProvider  # noqa: PLC0415 (as above)

        self.network = network
        urls = tuple(urls or network.rpc)
        if not urls:
            raise ConfigurationError("no node is configured: give at least one rpc address")
        self._provider = FailOverProvider(network, urls, timeout)
        self._w3 = Web3(self._provider, middleware=[ExtraDataToPOAMiddleware])

    @property
    def w3(self) -> Web3:
        """web3 over the same nodes; a node's refusal is raised as `NodeError` there, too."""
        return self._w3

    @property
    def urls(self) -> tuple[str, ...]:
        """The nodes' addresses in the order in which they are tried, without passwords."""
        return self._provider.names

    @property
    def url(self) -> str:
        """The address of the node that answers at present, without a password in it."""
        return self._provider.name

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
        return self._provider.batch(calls) if calls else []

    def block(self, number: BlockId = "latest") -> Block:
        """Return a block.

        Where every block is final, a node that lacks the newest one seen is not asked any more.

        Raises:
            StaleState: the node does not have it.
        """
        (found,) = self.blocks([number])
        if number == "latest" and not self.network.finality_blocks:
            self._provider.remember(Checkpoint(found.number, found.hash))
        return found

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
        if not depth:
            return head
        final = self.block(max(0, head.number - depth))
        self._provider.remember(Checkpoint(final.number, final.hash))
        return final

    def code(self, addresses: Sequence[bytes], block: BlockId = "latest") -> list[bytes]:
        """Return the runtime code at each address."""
        where = quantity(block)
        calls = [Call("eth_getCode", ("0x" + address.hex(), where)) for address in addresses]
        return [bytes.fromhex(code[2:]) for code in self.batch(calls)]

    def close(self) -> None:
        """Close every connection."""
        self._provider.close()


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
    from dragon_ledger.chain.node import Node, NodeDown  # noqa: PLC0415 (imports web3)
    from dragon_ledger.chain.provider import identity  # noqa: PLC0415 (imports web3)

    node = Node(url, timeout)
    try:
        return identity(node)
    except NodeDown as error:
        raise NodeUnavailable(f"{node.name}: {error}") from error
    finally:
        node.close()
