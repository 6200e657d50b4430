"""Evidence of a real network of validators: exported, then verified with every node stopped."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dragon_ledger.chain.facts import facts_for
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.programs import Program
from dragon_ledger.chain.qbft.watch import Ballot, vote
from dragon_ledger.cli.evidence_bundle import export
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.verify import Evidence, verify
from dragon_ledger.provenance.qbft.header import parse_header
from dragon_ledger.provenance.results import Answer
from dragon_ledger.provenance.verdict import judge
from dragon_ledger.records import Role
from tests.chain.history import AGGREGATOR, RELEASER, REVIEWER, SITES, tell_history
from tests.chain.world import digest
from tests.network.place import NAMES, Place, wait_until
from tests.provenance.bundle.make_vectors import HERE, publish
from tests.provenance.bundle.mutants import canonical, exchanged_seals

pytestmark = pytest.mark.network
RECORDED = HERE / "recorded"


def populate(place: Place) -> None:
    """The rest of the consortium; the place has site 1 and the rules."""
    for number in SITES[1:]:
        place.world.add(number, Role.SITE)
    for number, role in (
        (REVIEWER, Role.REVIEWER),
        (AGGREGATOR, Role.AGGREGATOR),
        (RELEASER, Role.RELEASER),
    ):
        place.world.add(number, role)


def checked(place: Place, data: bytes) -> Evidence:
    return verify(data, known_network(place.network), Demands(int(time.time())))


def test_a_model_is_valid_with_every_node_stopped(program: Program, tmp_path: Path) -> None:
    place = Place.build(tmp_path / "net", program)
    try:
        populate(place)
        aggregate = tell_history(place.world)
        node = judge(facts_for(place.world.client, aggregate), int(time.time()))
        everyone, _ = export(place.world.client, [aggregate, digest("never")])
        fewer = _bundle_of_three(place, aggregate)
        place.kill(NAMES[3])
        place.grows()
        later_rounds = _bundle_of_a_later_round(place, aggregate)
    finally:
        processes.stop(place.layout)
    bundles = {"everyone": everyone, "later-round": later_rounds, "three-validators": fewer}
    if os.environ.get("DRAGON_UPDATE_VECTORS"):
        _record(place, aggregate, bundles)
    for data in bundles.values():
        evidence = checked(place, data)
        found = judge(evidence.facts(aggregate), int(time.time()))
        assert found.answer is Answer.VALID, found.summary
        sealed = found.check("state.sealed")
        assert sealed.found.startswith("sealed by ")
        for ours, theirs in zip(found.checks, node.checks, strict=True):
            if not ours.id.startswith("state."):
                assert (ours.id, ours.outcome) == (theirs.id, theirs.outcome)
    never = checked(place, everyone).facts(digest("never"))
    assert judge(never, int(time.time())).answer is Answer.NOT_VALID
    assert parse_header(checked(place, later_rounds).bundle.headers[-1]).extra.round > 0
    assert len(checked(place, fewer).as_of.seals.validators) == 3
    _seals_cannot_change_places(place, everyone, fewer)


def _bundle_of_a_later_round(place: Place, aggregate: bytes) -> bytes:
    """As of a block that was sealed in a round above 0, because its first proposer was away."""
    found: list[bytes] = []

    def sealed_late() -> bool:
        data, evidence = export(place.client(NAMES[0]), [aggregate])
        if parse_header(evidence.bundle.headers[-1]).extra.round > 0:
            found.append(data)
        return bool(found)

    wait_until(sealed_late, "a round above 0")
    return found[0]


def _bundle_of_three(place: Place, aggregate: bytes) -> bytes:
    """As of a block after one validator was voted out."""
    leaving = bytes.fromhex(place.layout.member(NAMES[2]).address.removeprefix("0x"))
    urls = [place.layout.member(name).url for name in NAMES if name != NAMES[2]]
    vote(place.network, urls, leaving, Ballot.DROP)
    found: list[bytes] = []

    def three() -> bool:
        data, evidence = export(place.client(NAMES[0]), [aggregate])
        if len(evidence.as_of.seals.validators) == 3:
            found.append(data)
        return bool(found)

    wait_until(three, "a set of three validators")
    return found[0]


def _seals_cannot_change_places(place: Place, first: bytes, second: bytes) -> None:
    """Seals of one block, or the state of one, in the header of another."""
    one, other = (json.loads(data) for data in (first, second))
    mine, strange = (bytes.fromhex(bundle["headers"][-1]) for bundle in (one, other))
    for _, header in exchanged_seals(mine, strange):
        one["headers"] = [header.hex()]
        if header != mine:
            with pytest.raises(ProofError, match="header"):
                checked(place, canonical(one))


def _record(place: Place, aggregate: bytes, bundles: dict[str, bytes]) -> None:
    """Keep what a real network gave, so that it is verified everywhere (DRAGON_UPDATE_VECTORS)."""
    RECORDED.mkdir(parents=True, exist_ok=True)
    replace(place.network, rpc=()).save(RECORDED / "network.json")
    for name, data in bundles.items():
        (RECORDED / f"{name}.evidence.json").write_bytes(data)
    publish(RECORDED / "published-code.json")
    asked = {"aggregate": aggregate.hex(), "never": digest("never").hex()}
    (RECORDED / "asked.json").write_text(json.dumps(asked) + "\n")
