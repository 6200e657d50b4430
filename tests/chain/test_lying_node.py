"""A node that leaves logs out, or alters them, gives an error by name and never other facts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.chain.rpc import Call
from dragon_ledger.errors import InconsistentLogs
from dragon_ledger.records import Facts
from tests.chain.test_facts import released
from tests.chain.world import World

__all__ = ["released"]

Log = dict[str, Any]
Tamper = Callable[[list[Log]], list[Log]]


class LyingClient(Client):
    """Everything as the node says, but its logs tampered with."""

    def tamper_with(self, tamper: Tamper) -> None:
        self._tamper = tamper

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        answers = super().batch(calls)
        return [
            self._tamper(deepcopy(answer)) if call.method == "eth_getLogs" else answer
            for call, answer in zip(calls, answers, strict=True)
        ]


@pytest.fixture(scope="module")
def liar(released: tuple[World, bytes]) -> tuple[LyingClient, bytes, Facts, list[Log]]:
    world, aggregate = released
    truth = facts_for(world.client, aggregate)
    seen: list[Log] = []
    client = LyingClient(world.client.network)

    def remember(logs: list[Log]) -> list[Log]:
        seen.extend(logs)
        return logs

    client.tamper_with(remember)
    assert facts_for(client, aggregate, truth.as_of.block) == truth
    return client, aggregate, truth, seen


def key(log: Log) -> tuple[str, str]:
    return log["blockNumber"], log["logIndex"]


def outcome(client: Client, aggregate: bytes, truth: Facts) -> str:
    """Say what came of it: refused by name, or the same facts; anything else fails the test."""
    try:
        facts = facts_for(client, aggregate, truth.as_of.block)
    except InconsistentLogs:
        return "refused"
    assert facts == truth
    return "unharmed"


def without(log: Log) -> Tamper:
    return lambda given: [one for one in given if key(one) != key(log)]


def doubled(log: Log) -> Tamper:
    return lambda given: [
        copy for one in given for copy in ([one, one] if key(one) == key(log) else [one])
    ]


def flipped(log: Log, place: int, bit: int) -> Tamper:
    """Flip a bit of one word; words count from topic 1 on, then through the data."""

    def flip(one: Log) -> Log:
        if key(one) != key(log):
            return one
        topics = len(one["topics"])
        if place < topics:
            word = f"0x{int(one['topics'][place], 16) ^ bit:064x}"
            return {**one, "topics": [*one["topics"][:place], word, *one["topics"][place + 1 :]]}
        data, start = one["data"], 2 + 64 * (place - topics)
        word = f"{int(data[start : start + 64], 16) ^ bit:064x}"
        return {**one, "data": data[:start] + word + data[start + 64 :]}

    return lambda given: list(map(flip, given))


JUNK: list[Any] = [None, 7, "", "0x", "0xzz", [], {}, True]


def spoiled(log: Log, field: str, junk: Any) -> Tamper:
    return lambda given: [{**one, field: junk} if key(one) == key(log) else one for one in given]


def later(log: Log) -> Tamper:
    def shift(one: Log) -> Log:
        if one["blockNumber"] != log["blockNumber"]:
            return one
        return {**one, "blockTimestamp": hex(int(one["blockTimestamp"], 16) + 1)}

    return lambda given: list(map(shift, given))


def test_no_log_that_facts_are_made_of_can_be_left_out(
    liar: tuple[LyingClient, bytes, Facts, list[Log]],
) -> None:
    client, aggregate, truth, logs = liar
    results = set()
    for log in logs:
        client.tamper_with(without(log))
        results.add(outcome(client, aggregate, truth))
    assert results == {"refused"}


@pytest.mark.slow
def test_no_log_can_be_told_twice(liar: tuple[LyingClient, bytes, Facts, list[Log]]) -> None:
    client, aggregate, truth, logs = liar
    results = set()
    for log in random.Random(5).sample(logs, 20):
        client.tamper_with(doubled(log))
        results.add(outcome(client, aggregate, truth))
    assert "refused" in results


@pytest.mark.slow
def test_no_word_of_a_log_can_be_altered(
    liar: tuple[LyingClient, bytes, Facts, list[Log]],
) -> None:
    client, aggregate, truth, logs = liar
    chance = random.Random(20261122)
    refused = 0
    for _ in range(150):
        log = chance.choice(logs)
        words = (len(log["data"]) - 2) // 64
        place = 1 + chance.randrange(len(log["topics"]) - 1 + words)
        client.tamper_with(flipped(log, place, 1 << chance.choice([0, 1, 7, 31, 100, 255])))
        refused += outcome(client, aggregate, truth) == "refused"
    # What is left unharmed are words that no fact is made of, such as statements of enrolments.
    assert refused > 100


@pytest.mark.slow
def test_no_time_that_facts_are_made_of_can_be_altered(
    liar: tuple[LyingClient, bytes, Facts, list[Log]],
) -> None:
    client, aggregate, truth, logs = liar
    results = set()
    for log in random.Random(7).sample(logs, 12):
        client.tamper_with(later(log))
        results.add(outcome(client, aggregate, truth))
    assert "refused" in results


@pytest.mark.parametrize(
    "answer",
    [
        [{}],
        [7],
        ["log"],
        [{"address": None, "topics": [], "blockNumber": "0x1"}],
        [{"address": "0x00", "topics": [], "blockNumber": "no", "blockTimestamp": "0x1"}],
    ],
)
def test_what_is_no_log_is_refused_and_not_a_crash(
    liar: tuple[LyingClient, bytes, Facts, list[Log]], answer: list[Any]
) -> None:
    client, aggregate, truth, _ = liar
    client.tamper_with(lambda _: answer)
    assert outcome(client, aggregate, truth) == "refused"


@pytest.mark.slow
def test_a_field_of_another_form_is_refused_and_not_a_crash(
    liar: tuple[LyingClient, bytes, Facts, list[Log]],
) -> None:
    client, aggregate, truth, logs = liar
    chance = random.Random(3)
    for _ in range(60):
        log, field = chance.choice(logs), chance.choice(list(logs[0]))
        client.tamper_with(spoiled(log, field, chance.choice(JUNK)))
        outcome(client, aggregate, truth)
