"""How votes in headers change the set of validators.

Every block may carry one vote of its proposer. A vote for what is already so withdraws the
proposer's earlier one. When a block votes about an address and more than half of the set then wants
a change, the set of the next block is changed and the votes about that address are forgotten; the
votes that a dropped validator gave are forgotten, too. From epoch to epoch all votes are forgotten;
whether a vote in an epoch's first block or in the one before counts depends on the client (ADR
0042), so after such a vote the set is followed no further until the next epoch.

Following votes only ever refuses more: what moves trust is the rule of `light_client`.
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

    def after(self, header: QbftHeader, epoch_length: int) -> ValidatorSet | None:
        """The set after a header that this set sealed; None where clients would not agree on it."""
        vote = header.extra.vote
        if header.number % epoch_length in (0, epoch_length - 1):
            return ValidatorSet(self.validators) if vote is None else None
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
