"""Gas of the acts that an organisation pays for, exactly as committed in gas.json.

Accounts, digests, block times and addresses are fixed, so every figure repeats to the unit. Write
the file anew with `DRAGON_UPDATE_GAS=1 pytest tests/contracts/test_gas.py` and read the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SNAPSHOT = Path(__file__).with_name("gas.json")
SITES, REVIEWER, CENTRE, AUTHORITY = 100, 100, 101, 102
VERSIONS, GENERATIONS = 1000, 20
EXPIRY = 2_000_000_000
ZERO = bytes(32)
EVERYONE = (1 << SITES) - 1

# What is asked for; None where a figure is kept only to be seen.
LIMITS = {
    "register": 200_000,
    "approve": 60_000,
    "approve, first version of a bitmap word": None,
    "openRun of 100": 350_000,
    "commitUpdate": 80_000,
    "closeRound of 100, all new": 2_000_000,
    "closeRound of 100, none new": 1_000_000,
    "release over 1 000": 3_500_000,
    "release over 20 generations of the same 1 000": 12_000_000,
}


class Consortium:
    """100 hospitals, a reviewer, a centre, an authority, and what they do by the hundred."""

    def __init__(
        self, chain: Any, digest: Callable[[str], bytes], key: Callable[[str], Any]
    ) -> None:
        self.chain = chain
        self.digest = cache(digest)
        self.key = cache(key)
        self.gas: dict[str, int] = {}
        self._admit_all()
        consortium = chain.contracts["Consortium"].functions
        chain.send(chain.admin, consortium.acceptRuleSet(self.digest("rules"), 15, 0, 0, ONES))
        self.versions = [
            chain.read("DatasetRegistry", "versionId", n % SITES, self.digest(f"data {n}"))
            for n in range(VERSIONS)
        ]

    def call(self, contract: str, function: str, *arguments: int | bytes) -> bytes:
        return bytes(self.chain.calldata(contract, function, *arguments))

    def address(self, name: str) -> bytes:
        return bytes.fromhex(self.key(name).address[2:])

    def _admit_all(self) -> None:
        stages: list[list[Any]] = [[], [], [], []]
        for number in range(SITES + 3):
            role = 1 if number < SITES else {REVIEWER: 2, CENTRE: 4, AUTHORITY: 8}[number]
            root, account = self.key(f"root {number}"), self.key(f"account {number}")
            admit = self.call(
                "Consortium", "admit", number, role, self.address(f"root {number}"), ONES, ONES
            )
            enrol = self.call(
                "Consortium", "enrol", number, self.address(f"account {number}"), role, ONES
            )
            stages[0].append((self.chain.admin, "Consortium", admit))
            stages[1].append((root, "Consortium", self.call("Consortium", "acceptRoot", number)))
            stages[2].append((root, "Consortium", enrol))
            stages[3].append(
                (account, "Consortium", self.call("Consortium", "accept", number, role))
            )
        for stage in stages:
            self.chain.bulk(stage)

    def register_all(self) -> None:
        acts = []
        for n in range(VERSIONS):
            texts = [
                f"data {n}",
                "",
                f"qc {n}",
                f"ethics {n}",
                "rules",
                "purpose",
                f"registration {n}",
            ]
            words = [self.digest(text) if text else ZERO for text in texts]
            data = self.call("DatasetRegistry", "register", *words, EXPIRY, 15, 1)
            acts.append((self.key(f"account {n % SITES}"), "DatasetRegistry", data))
        self.gas["register"] = max(self.chain.bulk(acts))

    def approve_all(self) -> None:
        acts = []
        for n, version in enumerate(self.versions):
            words = (
                version,
                self.digest(f"qc {n}"),
                self.digest("rules"),
                self.digest(f"approval {n}"),
            )
            acts.append(
                (
                    self.key(f"account {REVIEWER}"),
                    "DatasetRegistry",
                    self.call("DatasetRegistry", "approve", *words),
                )
            )
        used = self.chain.bulk(acts)
        fresh = [n for n in range(VERSIONS) if n == 0 or (n + 1) % 256 == 0]
        self.gas["approve, first version of a bitmap word"] = max(used[n] for n in fresh)
        self.gas["approve"] = max(used[n] for n in range(VERSIONS) if n not in fresh)

    def open(self, generation: int, parent: bytes, parent_round: int) -> bytes:
        plan, statement = self.digest(f"plan {generation}"), self.digest(f"opening {generation}")
        kind = 1 if parent != ZERO else 2
        model = self.model(generation - 1, parent_round) if kind == 1 else self.digest("seed model")
        opening = (plan, self.digest("purpose"), EVERYONE, model, parent, ZERO, statement)
        receipt = self.chain.act(
            f"account {CENTRE}", "TrainingLedger", "openRun", (*opening, parent_round, kind)
        )
        self.gas["openRun of 100"] = max(self.gas.get("openRun of 100", 0), receipt["gasUsed"])
        return bytes(self.chain.read("TrainingLedger", "runId", CENTRE, plan, statement))

    def model(self, generation: int, number: int) -> bytes:
        return self.digest(f"model {generation} {number}")

    def round(self, run: bytes, generation: int, number: int, base: bytes) -> int:
        """All 100 commit on their `number`-th version and the round is closed over all; its gas."""
        acts = []
        for site in range(SITES):
            version = self.versions[(number - 1) * SITES % VERSIONS + site]
            update = self.digest(f"update {generation} {number} {site}")
            words = (run, number, update, base, version, self.digest(f"metrics {site}"), ZERO)
            acts.append(
                (
                    self.key(f"account {site}"),
                    "TrainingLedger",
                    self.call("TrainingLedger", "commitUpdate", *words),
                )
            )
        used = max(self.chain.bulk(acts))
        self.gas["commitUpdate"] = max(self.gas.get("commitUpdate", 0), used)
        leaves = self.chain.read("TrainingLedger", "leavesHash", run, number, EVERYONE)
        aggregate = self.model(generation, number)
        closing = (run, number, aggregate, EVERYONE, leaves, ONES)
        closed = self.chain.act(f"account {CENTRE}", "TrainingLedger", "closeRound", *closing)
        return int(closed["gasUsed"])

    def train(self, generation: int, parent: bytes) -> bytes:
        """Ten rounds, in which all 1 000 versions flow in."""
        parent_round = 10 if parent != ZERO else 0
        run = self.open(generation, parent, parent_round)
        base = self.model(generation - 1, 10) if parent != ZERO else self.digest("seed model")
        for number in range(1, VERSIONS // SITES + 1):
            used = self.round(run, generation, number, base)
            base = self.model(generation, number)
            name = "closeRound of 100, all new"
            self.gas[name] = max(self.gas.get(name, 0), used)
        return run

    def release(self, run: bytes, generation: int) -> int:
        words = (run, 10, self.model(generation, 10), self.digest(f"file {generation}"), ONES, ONES)
        released = self.chain.act(f"account {AUTHORITY}", "ModelRegistry", "release", *words)
        return int(released["gasUsed"])


ONES = b"\1" * 32


@pytest.fixture(scope="module")
def measured(own_chain: Any, digest: Any, key: Any) -> dict[str, int]:
    consortium = Consortium(own_chain, digest, key)
    consortium.register_all()
    consortium.approve_all()
    run = consortium.train(0, ZERO)
    consortium.gas["release over 1 000"] = consortium.release(run, 0)
    none_new = consortium.round(run, 0, 11, consortium.model(0, 10))
    consortium.gas["closeRound of 100, none new"] = none_new
    for generation in range(1, GENERATIONS):
        run = consortium.train(generation, run)
    name = "release over 20 generations of the same 1 000"
    consortium.gas[name] = consortium.release(run, GENERATIONS - 1)
    return {name: consortium.gas[name] for name in LIMITS}


@pytest.mark.slow
def test_gas_is_as_committed(measured: dict[str, int]) -> None:
    if os.environ.get("DRAGON_UPDATE_GAS") == "1":
        SNAPSHOT.write_text(json.dumps(measured, indent=1) + "\n")
    assert measured == json.loads(SNAPSHOT.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("act", [name for name, limit in LIMITS.items() if limit])
def test_gas_is_within_the_limit(measured: dict[str, int], act: str) -> None:
    limit = LIMITS[act]
    assert limit is not None
    assert measured[act] <= limit
