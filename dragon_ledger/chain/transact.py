"""One act from beginning to end, for a command that a person waits for."""

from __future__ import annotations

import time
from collections.abc import Callable

from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.sender import (
    Receipt,
    current_fee,
    nonces,
    offer,
    receipts,
    sign,
    why_reverted,
)
from dragon_ledger.errors import NodeUnavailable, NonceTaken

FIRST_POLL_SECONDS, LAST_POLL_SECONDS = 0.005, 0.5
PATIENCE_SECONDS = 300.0
ATTEMPTS = 5
TRANSFER_GAS = 21_000

Report = Callable[[str], None]


def transact(
    client: Client,
    signer: Signer,
    call: ContractCall,
    *,
    report: Report = lambda _: None,
    patience: float = PATIENCE_SECONDS,
) -> Receipt:
    """Check, sign, send and wait until the act is final.

    Whether the act is on chain already is the caller's question to the contract, before this; a
    repetition is refused by the contract itself. `report` is told in words what goes on;
    `patience` is in seconds.

    Raises:
        Refused: the contract refuses, before or after the transaction was mined.
        NodeUnavailable: no node, or not final in time; what was sent may still be mined.
    """
    signed = _sent(client, signer, call, report)
    receipt = wait_until_final(client, signed, report, patience)
    if not receipt.succeeded:
        raise why_reverted(client, signer.address, call, receipt)
    return receipt


def transfer(client: Client, signer: Signer, to: bytes, wei: int) -> Receipt:
    """Send an account funds for gas, on a chain where gas has a price, and wait.

    Raises:
        NodeUnavailable: no node, or not final in time.
        NodeError: the node does not take it, such as for want of funds.
    """
    signed = signer.sign(
        {
            "chainId": client.network.chain_id,
            "to": to,
            "value": wei,
            "nonce": nonces(client, signer.address).pending,
            "gas": TRANSFER_GAS,
            **current_fee(client).fields(),
        }
    )
    offer(client, signed)
    return wait_until_final(client, signed, lambda _: None, PATIENCE_SECONDS)


def _sent(client: Client, signer: Signer, call: ContractCall, report: Report) -> Signed:
    for attempt in range(ATTEMPTS):
        nonce = nonces(client, signer.address).pending
        signed = sign(client, signer, call, nonce)
        report(f"sending transaction 0x{signed.hash.hex()}")
        try:
            offer(client, signed)
        except NonceTaken:
            # Another program sends with the same key: take the next nonce.
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return signed
    raise AssertionError("the loop returns or raises")


def wait_until_final(client: Client, signed: Signed, report: Report, patience: float) -> Receipt:
    """Wait until a sent transaction is final; it is offered again when its block is replaced.

    Raises:
        NodeUnavailable: not final in time; it may still be mined.
    """
    deadline = time.monotonic() + patience
    seen: int | None = None
    pause = FIRST_POLL_SECONDS
    while time.monotonic() < deadline:
        (receipt,) = receipts(client, [signed.hash])
        if receipt is not None and receipt.final:
            return receipt
        if receipt is not None and receipt.block != seen:
            seen = receipt.block
            report(f"in block {seen}; waiting until it is final")
        elif receipt is None and seen is not None:
            seen = None
            report("its block was replaced; offering it again")
            offer(client, signed)
        time.sleep(pause)
        pause = min(1.5 * pause, LAST_POLL_SECONDS)
    raise NodeUnavailable(
        f"transaction 0x{signed.hash.hex()} is not final after {patience:.0f} s. It may still be "
        "mined: run the same command again; what is on chain is not done twice."
    )
