"""Random acts on a live chain, refusals included: index and node never differ on any model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from sqlalchemy import Engine

from dragon_ledger.chain import reader
from dragon_ledger.chain.facts import facts_for as facts_of_node
from dragon_ledger.chain.states import Status
from dragon_ledger.errors import Refused
from dragon_ledger.index.database import reading
from dragon_ledger.index.facts import facts_for
from dragon_ledger.index.follower import Follower
from dragon_ledger.provenance.results import Outcome, Verdict
from dragon_ledger.provenance.verdict import judge
from dragon_ledger.records import Role, Source
from tests.chain.world import World, digest
from tests.index.conftest import AGGREGATOR, RELEASER, REVIEWER, SITES

pytestmark = pytest.mark.slow
SECOND_REVIEWER, ACTS = 11, 200


@dataclass
class Walk:
    """Acts at random; what the contracts refuse is counted and forgotten."""

    world: World
    rng: Random
    versions: list[tuple[int, str, bytes]] = field(default_factory=list)
    approved: list[tuple[int, str, bytes]] = field(default_factory=list)
    runs: list[tuple[bytes, int]] = field(default_factory=list)
    aggregates: list[bytes] = field(default_factory=list)
    releases: list[bytes] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    count: int = 0

    def step(self) -> None:
        acts: list[tuple[Callable[[], None], int]] = [
            (self.register, 3),
            (self.approve, 4),
            (self.decide, 2),
            (self.open, 2),
            (self.commit, 9),
            (self.close, 5),
            (self.note, 1),
            (self.release, 3),
            (self.withdraw, 1),
            (self.people, 1),
        ]
        act = self.rng.choices([a for a, _ in acts], [weight for _, weight in acts])[0]
        self.count += 1
        try:
            act()
        except (Refused, IndexError) as error:
            self.outcomes[type(error).__name__] += 1
        else:
            self.outcomes[act.__name__] += 1

    def label(self) -> str:
        return str(self.count)

    def register(self) -> None:
        site, label = self.rng.choice(SITES), self.label()
        passed = self.rng.random() < 0.9
        version = self.world.register(site, label, qc_passed=passed)
        self.versions.append((site, label, version))

    def approve(self) -> None:
        site, label, version = self.rng.choice(self.versions)
        self.world.approve(self.rng.choice((REVIEWER, SECOND_REVIEWER)), site, label)
        self.approved.append((site, label, version))

    def decide(self) -> None:
        site, _, version = self.rng.choice(self.versions)
        who = self.world.members[self.rng.choice((site, REVIEWER, SECOND_REVIEWER))]
        act = self.rng.choice(("revoke", "reinstate", "reinstate", "reject", "retire", "supersede"))
        said = (self.rng.randint(1, 12), digest(f"said {self.count}"))
        if act == "supersede":
            said = (self.rng.choice(self.versions)[2], *said)  # type: ignore[assignment]  # one more argument
        self.world.send(who, "DatasetRegistry", act, version, *said)

    def open(self) -> None:
        parent = self.rng.choice(self.runs) if self.runs and self.rng.random() < 0.5 else None
        if parent is not None and parent[1] == 0:
            parent = None
        run = self.world.open_run(AGGREGATOR, self.label(), list(SITES), parent)
        self.runs.append((run, 0))

    def commit(self) -> None:
        run, closed = self.rng.choice(self.runs[-2:])
        site, _, version = self.rng.choice(self.rng.choice((self.versions, self.approved)))
        self.world.commit(site, run, closed + 1, version, self.label())

    def close(self) -> None:
        place = self.rng.choice(range(max(0, len(self.runs) - 2), len(self.runs)))
        run, closed = self.runs[place]
        leaves = {
            site: reader.read(self.world.client, reader.leaf(run, closed + 1, site))
            for site in SITES
        }
        present = [site for site in SITES if leaves[site] != bytes(32)]
        included = present[: self.rng.randint(1, len(SITES))]
        aggregate = self.world.close(AGGREGATOR, run, closed + 1, included)
        self.runs[place] = (run, closed + 1)
        self.aggregates.append(aggregate)

    def note(self) -> None:
        run, closed = self.rng.choice(self.runs)
        said = (closed + 1, self.rng.randint(1, 3), digest(f"said {self.count}"))
        site = self.world.members[self.rng.choice(SITES)]
        self.world.send(site, "TrainingLedger", "dispute", run, *said)

    def release(self) -> None:
        run, closed = self.rng.choice(self.runs)
        number = self.rng.randint(1, closed) if closed else 1
        self.releases.append(self.world.release(RELEASER, run, number, f"file {self.label()}"))

    def withdraw(self) -> None:
        said = (self.rng.choice(self.releases), 3, digest(f"said {self.count}"))
        self.world.send(self.world.members[RELEASER], "ModelRegistry", "withdraw", *said)

    def people(self) -> None:
        number = self.rng.choice((SITES[0], SECOND_REVIEWER))
        said = digest(f"said {self.count}")
        act = self.rng.choice(("suspend", "resume", "resume", "compromise", "end"))
        if act in ("suspend", "resume"):
            self.world.send(self.world.admin, "Consortium", act, number, said)
            return
        account, now = self.world.members[number].address, self.world.client.block().time
        root = self.world.roots[number]
        function = "markCompromised" if act == "compromise" else "endAccount"
        moment = now - self.rng.randint(0, 5) if act == "compromise" else now + 1_000
        self.world.send(root, "Consortium", function, account, moment, said)


@pytest.mark.parametrize("seed", range(3))
def test_index_and_node_agree_on_every_model(world: World, engine: Engine, seed: int) -> None:
    world.add(SECOND_REVIEWER, Role.REVIEWER)
    walk, follower = Walk(world, Random(seed)), Follower(engine, world.client, chunk=13)
    for _ in range(ACTS):
        walk.step()
        if walk.rng.random() < 0.1:
            follower.sync()
    follower.sync()
    asked = [*walk.aggregates, *(digest(f"file {number}") for number in range(ACTS + 1))]
    answers = Counter(compare(world, engine, value) for value in asked)
    # The walk must have led somewhere, or it shows nothing.
    assert walk.outcomes["close"] > 2, walk.outcomes
    assert walk.outcomes["release"] > 0, walk.outcomes
    assert answers["not valid"] > 0


def compare(world: World, engine: Engine, value: bytes) -> str:
    node = facts_of_node(world.client, value)
    with reading(engine) as connection:
        index = facts_for(connection, value)
    same = replace(index, as_of=replace(index.as_of, source=Source.NODE))
    assert same == node
    verdict = judge(node, node.as_of.time)
    assert judge(same, node.as_of.time) == verdict
    if node.origins:
        # Whatever the contracts let happen is well formed; only people and data can be at fault.
        assert verdict.check("records.bound").outcome is Outcome.PASS
        assert verdict.check("rounds.chained").outcome is Outcome.PASS
        assert verdict.check("updates.own_version").outcome is Outcome.PASS
        assert verdict.check("versions.usable_when_used").outcome is Outcome.PASS
        assert verdict.check("accounts.valid").outcome is Outcome.PASS
        assert verdict.check("participants.accounted").outcome is Outcome.PASS
        assert verdict.check("purpose.same").outcome is Outcome.PASS
    agree_with_the_contract(world, verdict)
    return str(verdict.answer)


def agree_with_the_contract(world: World, verdict: Verdict) -> None:
    """The ModelRegistry answers the same question in one word, from its bitmaps."""
    said = reader.read(world.client, reader.status(verdict.digest))
    failed = {check.id for check in verdict.checks if check.outcome is Outcome.FAIL}
    if said.status is Status.UNKNOWN:
        assert "digest.known" in failed
    elif said.status is Status.AGGREGATE_ONLY:
        assert "release.exists" in failed
    elif said.status is Status.WITHDRAWN:
        assert "release.not_withdrawn" in failed
    else:
        assert verdict.release is not None
        assert verdict.release.id == said.release
        assert ("versions.in_standing" in failed) == (said.status is Status.NOT_VALID)
