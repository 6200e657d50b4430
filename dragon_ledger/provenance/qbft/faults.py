"""Two sealed headers of one height: evidence that validators broke the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dragon_ledger.provenance.qbft.header import QbftHeader
from dragon_ledger.provenance.qbft.light_client import TrustedBlock, TrustPolicy, trusted_blocks


@dataclass(frozen=True, slots=True)
class Fault:
    """Two blocks of one height, both sealed by a quorum and trusted from one root.

    `both` are those who sealed both. At least a third of the set is among them when the set is the
    same; when nobody is, the sets differ, and those who handed over to one of them cheated. One
    such seal alone is no fault, since a validator may seal another proposal in a later round.
    """

    number: int
    hashes: tuple[bytes, bytes]
    both: frozenset[bytes]


def find_fault(
    root: TrustedBlock,
    first: Iterable[QbftHeader],
    second: Iterable[QbftHeader],
    policy: TrustPolicy,
) -> Fault | None:
    """The lowest height at which two chains of headers contradict each other.

    Args:
        root: what both are trusted from.
        first: headers by ascending number, as a bundle carries them.
        second: the others.
        policy: what the verifier decides.

    Returns:
        None when no height has two blocks. The same block may have other seals: that is no fault.

    Raises:
        ProofError: a header is not sealed, or not trusted because of the ones before: then it is
            no evidence against anybody.
    """
    known = {block.number: block for block in trusted_blocks(root, first, policy)}
    for block in trusted_blocks(root, second, policy):
        other = known.get(block.number)
        if other is not None and other.hash != block.hash:
            both = frozenset(other.signers) & frozenset(block.signers)
            return Fault(block.number, (other.hash, block.hash), both)
    return None
