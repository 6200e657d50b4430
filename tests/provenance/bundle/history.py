"""What happens on the vectors' chain: everything that facts can hold, told step by step."""

from __future__ import annotations

from dataclasses import dataclass

from dragon_ledger.chain import reader
from dragon_ledger.records import Role
from tests.chain.world import World, digest

SITES, REVIEWER, SECOND, THIRD, AGGREGATOR, RELEASER = (1, 2, 3), 10, 11, 12, 20, 30
CARD = b'{"content":{"name":"a model card"},"salt":"00","schema":"model-card/1"}'


@dataclass(frozen=True)
class Told:
    """Digests and ids of the history."""

    first: bytes
    second: bytes
    versions: dict[int, bytes]
    released: bytes
    unreleased: bytes
    file: bytes


def found(world: World) -> None:
    """Organisations and rules."""
    for number in SITES:
        world.add(number, Role.SITE)
    for number in (REVIEWER, SECOND, THIRD):
        world.add(number, Role.REVIEWER)
    world.add(AGGREGATOR, Role.AGGREGATOR)
    world.add(RELEASER, Role.RELEASER)
    world.accept_rules()


def train(world: World, model: bytes, file: bytes, card: bytes) -> Told:
    """A run of two rounds, a fork of two more, and the release of its second round.

    One update is replaced, one left out, one site is absent once; a revocation is undone, a round
    disputed, an evaluation recorded, a site joins later.
    """
    versions = {site: world.register(site, "v1") for site in SITES}
    for site in SITES:
        world.approve(REVIEWER, site, "v1")
    _revoke_and_reinstate(world, versions[2])
    first = world.open_run(AGGREGATOR, "first", [1, 2])
    world.commit(1, first, 1, versions[1])
    world.commit(2, first, 1, versions[2])
    world.commit(2, first, 1, versions[2], "again")
    world.send(
        *(world.members[AGGREGATOR], "TrainingLedger", "addParticipants"),
        *(first, 1 << 3, digest("joins")),
    )
    unreleased = world.close(AGGREGATOR, first, 1, [1, 2])
    world.commit(1, first, 2, versions[1])
    world.commit(3, first, 2, versions[3])
    world.close(AGGREGATOR, first, 2, [1])
    world.send(world.members[3], "TrainingLedger", "dispute", first, 2, 2, digest("left out"))
    second = world.open_run(AGGREGATOR, "second", [1, 2, 3], parent=(first, 1))
    for site in (1, 3):
        world.commit(site, second, 1, versions[site])
    world.close(AGGREGATOR, second, 1, [1, 3])
    for site in SITES:
        world.commit(site, second, 2, versions[site])
    close_with(world, second, 2, model)
    evaluated = (second, 2, versions[1], digest("evaluated"))
    world.send(world.members[1], "TrainingLedger", "commitEvaluation", *evaluated)
    world.send(
        *(world.members[RELEASER], "ModelRegistry", "release"),
        *(second, 2, model, file, card, digest("released")),
    )
    return Told(first, second, versions, model, unreleased, file)


def _revoke_and_reinstate(world: World, version: bytes) -> None:
    steps = ((REVIEWER, "revoke"), (SECOND, "reinstate"), (THIRD, "reinstate"))
    for number, act in steps:
        member = world.members[number]
        world.send(member, "DatasetRegistry", act, version, 1, digest(f"{act} by {number}"))


def close_with(world: World, run: bytes, number: int, aggregate: bytes) -> None:
    """Close a round over all sites with this aggregate."""
    included = sum(1 << site for site in SITES)
    leaves = reader.read(world.client, reader.leaves_hash(run, number, included))
    world.send(
        *(world.members[AGGREGATOR], "TrainingLedger", "closeRound"),
        *(run, number, aggregate, included, leaves, digest("closed")),
    )


def revoke(world: World, told: Told) -> None:
    """A version that flowed in loses its standing."""
    member = world.members[REVIEWER]
    world.send(member, "DatasetRegistry", "revoke", told.versions[1], 4, digest("why"))


def withdraw(world: World, told: Told) -> None:
    """The release is taken back."""
    release = reader.read(world.client, reader.release_id(RELEASER, told.second, 2, told.file))
    member = world.members[RELEASER]
    world.send(member, "ModelRegistry", "withdraw", release, 1, digest("withdrawn"))
