"""Two sealed headers of one height: evidence that validators broke the protocol."""

from __future__ import annotations

from dataclasses import dataclass

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.qbft.header import QbftHeader
from dragon_ledger.provenance.qbft.light_client import TrustedBlock, TrustPolicy, advance


@dataclass(frozen=True, slots=True)
class Fault:
    """Two blocks of one height, both sealed by a quorum.

    `both` are those who sealed both. At least a third of the set is among them when the set is the
    same; one such seal alone is no fault, since a validator may seal another proposal in a later
    round.
    """

    number: int
    hashes: tuple[bytes, bytes]
    both: frozenset[bytes]


def find_fault(
    trusted: TrustedBlock, first: QbftHeader, second: QbftHeader, policy: TrustPolicy
) -> Fault | None:
    """Whether two headers that the same trusted block leads to contradict each other.

    Returns:
        None when they are of different heights or the same block (whose seals may differ).

    Raises:
        ProofError: one of them is not sealed, or not trusted because of this block: then it is
            no evidence against anybody.
    """
    if first.number != second.number or first.hash == second.hash:
        return None
    if first.number == trusted.number:
        raise ProofError(
            f"header {first.number}: of the trust root's own height; ask with one before"
        )
    signers = (advance(trusted, header, policy).signers for header in (first, second))
    both = frozenset.intersection(*(frozenset(each) for each in signers))
    return Fault(first.number, (first.hash, second.hash), both)
