"""A small consortium and a history with everything in it that facts can hold."""

from __future__ import annotations

from dragon_ledger.records import Role
from tests.chain.world import World, digest

SITES = (1, 2, 3)
REVIEWER, AGGREGATOR, RELEASER = 10, 20, 30


def populate(world: World) -> World:
    """Three sites, a reviewer, an aggregator, a releaser, and accepted rules."""
    for number in SITES:
        world.add(number, Role.SITE)
    world.add(REVIEWER, Role.REVIEWER)
    world.add(AGGREGATOR, Role.AGGREGATOR)
    world.add(RELEASER, Role.RELEASER)
    world.accept_rules()
    return world


def tell_history(world: World) -> bytes:
    """Two rounds with a replaced update and an absence, a forked run, and a release of it.

    Returns the released aggregate.
    """
    versions = {site: world.register(site, "v1") for site in SITES}
    for site in SITES:
        world.approve(REVIEWER, site, "v1")
    first = world.open_run(AGGREGATOR, "first", [1, 2, 3])
    for site in SITES:
        world.commit(site, first, 1, versions[site])
    world.commit(2, first, 1, versions[2], "again")
    world.close(AGGREGATOR, first, 1, [1, 2])
    world.commit(1, first, 2, versions[1])
    world.close(AGGREGATOR, first, 2, [1])
    world.send(world.members[3], "TrainingLedger", "dispute", first, 1, 2, digest("left out"))
    second = world.open_run(AGGREGATOR, "second", [2, 3], parent=(first, 1))
    world.commit(3, second, 1, versions[3])
    aggregate = world.close(AGGREGATOR, second, 1, [3])
    world.release(RELEASER, second, 1)
    world.commit(2, second, 2, versions[2], "still open")
    return aggregate
