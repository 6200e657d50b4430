"""Many acts at a time on a real chain: each is checked on its own, nonces have no gap."""

from __future__ import annotations

import pytest

from dragon_ledger.chain.accounts import Signed
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.pipeline import Pipeline
from dragon_ledger.chain.sender import Receipt, nonces
from dragon_ledger.chain.transact import wait_until_final
from dragon_ledger.errors import NonceTaken, Refused
from tests.chain.history import SITES
from tests.chain.world import FAR, NONE, PURPOSE, RULES, World, digest

SITE = SITES[0]


def registration(label: str, expiry: int = FAR) -> ContractCall:
    said = digest(f"qc {label}"), digest("ethics"), RULES, PURPOSE, digest("registered")
    return ContractCall(
        "DatasetRegistry", "register", ((digest(label), NONE, *said, expiry, 15, True),)
    )


@pytest.fixture
def pipeline(world: World) -> Pipeline:
    return Pipeline(world.client, world.members[SITE])


def mined(world: World) -> int:
    return nonces(world.client, world.members[SITE].address).mined


def settled(world: World, transactions: list[Signed]) -> list[Receipt]:
    """What became of transactions; a node may answer before it mines."""
    return [wait_until_final(world.client, one, lambda _: None, 30) for one in transactions]


def signed_only(outcomes: list[Signed | Refused]) -> list[Signed]:
    return [one for one in outcomes if isinstance(one, Signed)]


def test_refused_acts_leave_no_gap_between_nonces(world: World, pipeline: Pipeline) -> None:
    first = mined(world)
    labels = ("a", "bad", "b", "bad", "bad", "c", "d")
    calls = [registration(f"{n} {one}", 0 if one == "bad" else FAR) for n, one in enumerate(labels)]
    outcomes = pipeline.sign(calls, first)
    refused = [one.name for one in outcomes if isinstance(one, Refused)]
    assert refused == ["EthicsExpiryInvalid"] * 3
    assert [isinstance(one, Refused) for one in outcomes] == [label == "bad" for label in labels]
    ready = signed_only(outcomes)
    assert [one.nonce for one in ready] == [first, first + 1, first + 2, first + 3]
    assert mined(world) == first
    assert pipeline.offer(ready) == [None] * 4
    assert all(receipt.succeeded for receipt in settled(world, ready))
    assert mined(world) == first + 4


def test_offering_again_does_no_harm_and_a_taken_nonce_is_named(
    world: World, pipeline: Pipeline
) -> None:
    first = mined(world)
    ready = signed_only(pipeline.sign([registration("one"), registration("two")], first))
    lost = signed_only(pipeline.sign([registration("three")], first))
    assert pipeline.offer(ready) == [None, None]
    settled(world, ready)
    again = pipeline.offer([*ready, *lost])
    assert again[:2] == [None, None]
    assert isinstance(again[2], NonceTaken)
    assert mined(world) == first + 2


def test_an_act_that_needs_more_gas_than_those_before_gets_it(
    world: World, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("dragon_ledger.chain.pipeline.estimate_gas", lambda *_: 60_000)
        assert signed_only(pipeline.sign([registration("cheap")], 0))
    first = mined(world)
    ready = signed_only(pipeline.sign([registration("dear"), registration("dear too")], first))
    assert pipeline.offer(ready) == [None, None]
    found = settled(world, ready)
    assert all(receipt.succeeded and receipt.gas_used > 60_000 for receipt in found)


def test_nothing_to_do_asks_nothing(world: World, pipeline: Pipeline) -> None:
    assert pipeline.sign([], 0) == []
    assert pipeline.offer([]) == []
    assert mined(world) == mined(world)
