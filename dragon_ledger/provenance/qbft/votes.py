"""How votes in headers change the set of validators.

Every block may carry one vote of its proposer. A vote for what is already so withdraws the
proposer's earlier one. When a block votes about an address and more than half of the set then wants
a change, the set of the next block is changed and the votes about that address are forgotten; the
votes that a dropped validator gave are forgotten, too. At every multiple of the epoch length
all votes are forgotten, that block's own included. This is what Hyperledger Besu and
GoQuorum do, but for one corner (ADR 0042).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dragon_ledger.provenance.qbft.header import QbftHeader


@dataclass(frozen=True, slots=True)
class CastVote:
    """A vote that still counts: who cast it, about whom. Its direction follows from membership."""

    voter: bytes
    recipient: bytes


@dataclass(frozen=True, slots=True)
class ValidatorSet:
    """The validators that must seal the next block, and the votes cast so far in this epoch."""

    validators: frozenset[bytes]
    votes: frozenset[CastVote] = frozenset()

    def after(self, header: QbftHeader, epoch_length: int) -> ValidatorSet:
        """The set after a header that this set sealed."""
        if header.number % epoch_length == 0:
            return ValidatorSet(self.validators)
        vote = header.extra.vote
        if vote is None:
            return self
        cast = CastVote(header.proposer, vote.recipient)
        useless = vote.add == (vote.recipient in self.validators)
        votes = self.votes - {cast} if useless else self.votes | {cast}
        if 2 * _count(votes, vote.recipient) <= len(self.validators):
            return ValidatorSet(self.validators, votes)
        return _decided(self.validators, votes, vote.recipient)


def _decided(
    validators: Collection[bytes], votes: Iterable[CastVote], recipient: bytes
) -> ValidatorSet:
    changed = frozenset(validators) ^ {recipient}
    kept = (vote for vote in votes if vote.recipient != recipient and vote.voter in changed)
    return ValidatorSet(changed, frozenset(kept))


def _count(votes: Iterable[CastVote], recipient: bytes) -> int:
    return sum(vote.recipient == recipient for vote in votes)
