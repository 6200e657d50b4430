"""The outbox on a real chain: every entry gets there exactly once, whatever is cut off."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest

from dragon_ledger.chain.accounts import Signed
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.sender import offer
from dragon_ledger.chain.transact import transact
from dragon_ledger.records import Role
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.outbox import Attempt, Outbox, State
from dragon_ledger.site.pump import CLOCK, Pump
from dragon_ledger.site.site_acts import SITE_ACTS
from tests.chain.world import World, digest, new_signer
from tests.site.acts import Desk, registration
from tests.site.conftest import populate

NUMBERS = count(100)


@pytest.fixture(scope="module")
def world(node: EmbeddedNode) -> World:
    return populate(node.url)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    """The outbox of a site of its own."""
    site = next(NUMBERS)
    signer = world.add(site, Role.SITE)
    return Desk.open(tmp_path / "outbox.sqlite", world.client.network, signer, site)


@pytest.fixture
def ledger(world: World, desk: Desk) -> Ledger:
    """The same account at work somewhere else."""
    return Ledger(world.client, desk.signer, desk.site)


class CutOff(Exception):
    """Stands for the end of the process at this point."""


def work_until_cut(desk: Desk, owner: type, name: str, *, after: bool) -> None:
    """Work until the 'process' ends before or after a call of a method."""
    original: Callable[..., object] = getattr(owner, name)

    def method(*arguments: object) -> object:
        if after:
            original(*arguments)
        raise CutOff(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, method)
        with pytest.raises(CutOff):
            work(desk)


def work(desk: Desk) -> None:
    """Work until nothing is under way."""
    while {State.QUEUED, State.SENT} & set(desk.states()):
        desk.pump.step()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Ledger, "sign"),
        (Outbox, "record_attempt"),
        (Ledger, "offer"),
        (Ledger, "receipts"),
        (Outbox, "finish"),
    ],
)
def test_entries_get_on_chain_once_wherever_the_process_ends(
    desk: Desk, owner: type, name: str, after: bool
) -> None:
    acts = [desk.put(label) for label in ("one", "two", "three")]
    work_until_cut(desk, owner, name, after=after)
    again = desk.reopen()
    work(again)
    assert again.states() == [State.FINAL] * 3
    assert again.registered() == [act.commitment for act in acts]


def test_nothing_leaves_before_all_of_a_batch_is_kept(desk: Desk) -> None:
    """Cut off at the second write of three: none was kept, so none was offered."""
    acts = [desk.put(label) for label in ("one", "two", "three")]
    kept = Outbox.record_attempt
    calls = count(1)

    def second_fails(outbox: Outbox, attempt: Attempt) -> None:
        if next(calls) == 2:
            raise CutOff
        kept(outbox, attempt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Outbox, "record_attempt", second_fails)
        with pytest.raises(CutOff):
            work(desk)
    again = desk.reopen()
    assert again.states() == [State.QUEUED] * 3
    assert [entry.attempts for entry in again.outbox.entries()] == [()] * 3
    assert again.registered() == []
    work(again)
    assert again.registered() == [act.commitment for act in acts]


@pytest.mark.parametrize("arrived", [[0], [1], [2], [0, 2]])
def test_a_batch_that_arrives_in_part_is_completed(desk: Desk, arrived: list[int]) -> None:
    """The process ends while the node has some of three transactions, in any order."""
    acts = [desk.put(label) for label in ("one", "two", "three")]
    offered = Ledger.offer

    def in_part(ledger: Ledger, transactions: Sequence[Signed]) -> object:
        offered(ledger, [transactions[place] for place in arrived])
        raise CutOff

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "offer", in_part)
        with pytest.raises(CutOff):
            work(desk)
    again = desk.reopen()
    work(again)
    assert again.states() == [State.FINAL] * 3
    assert again.registered() == [act.commitment for act in acts]
    assert [len(entry.attempts) for entry in again.outbox.entries()] == [1] * 3


def test_only_so_many_are_under_way_and_none_is_skipped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragon_ledger.site.pump.TOGETHER", 2)
    monkeypatch.setattr("dragon_ledger.site.pump.MAX_IN_FLIGHT", 5)
    acts = [desk.put(f"version {number}") for number in range(12)]
    desk.pump.step()
    assert desk.states().count(State.SENT) == 5
    work(desk)
    assert desk.registered() == [act.commitment for act in acts]
    nonces = [entry.attempts[0].nonce for entry in desk.outbox.entries()]
    assert nonces == list(range(nonces[0], nonces[0] + 12))


def test_an_act_that_waits_is_asked_again_at_the_next_block_only(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits because its account has not accepted; nothing but a block can change that."""
    desk = Desk.open(tmp_path / "w.sqlite", world.client.network, new_signer(), next(NUMBERS))
    desk.put("early")
    asked: list[int] = []
    sign = Ledger.sign

    def counted(ledger: Ledger, calls: Sequence[ContractCall], nonce: int) -> object:
        asked.append(len(calls))
        return sign(ledger, calls, nonce)

    monkeypatch.setattr(Ledger, "sign", counted)
    for _ in range(3):
        desk.pump.step()
    assert (desk.states(), asked) == ([State.QUEUED], [1])
    assert desk.notes()[0].startswith("waits: ")
    world.accept_rules(digest("a block"))
    desk.pump.step()
    assert asked == [1, 1]


def test_a_refusal_is_kept_and_the_next_entry_goes_on(desk: Desk) -> None:
    wrong = registration(desk.network, desk.site, "wrong")
    values = {**wrong.to_json(), "ethics_expiry": 0}
    desk.outbox.put("wrong", lane="a", kind="register", act=values)
    good = desk.put("good")
    work(desk)
    assert desk.states() == [State.REFUSED, State.FINAL]
    refused = desk.outbox.find("wrong")
    assert refused is not None
    assert refused.error is not None
    assert refused.error["name"] == "EthicsExpiryInvalid"
    assert refused.note
    assert desk.registered() == [good.commitment]
    desk.outbox.retry("wrong")
    desk.pump.step()
    assert desk.states() == [State.REFUSED, State.FINAL]
    assert [state for _, state, _ in desk.outbox.history(refused.id)] == [
        State.QUEUED, State.REFUSED, State.QUEUED, State.REFUSED,
    ]  # fmt: skip


def test_what_is_on_chain_already_is_not_sent(desk: Desk, ledger: Ledger) -> None:
    act = desk.put("by hand")
    transact(ledger.client, desk.signer, act.call(ledger))
    desk.pump.step()
    (entry,) = desk.outbox.entries()
    assert (entry.state, entry.attempts) == (State.FINAL, ())
    assert desk.registered() == [act.commitment]


def test_a_nonce_used_elsewhere_is_noticed_and_the_entry_signed_again(
    desk: Desk, ledger: Ledger
) -> None:
    act = desk.put("one")
    work_until_cut(desk, Ledger, "offer", after=False)
    # The same account acts from somewhere else, with the nonce that is stored and was never sent.
    other = registration(desk.network, desk.site, "from another machine")
    transact(ledger.client, desk.signer, other.call(ledger))
    again = desk.reopen()
    again.pump.step()
    (entry,) = again.outbox.entries()
    assert len(entry.attempts) == 2
    assert any("was used by a transaction" in note for _, _, note in again.outbox.history(entry.id))
    work(again)
    assert again.states() == [State.FINAL]
    assert again.registered() == [other.commitment, act.commitment]


def test_a_replaced_transaction_that_did_the_act_is_adopted(desk: Desk, ledger: Ledger) -> None:
    act = desk.put("one")
    work_until_cut(desk, Ledger, "offer", after=False)
    (stored,) = desk.outbox.entries()
    # A wallet replaces it: same act and nonce, other gas, so another hash.
    call = act.call(ledger)
    bumped = desk.signer.sign(
        {
            "chainId": desk.network.chain_id,
            "to": desk.network.contracts[call.contract].address,
            "data": call.encode(),
            "value": 0,
            "nonce": stored.attempts[0].nonce,
            "gas": 900_000,
            "gasPrice": 0,
        }
    )
    assert bumped.hash != stored.attempts[0].tx_hash
    offer(ledger.client, bumped)
    again = desk.reopen()
    work(again)
    (entry,) = again.outbox.entries()
    assert (entry.state, len(entry.attempts)) == (State.FINAL, 1)
    assert "another transaction with nonce" in entry.note
    assert again.registered() == [act.commitment]


def test_many_entries_are_under_way_at_a_time_and_stay_in_order(desk: Desk) -> None:
    acts = [desk.put(f"version {number}") for number in range(20)]
    work(desk)
    assert desk.registered() == [act.commitment for act in acts]
    nonces = [entry.attempts[0].nonce for entry in desk.outbox.entries()]
    assert nonces == list(range(nonces[0], nonces[0] + 20))


def test_entries_of_one_lane_wait_for_each_other(desk: Desk) -> None:
    for label in ("first", "second"):
        act = registration(desk.network, desk.site, label)
        desk.outbox.put(act.key, lane="dataset", kind=act.kind, act=act.to_json())
    assert [entry.key for entry in desk.outbox.sendable()] == [desk.outbox.entries()[0].key]
    work(desk)
    assert desk.states() == [State.FINAL, State.FINAL]


@pytest.mark.parametrize(("hours", "words"), [(2, "ahead of"), (-2, "behind")])
def test_a_clock_that_is_two_hours_off_is_named_and_harms_nothing(
    world: World, desk: Desk, tmp_path: Path, hours: int, words: str
) -> None:
    wrong = Outbox(tmp_path / "wrong.sqlite", clock=lambda: int(time.time()) + hours * 3600)
    ledger = Ledger(world.client, desk.signer, desk.site)
    act = registration(desk.network, desk.site, "one")
    wrong.put(act.key, lane="one", kind=act.kind, act=act.to_json())
    pump = Pump(wrong, ledger, SITE_ACTS)
    while wrong.has(State.QUEUED, State.SENT):
        pump.step()
    assert [entry.state for entry in wrong.entries()] == [State.FINAL]
    assert words in wrong.observations()[CLOCK][0]
    assert desk.registered() == [act.commitment]
