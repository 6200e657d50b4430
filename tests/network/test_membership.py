"""A validator joins and another leaves during a training; auditors follow from block 0 on."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from dragon_ledger.chain import headers, reader
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import add_member
from dragon_ledger.chain.qbft.watch import Ballot, vote
from dragon_ledger.cli.evidence_bundle import export
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.digests.hdf5 import hdf5_content_digest
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.verify import verify
from dragon_ledger.provenance.qbft.header import QbftHeader, encode_rpc_header, parse_header
from dragon_ledger.provenance.qbft.light_client import TrustPolicy, advance_all
from dragon_ledger.provenance.qbft.trust_root import read_trust_root
from dragon_ledger.provenance.results import Answer
from dragon_ledger.provenance.verdict import judge
from tests.chain.history import RELEASER
from tests.network.place import NAMES, Place, wait_until
from tests.network.working import Working
from tests.site.running import COMMAND

pytestmark = [pytest.mark.network, pytest.mark.timeout(600)]

NEW = "centre"


def header_of(place: Place, number: int) -> QbftHeader:
    (block,) = headers.fetch(place.client(NAMES[0]), [number])
    return parse_header(encode_rpc_header(block))


def newest(place: Place) -> QbftHeader:
    return header_of(place, place.height(NAMES[0]))


def decide(place: Place, ballot: Ballot, name: str) -> None:
    """Three validators vote; the set changes; the votes are withdrawn."""
    address = bytes.fromhex(place.layout.member(name).address)
    urls = [place.layout.member(voter).url for voter in NAMES[:3]]
    vote(place.network, urls, address, ballot)

    def decided() -> bool:
        return (address in newest(place).validators) == (ballot is Ballot.ADD)

    wait_until(decided, f"{name} is not decided: {ballot}")
    vote(place.network, urls, address, Ballot.WITHDRAW)


def names_in(place: Place, header: QbftHeader) -> set[str]:
    names = {member.address: member.name for member in place.layout.members}
    return {names[address.hex()] for address in header.validators}


def remove_node(place: Place, name: str) -> str:
    """What the command says, on either stream."""
    words = ("network", "remove-node", str(place.layout.folder), name)
    command = [sys.executable, "-c", COMMAND, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return " ".join((done.stdout + done.stderr).split())


def test_one_voted_in_and_one_voted_out_during_a_training(working: Working) -> None:
    place = working.place
    before = working.closed()
    place.layout = add_member(place.layout, NEW)
    place.start(NEW)
    decide(place, Ballot.ADD, NEW)
    working.goes_on()
    decide(place, Ballot.DROP, NAMES[3])
    working.goes_on()
    assert "its node runs" in remove_node(place, NAMES[3])
    place.kill(NAMES[3])
    assert "is in no list any more" in remove_node(place, NAMES[3])
    place.kill(NAMES[2])
    assert "validates" in remove_node(place, NAMES[2])
    place.start(NAMES[2])
    working.goes_on()
    working.requires_everything_once()
    assert names_in(place, newest(place)) == {*NAMES[:3], NEW}
    rounds = [one for one in working.closings() if one.round > before]
    sets = [frozenset(header_of(place, one.position.block).validators) for one in rounds]
    assert {len(validators) for validators in sets} == {4, 5}
    assert sets[-1] == frozenset(newest(place).validators) != sets[0]
    follows_the_votes(place)
    is_valid_with_every_node_stopped(working, rounds[-1].round)


def follows_the_votes(place: Place) -> None:
    """Votes in the headers explain every set, from the founders' network file on."""
    root = read_trust_root(place.network.validators)
    height = place.height(NAMES[0])
    chain = [
        parse_header(encode_rpc_header(block))
        for block in headers.fetch(place.client(NAMES[0]), range(1, height + 1))
    ]
    policy = TrustPolicy(int(time.time()), root.epoch_length)
    trusted = advance_all(root.block, chain, policy)
    assert trusted.hash == chain[-1].hash
    assert trusted.validators == frozenset(chain[-1].validators)


def is_valid_with_every_node_stopped(working: Working, round_number: int) -> None:
    """The last round's model is released; its bundle leads from the old set to the new one."""
    place, world = working.place, working.place.world
    model = hdf5_content_digest(working.training.published(round_number)).value
    assert reader.read(world.client, reader.round_(working.run, round_number)).aggregate == model
    world.release(RELEASER, working.run, round_number)
    online = judge(facts_for(world.client, model), int(time.time()))
    data, _ = export(place.client(NAMES[0]), [model])
    network = known_network(place.network)
    processes.stop(place.layout)
    evidence = verify(data, network, Demands(int(time.time())))
    found = judge(evidence.facts(model), int(time.time()))
    assert (online.answer, found.answer) == (Answer.VALID, Answer.VALID), found.summary
    new = bytes.fromhex(place.layout.member(NEW).address)
    gone = bytes.fromhex(place.layout.member(NAMES[3]).address)
    seals = evidence.as_of.seals
    assert new in seals.validators
    assert gone not in seals.validators
    (run,) = evidence.facts(model).runs
    assert len(run.rounds) >= round_number
