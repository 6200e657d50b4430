"""Deployment of the four contracts, in the order in which they name each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address, to_checksum_address

from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import artifact
from dragon_ledger.chain.client import Client, identify
from dragon_ledger.chain.network import CONTRACTS, Checkpoint, Contract, Fees, Network
from dragon_ledger.chain.refusals import refusal
from dragon_ledger.chain.sender import current_fee, nonces, offer
from dragon_ledger.chain.transact import PATIENCE_SECONDS, Report, wait_until_final
from dragon_ledger.errors import ChainError, ConfigurationError, InputError, NodeError

if TYPE_CHECKING:
    from web3.types import Nonce


def deploy(
    rpc: Sequence[str],
    signer: Signer,
    *,
    admin: bytes,
    approvals: int = 1,
    root_delay: int = 7 * 24 * 3600,
    fees: Fees | None = None,
    finality_blocks: int = 0,
    report: Report = lambda _: None,
) -> Network:
    """Deploy all four contracts and return what the network file is to hold.

    Args:
        rpc: addresses of nodes of one chain; the first is asked which chain it is.
        signer: pays for and signs the deployment; gets no right by it.
        admin: address of the consortium's admin.
        approvals: organisations that must approve a dataset version, 1 to 5.
        root_delay: seconds between the admin's proposal of a new root and its acceptance.
        fees: how transactions pay; legacy at price zero when None.
        finality_blocks: blocks on top of a block that make it final; 0: at once.
        report: is told in words what goes on.

    Raises:
        InputError: an argument is no value of its parameter, such as a delay above 40 bits.
        Refused: a constructor refuses its arguments.
        NodeUnavailable: no node answers.
        WrongChain: the nodes are not of one chain.
    """
    if not rpc:
        raise ConfigurationError("deployment needs the address of at least one node")
    chain_id, genesis = identify(rpc[0])
    network = Network(chain_id, genesis, {}, tuple(rpc), fees or Fees(), finality_blocks)
    return deploy_into(
        network, signer, admin=admin, approvals=approvals, root_delay=root_delay, report=report
    )


def deploy_into(
    network: Network,
    signer: Signer,
    *,
    admin: bytes,
    approvals: int = 1,
    root_delay: int = 7 * 24 * 3600,
    report: Report = lambda _: None,
) -> Network:
    """Deploy to a chain that is described already; returns the network with the contracts.

    Arguments and errors as `deploy`.
    """
    client = Client(network)
    try:
        return _deploy_all(client, signer, (admin, approvals, root_delay), report)
    finally:
        client.close()


def _deploy_all(client: Client, signer: Signer, first: tuple[Any, ...], report: Report) -> Network:
    deployed: dict[str, Contract] = {}
    for name in CONTRACTS:
        others = tuple(contract.address for contract in deployed.values())
        report(f"deploying {name}")
        deployed[name] = _deploy(client, signer, name, others or first, report)
    block = client.block(max(contract.block for contract in deployed.values()))
    checkpoint = Checkpoint(block.number, block.hash)
    return replace(client.network, contracts=deployed, checkpoint=checkpoint)


def _deploy(
    client: Client, signer: Signer, name: str, arguments: tuple[Any, ...], report: Report
) -> Contract:
    nonce = nonces(client, signer.address).pending
    signed = _signed(client, signer, name, arguments, nonce)
    offer(client, signed)
    receipt = wait_until_final(client, signed, report, PATIENCE_SECONDS)
    if not receipt.succeeded:
        raise ChainError(f"{name}: its deployment failed with all {receipt.gas_used} gas used")
    address = contract_address(signer.address, nonce)
    (runtime,) = client.code([address])
    return Contract(address, bytes(keccak(runtime)), receipt.block)


def _signed(
    client: Client, signer: Signer, name: str, arguments: tuple[Any, ...], nonce: int
) -> Signed:
    published = artifact(name)
    contract = client.w3.eth.contract(abi=published.abi, bytecode=published.bytecode)
    try:
        constructor = contract.constructor(*arguments)
    except TypeError as error:
        raise InputError(f"{name} cannot be deployed like this: {error}") from error
    try:
        transaction = constructor.build_transaction(
            {
                "from": to_checksum_address(signer.address),
                "chainId": client.network.chain_id,
                "nonce": cast("Nonce", nonce),
                **current_fee(client).fields(),
            }
        )
    except NodeError as error:
        raise refusal(error) or error from error
    return signer.sign(transaction)


def contract_address(sender: bytes, nonce: int) -> bytes:
    """Return the address of a contract that an account creates (Yellow Paper, section 7)."""
    from web3.utils.address import get_create_address  # noqa: PLC0415 (see `client.Client`)

    return to_canonical_address(
        get_create_address(to_checksum_address(sender), cast("Nonce", nonce))
    )
