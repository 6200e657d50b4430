from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from dragon_ledger.provenance.qbft.header import parse_header
from dragon_ledger.provenance.qbft.votes import ValidatorSet
from tests.provenance.qbft.network import Block, address, addresses

EPOCH = 60
VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "qbft_headers.json").read_text()
)
ADD, DROP = b"\xff", b""


class Tally:
    """The same rules kept the other way: a list of votes with their directions, counted anew."""

    def __init__(self, members: list[bytes]) -> None:
        self.members = set(members)
        self.votes: list[tuple[bytes, bytes, bool]] = []

    def apply(self, number: int, voter: bytes, vote: tuple[bytes, bytes] | None) -> None:
        if number % EPOCH in (0, EPOCH - 1):
            self.votes = []
        if vote is None:
            return
        subject, add = vote[0], vote[1] == ADD
        self.votes = [v for v in self.votes if v[:2] != (voter, subject)]
        if add != (subject in self.members):
            self.votes.append((voter, subject, add))
        if sum(v[1] == subject for v in self.votes) > len(self.members) / 2:
            self.members ^= {subject}
            self.votes = [v for v in self.votes if v[1] != subject]
            self.votes = [v for v in self.votes if v[0] in self.members]


@pytest.mark.parametrize("seed", range(12))
def test_any_votes_give_the_same_sets_as_counting_them_anew(seed: int) -> None:
    source = random.Random(seed)
    names = {address(number): number for number in range(1, 8)}
    start = addresses(*range(1, source.randint(2, 5)))
    followed, counted = ValidatorSet(frozenset(start)), Tally(start)
    changes = 0
    for number in range(1, 200):
        members = sorted(names[member] for member in followed.validators)
        proposer = source.choice(members)
        subject = source.randint(1, 7)
        useful, useless = (DROP, ADD) if subject in members else (ADD, DROP)
        direction = useless if members == [subject] else source.choice((useful, useful, useless))
        vote = (address(subject), direction)
        cast = None if number % EPOCH in (0, EPOCH - 1) else source.choice((vote, vote, None))
        block = Block(number, members, members, proposer, vote=cast)
        before = followed.validators
        after = followed.after(parse_header(block.sealed([])), EPOCH)
        assert after is not None
        followed = after
        counted.apply(number, address(proposer), block.vote)
        assert followed.validators == counted.members
        assert len(followed.votes) == len(counted.votes)
        changes += followed.validators != before
    assert changes > 1


def test_the_recorded_network_changed_its_set_as_its_votes_say() -> None:
    headers = [parse_header(bytes.fromhex(v["rlp"][2:])) for v in VECTORS["sealed"][5:25]]
    assert [header.number for header in headers] == list(range(40, 60))
    due = ValidatorSet(frozenset(headers[0].validators))
    sizes = []
    for header in headers:
        assert due.validators == frozenset(header.validators)
        after = due.after(header, VECTORS["epoch_length"])
        assert after is not None
        due = after
        sizes.append(len(due.validators))
    assert sizes == [4] * 3 + [5] * 12 + [4] * 5


def vote_of(proposer: int, subject: int, direction: bytes, number: int = 1) -> Block:
    return Block(number, [1, 2, 3, 4], [1, 2, 3], proposer, vote=(address(subject), direction))


def follow(*blocks: Block) -> ValidatorSet:
    due = ValidatorSet(frozenset(addresses(1, 2, 3, 4)))
    for block in blocks:
        after = due.after(parse_header(block.sealed()), EPOCH)
        assert after is not None
        due = after
    return due


def test_half_of_the_set_is_no_majority() -> None:
    assert len(follow(vote_of(1, 5, ADD), vote_of(2, 5, ADD)).validators) == 4
    three = follow(vote_of(1, 5, ADD), vote_of(2, 5, ADD), vote_of(3, 5, ADD))
    assert address(5) in three.validators
    assert not three.votes


def test_voting_twice_counts_once_and_voting_back_withdraws() -> None:
    assert len(follow(*[vote_of(1, 5, ADD)] * 5).votes) == 1
    assert not follow(vote_of(1, 5, ADD), vote_of(1, 5, DROP)).votes


@pytest.mark.parametrize("number", [EPOCH - 1, EPOCH, 2 * EPOCH])
def test_an_epoch_forgets_votes(number: int) -> None:
    votes = (vote_of(1, 5, ADD), vote_of(2, 5, ADD))
    turn = Block(number, [1, 2, 3, 4], [1, 2, 3], 3)
    assert not follow(*votes, turn).votes
    assert len(follow(*votes, turn, vote_of(4, 5, ADD)).validators) == 4


@pytest.mark.parametrize("number", [EPOCH - 1, EPOCH])
def test_a_vote_on_which_clients_differ_ends_the_following(number: int) -> None:
    header = parse_header(vote_of(1, 5, ADD, number).sealed())
    assert follow().after(header, EPOCH) is None


def test_votes_of_a_dropped_validator_are_forgotten() -> None:
    dropped = follow(vote_of(4, 5, ADD), *(vote_of(each, 4, DROP) for each in (1, 2, 3)))
    assert dropped == ValidatorSet(frozenset(addresses(1, 2, 3)))
