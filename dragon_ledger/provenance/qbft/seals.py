"""Committed seals: who sealed a block, and whether that is a quorum of its validators."""

from __future__ import annotations

from collections.abc import Collection

from coincurve import PublicKey
from eth_utils.crypto import keccak

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.qbft.header import QbftHeader

_RECOVERY_IDS = (0, 1)


def quorum(validators: int) -> int:
    """ceil(2n/3): the least number of seals that makes a block final among n validators."""
    return -(-2 * validators // 3)


def check_sealed(header: QbftHeader, validators: Collection[bytes]) -> tuple[bytes, ...]:
    """Check that a quorum of exactly this validator set sealed the header.

    Returns:
        The addresses of those who sealed, in the order of their seals.

    Raises:
        ProofError: the header names another set, its proposer is not in it, a seal is no signature,
            is a stranger's or a second one of the same validator, or there are too few.
    """
    allowed = frozenset(validators)
    where = f"header {header.number}"
    if frozenset(header.validators) != allowed:
        raise ProofError(f"{where}: names another set of validators than the one that is due")
    if header.proposer not in allowed:
        raise ProofError(f"{where}: its proposer {header.proposer.hex()} is no validator")
    signers = tuple(_signer(header, seal) for seal in header.extra.seals)
    for signer in signers:
        if signer not in allowed:
            raise ProofError(f"{where}: sealed by {signer.hex()}, which is no validator")
    if len(set(signers)) != len(signers):
        raise ProofError(f"{where}: a validator's seal is there twice")
    if len(signers) < quorum(len(allowed)):
        raise ProofError(
            f"{where}: sealed by {len(signers)} of {len(allowed)} validators,"
            f" a quorum is {quorum(len(allowed))}"
        )
    return signers


def _signer(header: QbftHeader, seal: bytes) -> bytes:
    if seal[-1] not in _RECOVERY_IDS:
        raise ProofError(f"header {header.number}: a seal ends in {seal[-1]}, expected 0 or 1")
    try:
        key = PublicKey.from_signature_and_message(seal, header.commit_hash, hasher=None)
    except ValueError as error:
        raise ProofError(f"header {header.number}: a seal is no signature: {error}") from error
    return keccak(key.format(compressed=False)[1:])[12:]
