"""The chain as one unattended process sees it: one client, one account, typed reads."""

from __future__ import annotations

from collections.abc import Sequence

from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Block, Client
from dragon_ledger.chain.sender import Receipt, nonces, offer, receipts, sign


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
