"""The chain as one unattended process sees it: one client, one account, typed reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Block, BlockId, Client
from dragon_ledger.chain.events import UpdateCommitted
from dragon_ledger.chain.logs import Filter, fetch
from dragon_ledger.chain.pipeline import Pipeline
from dragon_ledger.chain.reader import View
from dragon_ledger.chain.rpc import Call
from dragon_ledger.chain.sender import Receipt, receipts
from dragon_ledger.errors import NodeError, NonceTaken, Refused, StaleState
from dragon_ledger.records import VersionFlag

T = TypeVar("T")


class Ledger:
    """Signs and sends for one account, and reads what acts ask for."""

    def __init__(self, client: Client, signer: Signer, organisation: int) -> None:
        self.client = client
        self.organisation = organisation
        self._signer = signer
        self._pipeline = Pipeline(client, signer)
        self._answers: dict[tuple[ContractCall, BlockId], Any] = {}

    @property
    def address(self) -> bytes:
        """The account's address."""
        return self._signer.address

    def head(self) -> Block:
        """The newest block."""
        return self.client.block("latest")

    def final_block(self, head: Block) -> Block:
        """The newest block that the network file calls final, given the newest of all."""
        depth = self.client.network.finality_blocks
        return self.client.block(max(0, head.number - depth)) if depth else head

    def time(self, block: int) -> int:
        """A block's timestamp."""
        return self.client.block(block).time

    def block_hashes(self, numbers: Sequence[int], head: Block) -> dict[int, bytes | None]:
        """The hash of each block; None for one that the chain has not, or not any more."""
        there = [number for number in numbers if number <= head.number]
        blocks = self.client.blocks(there)
        hashes: dict[int, bytes | None] = dict.fromkeys(numbers)
        hashes.update((block.number, block.hash) for block in blocks)
        return hashes

    def nonce(self) -> int:
        """How many transactions of the account are mined: the next one's nonce."""
        who = "0x" + self.address.hex()
        return int(self.client.call("eth_getTransactionCount", who, "latest"), 16)

    def receipts(self, transactions: Sequence[bytes]) -> list[Receipt | None]:
        """What became of transactions."""
        return receipts(self.client, transactions)

    def sign(self, calls: Sequence[ContractCall], nonce: int) -> list[Signed | Refused]:
        """Check acts against the contracts, and sign those that pass with consecutive nonces."""
        return self._pipeline.sign(calls, nonce)

    def known(self, transactions: Sequence[bytes]) -> list[bool]:
        """Whether the node knows each transaction, waiting or mined."""
        calls = [Call("eth_getTransactionByHash", ("0x" + one.hex(),)) for one in transactions]
        return [answer is not None for answer in self.client.batch(calls)]

    def offer(self, transactions: Sequence[Signed]) -> list[NodeError | NonceTaken | None]:
        """Offer stored transactions to the node; why it does not take one, in their order."""
        return self._pipeline.offer(transactions)

    # -- what acts ask ------------------------------------------------------------------------

    @contextmanager
    def looking_ahead(self, views: Sequence[View[Any]], block: int) -> Iterator[None]:
        """Have the answers that acts are about to ask for, as of a block, in one batch."""
        try:
            answers = reader.read_many(self.client, views, block)
        except Refused:
            # One of many; whose it is shows when each asks for itself.
            answers, views = [], []
        for view, answer in zip(views, answers, strict=True):
            self._answers[view.call, block] = answer
        try:
            yield
        finally:
            self._answers.clear()

    def read(self, view: View[T], block: BlockId) -> T:
        """Ask the contracts; errors as `reader.read`."""
        known: T | None = self._answers.get((view.call, block))
        return reader.read(self.client, view, block) if known is None else known

    def version_exists(self, version: bytes, block: int) -> bool:
        """Whether a dataset version is registered."""
        return self.read(reader.version(version), block).number != 0

    def version_flags(self, version: bytes, block: int) -> VersionFlag:
        """The state of a dataset version."""
        return VersionFlag(self.read(reader.version(version), block).flags)

    def leaf(
        self, run: bytes, round_number: int, organisation: int, block: BlockId = "latest"
    ) -> bytes:
        """The leaf of an organisation's present update in a round; zero when there is none."""
        return self.read(reader.leaf(run, round_number, organisation), block)

    def update_recorded(self, run: bytes, round_number: int, statement: bytes, block: int) -> bool:
        """Whether this organisation has an update with this statement in a round.

        The contract keeps one leaf per site and round; which attempt it is, and which came before,
        is in the events, and they count only when the last one is the leaf's.

        Raises:
            StaleState: the node's logs do not show the update that the contract has.
        """
        leaf = self.leaf(run, round_number, self.organisation, block)
        if not any(leaf):
            return False
        found = [
            event
            for event in fetch(self.client, [Filter((UpdateCommitted,), (run,))], block)
            if isinstance(event, UpdateCommitted)
            and (event.round, event.organisation) == (round_number, self.organisation)
        ]
        if not found or found[-1].leaf != leaf:
            raise StaleState(
                f"{self.client.url}: the contract has an update of round {round_number} that the"
                " node's logs do not show; it is asked again"
            )
        return any(event.statement == statement for event in found)
