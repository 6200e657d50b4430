"""Sending: pre-flight, fees, signing with a known nonce, offering, receipts, finality.

The steps are apart so that a durable outbox can store a signed transaction before it leaves, and
offer the same bytes again at any time. `transact` puts them together for a person's command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import to_checksum_address

from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import BlockId, Client
from dragon_ledger.chain.network import FeeKind
from dragon_ledger.chain.refusals import refusal
from dragon_ledger.chain.rpc import Call
from dragon_ledger.errors import NodeError, NonceTaken, Refused

if TYPE_CHECKING:
    from web3.types import BlockIdentifier, TxParams

# What an act costs can grow between estimate and inclusion (a new word of a bitmap, a longer list).
GAS_NUMERATOR, GAS_DENOMINATOR, GAS_EXTRA = 5, 4, 20_000
# Nodes replace a transaction only for a price at least a tenth higher.
BUMP_NUMERATOR, BUMP_DENOMINATOR = 9, 8


@dataclass(frozen=True, slots=True)
class Fee:
    """What a transaction offers per unit of gas, in wei."""

    kind: FeeKind
    price: int
    tip: int = 0

    def fields(self) -> dict[str, int]:
        """Return the transaction's fields."""
        if self.kind is FeeKind.LEGACY:
            return {"gasPrice": self.price}
        return {"type": 2, "maxFeePerGas": self.price, "maxPriorityFeePerGas": self.tip}

    def bumped(self) -> Fee:
        """Return a fee high enough to replace a transaction with this one; zero becomes one."""
        return Fee(self.kind, _bump(self.price), _bump(self.tip))


def _bump(wei: int) -> int:
    return -(-wei * BUMP_NUMERATOR // BUMP_DENOMINATOR) or 1


def current_fee(client: Client) -> Fee:
    """Return the fee that the network file asks for, with what the node says where it is open."""
    fees = client.network.fees
    if fees.kind is FeeKind.LEGACY:
        fixed = fees.gas_price
        return Fee(fees.kind, client.w3.eth.gas_price if fixed is None else fixed)
    base = client.block("latest").base_fee or 0
    tip = client.w3.eth.max_priority_fee
    return Fee(fees.kind, 2 * base + tip, tip)


def preflight(
    client: Client, sender: bytes, call: ContractCall, block: BlockId = "latest"
) -> bytes:
    """Run the act without sending it; returns what the function would return.

    Raises:
        Refused: the contract refuses, with its reason.
        NodeError: the node refuses for a reason of its own.
    """
    where = cast("BlockIdentifier", block)
    try:
        return bytes(client.w3.eth.call(_fields(client, sender, call), where))
    except NodeError as error:
        raise refusal(error) or error from error


def estimate_gas(client: Client, sender: bytes, call: ContractCall) -> int:
    """Return a gas limit with a margin, at most what a block holds; errors as `preflight`."""
    try:
        estimate = client.w3.eth.estimate_gas(_fields(client, sender, call))
    except NodeError as error:
        raise refusal(error) or error from error
    return estimate * GAS_NUMERATOR // GAS_DENOMINATOR + GAS_EXTRA


def sign(
    client: Client, signer: Signer, call: ContractCall, nonce: int, fee: Fee | None = None
) -> Signed:
    """Check the act against the contract and sign it; nothing leaves the machine.

    Raises:
        Refused: the contract refuses the act as things stand.
    """
    gas = estimate_gas(client, signer.address, call)
    return signer.sign(
        {
            "chainId": client.network.chain_id,
            "to": client.network.contract(call.contract).address,
            "data": call.encode(),
            "value": 0,
            "nonce": nonce,
            "gas": gas,
            **(fee or current_fee(client)).fields(),
        }
    )


@dataclass(frozen=True, slots=True)
class Nonces:
    """An account's next nonce by what is mined, and with what waits in the node's pool."""

    mined: int
    pending: int


def nonces(client: Client, address: bytes) -> Nonces:
    """Ask for an account's nonces."""
    who = "0x" + address.hex()
    mined, pending = client.batch(
        [Call("eth_getTransactionCount", (who, tag)) for tag in ("latest", "pending")]
    )
    # Some clients do not count their pool in "pending".
    return Nonces(int(mined, 16), max(int(mined, 16), int(pending, 16)))


def offer(client: Client, signed: Signed) -> None:
    """Offer a signed transaction to the node; offering it again does no harm.

    Raises:
        NonceTaken: another transaction of the account has used its nonce, or waits with it.
        NodeError: the node does not take it, for the reason that it gives.
    """
    try:
        client.w3.eth.send_raw_transaction(signed.raw)
    except NodeError as error:
        # Each client words "already known" in its own way: ask instead of reading words.
        if _known(client, signed.hash):
            return
        if nonces(client, signed.sender).pending > signed.nonce:
            raise NonceTaken(
                f"nonce {signed.nonce} of 0x{signed.sender.hex()} was used by another transaction "
                f"than 0x{signed.hash.hex()}: {error.message}"
            ) from error
        raise


def _known(client: Client, transaction: bytes) -> bool:
    return client.call("eth_getTransactionByHash", "0x" + transaction.hex()) is not None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction; `succeeded` is False when the contract reverted."""

    transaction: bytes
    succeeded: bool
    block: int
    block_hash: bytes
    gas_used: int
    final: bool


def receipts(client: Client, transactions: Sequence[bytes]) -> list[Receipt | None]:
    """Return the receipt of each transaction on the node's present chain; None where there is none.

    A receipt that was there before and is gone means that the chain was reorganised, or that the
    node lost its last blocks. `final` is by the network file's number of blocks.
    """
    calls = [Call("eth_getTransactionReceipt", ("0x" + item.hex(),)) for item in transactions]
    head, *answers = client.batch([Call("eth_blockNumber"), *calls])
    final = int(head, 16) - client.network.finality_blocks
    return [_receipt(answer, final) for answer in answers]


def _receipt(answer: dict[str, Any] | None, final: int) -> Receipt | None:
    if answer is None or answer["blockNumber"] is None:
        return None
    block = int(answer["blockNumber"], 16)
    return Receipt(
        transaction=bytes.fromhex(answer["transactionHash"][2:]),
        succeeded=int(answer["status"], 16) == 1,
        block=block,
        block_hash=bytes.fromhex(answer["blockHash"][2:]),
        gas_used=int(answer["gasUsed"], 16),
        final=block <= final,
    )


class Whereabouts(StrEnum):
    """Where a transaction without a receipt is."""

    POOL = "waiting in the node's pool"
    NOWHERE = "not known to the node"


def whereabouts(client: Client, transaction: bytes) -> Whereabouts:
    """Say where a transaction that has no receipt is; `NOWHERE` may be offered again."""
    return Whereabouts.POOL if _known(client, transaction) else Whereabouts.NOWHERE


def why_reverted(client: Client, sender: bytes, call: ContractCall, receipt: Receipt) -> Refused:
    """Return the reason of a mined transaction that reverted, by running it at its block again."""
    for block in (receipt.block - 1, receipt.block):
        try:
            preflight(client, sender, call, block)
        except Refused as refused:
            return refused
    return Refused(
        "Unknown",
        {"transaction": receipt.transaction},
        f"Transaction 0x{receipt.transaction.hex()} reverted in block {receipt.block}, for a "
        f"reason that its block no longer shows (gas used: {receipt.gas_used}).",
    )


def _fields(client: Client, sender: bytes, call: ContractCall) -> TxParams:
    return {
        "from": to_checksum_address(sender),
        "to": to_checksum_address(client.network.contract(call.contract).address),
        "data": call.encode(),
    }
