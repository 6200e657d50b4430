"""The chain as one unattended process sees it: one client, one account, typed reads."""

from __future__ import annotations

from collections.abc import Sequence

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Block, BlockId, Client
from dragon_ledger.chain.events import UpdateCommitted
from dragon_ledger.chain.logs import Filter, fetch
from dragon_ledger.chain.sender import Receipt, nonces, offer, receipts, sign
from dragon_ledger.errors import StaleState
from dragon_ledger.records import VersionFlag


class Ledger:
    """Signs and sends for one account, and reads what acts ask for."""

    def __init__(self, client: Client, signer: Signer, organisation: int) -> None:
        self.client = client
        self.organisation = organisation
        self._signer = signer

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

    def block_hashes(self, numbers: Sequence[int]) -> dict[int, bytes | None]:
        """The hash of each block; None for one that the chain has not, or not any more."""
        if not numbers:
            return {}
        head = self.head().number
        there = [number for number in numbers if number <= head]
        blocks = self.client.blocks(there)
        hashes: dict[int, bytes | None] = dict.fromkeys(numbers)
        hashes.update((block.number, block.hash) for block in blocks)
        return hashes

    def nonce(self) -> int:
        """How many transactions of the account are mined: the next one's nonce."""
        return nonces(self.client, self.address).mined

    def receipts(self, transactions: Sequence[bytes]) -> list[Receipt | None]:
        """What became of transactions."""
        return receipts(self.client, transactions)

    def sign(self, call: ContractCall, nonce: int) -> Signed:
        """Check an act against the contract and sign it.

        Raises:
            Refused: the contract refuses it as things stand.
        """
        return sign(self.client, self._signer, call, nonce)

    def offer(self, raw: bytes, tx_hash: bytes, nonce: int) -> None:
        """Offer a stored transaction to the node.

        Raises:
            NonceTaken: another transaction of the account has its nonce.
            NodeError: the node does not take it.
        """
        offer(self.client, Signed(raw, tx_hash, self.address, nonce))

    # -- what acts ask ------------------------------------------------------------------------

    def version_exists(self, version: bytes, block: int) -> bool:
        """Whether a dataset version is registered."""
        return reader.read(self.client, reader.version(version), block).number != 0

    def version_flags(self, version: bytes, block: int) -> VersionFlag:
        """The state of a dataset version."""
        return VersionFlag(reader.read(self.client, reader.version(version), block).flags)

    def leaf(
        self, run: bytes, round_number: int, organisation: int, block: BlockId = "latest"
    ) -> bytes:
        """The leaf of an organisation's present update in a round; zero when there is none."""
        return reader.read(self.client, reader.leaf(run, round_number, organisation), block)

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
