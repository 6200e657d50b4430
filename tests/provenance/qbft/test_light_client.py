from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.qbft.faults import find_fault
from dragon_ledger.provenance.qbft.header import QbftHeader, parse_header
from dragon_ledger.provenance.qbft.light_client import (
    NotEnoughTrust,
    TrustedBlock,
    TrustPolicy,
    advance,
    advance_all,
    missing_header,
    select_headers,
    trust_root,
)
from tests.provenance.qbft.network import Block, address, addresses, chain

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "qbft_headers.json").read_text()
)
RECORDED = [
    parse_header(bytes.fromhex(vector["rlp"][2:]))
    for vector in VECTORS["sealed"]
    if "recorded" in vector["source"]
]
BY_NUMBER = {header.number: header for header in RECORDED}
POLICY = TrustPolicy(now=RECORDED[-1].timestamp + 60, epoch_length=VECTORS["epoch_length"])
GENESIS = RECORDED[0]
ROOT = trust_root(0, GENESIS.hash, POLICY.now - 3600, GENESIS.validators)
ADD, DROP = b"\xff", b""

TEST_POLICY = TrustPolicy(now=50_000, epoch_length=30, trusting_period=100_000)


def test_trust_moves_from_genesis_over_the_recorded_changes() -> None:
    trusted = advance_all(ROOT, [BY_NUMBER[number] for number in (0, 1, 43, 44, 55, 59)], POLICY)
    assert (trusted.number, trusted.hash) == (59, BY_NUMBER[59].hash)
    assert trusted.validators == frozenset(GENESIS.validators)
    assert len(trusted.signers) == 3


def test_trust_skips_from_genesis_to_the_last_block() -> None:
    assert select_headers(ROOT, BY_NUMBER, 59, POLICY) == [BY_NUMBER[59]]


def test_consecutive_headers_are_held_to_the_votes() -> None:
    start = advance(ROOT, BY_NUMBER[40], POLICY)
    assert start.following is None
    trusted = TrustedBlock(
        start.number,
        start.hash,
        start.time,
        start.validators,
        trust_root(0, b"", 0, start.validators).following,
    )
    trusted = advance_all(trusted, [BY_NUMBER[number] for number in range(41, 60)], POLICY)
    assert trusted.following is not None
    assert trusted.following.validators == frozenset(GENESIS.validators)


def linked(*blocks: Block) -> list[QbftHeader]:
    return [parse_header(block.sealed()) for block in chain(*blocks)]


def root_of(header: QbftHeader, time: int = 1000) -> TrustedBlock:
    return trust_root(header.number, header.hash, time, header.validators)


def plain(number: int, validators: list[int], vote: tuple[bytes, bytes] | None = None) -> Block:
    return Block(number, validators, validators, validators[number % len(validators)], vote=vote)


def test_a_set_that_changed_without_votes_is_refused() -> None:
    first, second = linked(plain(0, [1, 2, 3, 4]), plain(1, [1, 2, 3, 5]))
    with pytest.raises(ProofError, match="votes gave"):
        advance(root_of(first), second, TEST_POLICY)


def test_a_set_that_did_not_change_against_its_votes_is_refused() -> None:
    votes = [plain(n, [1, 2, 3, 4], (address(5), ADD)) for n in (1, 2, 3)]
    headers = linked(plain(0, [1, 2, 3, 4]), *votes, plain(4, [1, 2, 3, 4]))
    with pytest.raises(ProofError, match=r"header 4.*votes gave"):
        advance_all(root_of(headers[0]), headers[1:], TEST_POLICY)


def test_after_an_epoch_block_votes_are_known_again() -> None:
    headers = linked(plain(29, [1, 2, 3, 4]), plain(30, [1, 2, 3, 4]), plain(31, [1, 2, 3, 5]))
    root = root_of(headers[0])
    assert root.following is None
    at_epoch = advance(root, headers[1], TEST_POLICY)
    with pytest.raises(ProofError, match="votes gave"):
        advance(at_epoch, headers[2], TEST_POLICY)


def test_after_a_vote_at_the_turn_of_an_epoch_the_set_is_followed_no_further() -> None:
    """Clients count such votes differently; trust then moves by overlap alone."""
    for vote, followed in ((None, True), ((address(5), ADD), False)):
        headers = linked(plain(29, [1, 2, 3, 4]), plain(30, [1, 2, 3, 4], vote))
        trusted = advance(root_of(headers[0]), headers[1], TEST_POLICY)
        assert (trusted.following is not None) == followed


def test_a_header_of_another_history_is_refused() -> None:
    first, _ = linked(plain(0, [1, 2, 3, 4]), plain(1, [1, 2, 3, 4]))
    stranger = parse_header(plain(1, [1, 2, 3, 4]).sealed())
    with pytest.raises(ProofError, match="parent"):
        advance(root_of(first), stranger, TEST_POLICY)
    other_root = replace(root_of(first), hash=bytes(32))
    with pytest.raises(ProofError, match="not after"):
        advance_all(other_root, [first], TEST_POLICY)


@pytest.mark.parametrize(("overlap", "enough"), [(0, False), (1, False), (2, True), (4, True)])
def test_skipping_needs_more_than_a_third_of_the_trusted_set(overlap: int, enough: bool) -> None:
    """Four are trusted; a set of six sealed the target, `overlap` of the four among the sealers."""
    kept = list(range(1, overlap + 1))
    target = Block(20, [*kept, *range(11, 17 - overlap)], [*kept, *range(11, 17 - overlap)], 11)
    root = root_of(parse_header(plain(0, [1, 2, 3, 4]).sealed()))
    header = parse_header(target.sealed())
    if enough:
        assert advance(root, header, TEST_POLICY).signers == tuple(addresses(*target.sealers))
    else:
        with pytest.raises(NotEnoughTrust, match="more than a third"):
            advance(root, header, TEST_POLICY)


def test_exactly_a_third_is_not_more_than_a_third() -> None:
    root = root_of(parse_header(plain(0, [1, 2, 3]).sealed()))
    header = parse_header(plain(9, [1, 11, 12]).sealed())
    with pytest.raises(NotEnoughTrust, match="1 of the 3"):
        advance(root, header, TEST_POLICY)


def test_members_who_did_not_seal_do_not_count() -> None:
    root = root_of(parse_header(plain(0, [1, 2, 3, 4]).sealed()))
    named = Block(9, [1, 2, 3, 4, 11, 12, 13, 14, 15, 16], [11, 12, 13, 14, 15, 16, 1], 11)
    with pytest.raises(NotEnoughTrust):
        advance(root, parse_header(named.sealed()), TEST_POLICY)


def test_removed_validators_cannot_seal_a_new_history_after_the_trusting_period() -> None:
    root = root_of(parse_header(plain(0, [1, 2, 3, 4]).sealed()))
    forged = parse_header(replace(plain(20, [1, 2, 3, 4]), timestamp=1500).sealed())
    advance(root, forged, TEST_POLICY)
    late = replace(TEST_POLICY, now=1000 + TEST_POLICY.trusting_period)
    with pytest.raises(ProofError, match="trusting period"):
        advance(root, forged, late)
    with pytest.raises(ProofError, match="trusting period"):
        advance_all(root, [parse_header(plain(0, [1, 2, 3, 4]).sealed())], late)


def test_a_header_from_the_future_is_refused() -> None:
    root = root_of(parse_header(plain(0, [1, 2, 3, 4]).sealed()))
    limit = TEST_POLICY.now + TEST_POLICY.clock_drift
    advance(
        root, parse_header(replace(plain(9, [1, 2, 3, 4]), timestamp=limit).sealed()), TEST_POLICY
    )
    ahead = parse_header(replace(plain(9, [1, 2, 3, 4]), timestamp=limit + 1).sealed())
    with pytest.raises(ProofError, match="future"):
        advance(root, ahead, TEST_POLICY)


def test_trust_never_moves_backwards() -> None:
    later = advance(ROOT, BY_NUMBER[44], POLICY)
    with pytest.raises(ProofError, match="not after"):
        advance(later, BY_NUMBER[43], POLICY)
    with pytest.raises(ProofError, match="not after"):
        advance_all(later, [BY_NUMBER[44], BY_NUMBER[2]], POLICY)


def rotating_network(length: int, seed: int) -> dict[int, QbftHeader]:
    """A network whose validators are all replaced again and again, by votes."""
    source = random.Random(seed)
    members, following, blocks = [1, 2, 3, 4], 5, list[Block]()
    queue: list[tuple[bytes, bytes]] = []
    for number in range(length):
        if not queue and number and number % 10 == 0:
            oldest, newest = members[0], following
            following += 1
            queue = [(address(newest), ADD)] * 3 + [(address(oldest), DROP)] * 3
        vote = queue.pop(0) if queue else None
        sealers = source.sample(members, len(members) - 1)
        blocks.append(
            Block(number, list(members), sealers, members[number % len(members)], vote=vote)
        )
        if vote and vote not in queue:
            members = [*members, following - 1] if vote[1] == ADD else members[1:]
    return {header.number: header for header in linked(*blocks)}


@pytest.mark.parametrize("seed", range(5))
def test_bisection_finds_the_few_headers_that_carry_trust(seed: int) -> None:
    network = rotating_network(120, seed)
    policy = replace(TEST_POLICY, epoch_length=1000)
    root = trust_root(0, network[0].hash, 1000, network[0].validators)
    with pytest.raises(NotEnoughTrust):
        advance(root, network[119], policy)
    fetched: dict[int, QbftHeader] = {}
    while (number := missing_header(root, fetched, 119, policy)) is not None:
        assert number not in fetched
        fetched[number] = network[number]
    chosen = select_headers(root, fetched, 119, policy)
    assert advance_all(root, chosen, policy).hash == network[119].hash
    assert len(chosen) < 15
    every = [network[number] for number in range(1, 120)]
    assert advance_all(root, every, policy).validators == set(network[119].validators)


def test_a_chain_without_a_header_that_is_needed_is_refused_by_name() -> None:
    network = rotating_network(120, 1)
    policy = replace(TEST_POLICY, epoch_length=1000)
    root = trust_root(0, network[0].hash, 1000, network[0].validators)
    with pytest.raises(ProofError, match="header 59: is needed"):
        select_headers(root, {119: network[119]}, 119, policy)


def test_no_headers_can_carry_trust_to_strangers() -> None:
    headers = linked(plain(7, [1, 2, 3, 4]), plain(8, [6, 7, 8, 9]))
    with pytest.raises(NotEnoughTrust):
        missing_header(root_of(headers[0]), {8: headers[1]}, 8, TEST_POLICY)


def test_two_sealed_blocks_of_one_height_are_evidence() -> None:
    root = root_of(parse_header(plain(0, [1, 2, 3, 4]).sealed()))
    one = Block(9, [1, 2, 3, 4], [1, 2, 3], 1, state_root=keccak(b"one"))
    other = Block(9, [1, 2, 3, 4], [2, 3, 4], 2, state_root=keccak(b"other"), round=1)
    first, second = parse_header(one.sealed()), parse_header(other.sealed())
    fault = find_fault(root, [first], [second], TEST_POLICY)
    assert fault is not None
    assert (fault.number, fault.both) == (9, frozenset(addresses(2, 3)))
    assert fault.hashes == (first.hash, second.hash)


def test_one_block_in_two_rounds_or_under_two_seal_sets_is_no_fault() -> None:
    root = root_of(parse_header(plain(0, [1, 2, 3, 4]).sealed()))
    block = Block(9, [1, 2, 3, 4], [1, 2, 3], 1)
    again = replace(block, round=2, sealers=[2, 3, 4])
    later = replace(block, number=10)
    for other in (again, later):
        pair = [parse_header(block.sealed())], [parse_header(other.sealed())]
        assert find_fault(root, *pair, TEST_POLICY) is None


def test_a_forged_second_block_is_evidence_against_nobody() -> None:
    root = root_of(parse_header(plain(0, [1, 2, 3, 4]).sealed()))
    true = parse_header(plain(9, [1, 2, 3, 4]).sealed())
    for forged in (plain(9, [6, 7, 8, 9]), Block(9, [1, 2, 3, 4], [1, 2], 1)):
        with pytest.raises(ProofError):
            find_fault(root, [true], [parse_header(forged.sealed())], TEST_POLICY)
    twin = parse_header(replace(plain(0, [1, 2, 3, 4]), state_root=keccak(b"x")).sealed())
    first = parse_header(plain(0, [1, 2, 3, 4]).sealed())
    with pytest.raises(ProofError, match="not after the trusted block"):
        find_fault(root, [first], [twin], TEST_POLICY)


def test_a_root_inside_the_chain_reports_who_sealed_it() -> None:
    header = BY_NUMBER[44]
    root = trust_root(44, header.hash, header.timestamp, header.validators)
    assert len(advance_all(root, [header], POLICY).signers) == 4
    wrong = trust_root(44, header.hash, header.timestamp, header.validators[1:])
    with pytest.raises(ProofError, match="another set"):
        advance_all(wrong, [header], POLICY)
