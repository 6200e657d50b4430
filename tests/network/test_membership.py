"""A validator joins and another leaves while agents work; an auditor follows from block 0."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from dragon_ledger.chain import headers
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import add_member
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.chain.qbft.programs import Program
from dragon_ledger.chain.qbft.watch import Ballot, vote
from dragon_ledger.provenance.qbft.header import QbftHeader, encode_rpc_header, parse_header
from dragon_ledger.provenance.qbft.light_client import TrustPolicy, advance_all
from dragon_ledger.provenance.qbft.trust_root import read_trust_root
from tests.network.place import NAMES, Place, drain, wait_until

pytestmark = pytest.mark.network

NEW = "centre"


@pytest.fixture
def own_place(program: Program, tmp_path: Path) -> Iterator[Place]:
    """A network whose set of validators this test may change."""
    folder = tmp_path / "net"
    try:
        yield Place.build(folder, program, spare=1)
    finally:
        processes.stop(Layout.load(folder))


def header_of(place: Place, number: int) -> QbftHeader:
    (block,) = headers.fetch(place.client(NAMES[0]), [number])
    return parse_header(encode_rpc_header(block))


def decide(place: Place, ballot: Ballot, name: str) -> None:
    """Three validators vote; the set changes; the votes are withdrawn."""
    address = bytes.fromhex(place.layout.member(name).address)
    urls = [place.layout.member(voter).url for voter in NAMES[:3]]
    vote(place.network, urls, address, ballot)

    def decided() -> bool:
        newest = header_of(place, place.height(NAMES[0]))
        return (address in newest.validators) == (ballot is Ballot.ADD)

    wait_until(decided, f"{name} is not decided: {ballot}")
    vote(place.network, urls, address, Ballot.WITHDRAW)


def test_one_voted_in_and_one_voted_out_while_agents_work(own_place: Place, tmp_path: Path) -> None:
    place = own_place
    desk = place.desk(tmp_path / "outbox.sqlite")
    labels = [f"change {number}" for number in range(6)]
    for label in labels[:3]:
        desk.put(label)
    place.layout = add_member(place.layout, NEW)
    place.start(NEW)
    decide(place, Ballot.ADD, NEW)
    desk.pump.step()
    for label in labels[3:]:
        desk.put(label)
    decide(place, Ballot.DROP, NAMES[3])
    drain(desk)
    assert sorted(desk.registered()) == sorted(sha256(label.encode()).digest() for label in labels)
    place.grows(NEW)
    height = place.height(NAMES[0])
    expected = {*NAMES[:3], NEW}
    names = {member.address: member.name for member in place.layout.members}
    newest = header_of(place, height)
    assert {names[address.hex()] for address in newest.validators} == expected

    # Votes in the headers explain every set, from the founders' network file on.
    root = read_trust_root(place.network.validators)
    chain = [
        parse_header(encode_rpc_header(block))
        for block in headers.fetch(place.client(NAMES[0]), range(1, height + 1))
    ]
    policy = TrustPolicy(int(time.time()), root.epoch_length)
    trusted = advance_all(root.block, chain, policy)
    assert trusted.hash == newest.hash
    assert trusted.validators == frozenset(newest.validators)
