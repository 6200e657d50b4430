"""What happens after a release is in the facts, and each change is held against the state."""

from __future__ import annotations

import pytest

from dragon_ledger.chain.facts import facts_for, version_for
from dragon_ledger.errors import InputError
from dragon_ledger.records import NoteKind, Role, VersionFlag
from tests.chain.history import RELEASER, REVIEWER, tell_history
from tests.chain.world import RULES, World, digest, new_signer


def test_every_later_change_is_in_the_facts(world: World) -> None:
    aggregate = tell_history(world)
    before = facts_for(world.client, aggregate)
    version = next(one for one in before.versions if one.act.organisation == 3)
    release = before.releases[0]
    for number in (11, 12):
        world.add(number, Role.REVIEWER)
    why = digest("why")
    decide = ("DatasetRegistry",)
    world.send(world.members[3], *decide, "revoke", version.id, 4, why)
    for number in (11, 12):
        world.send(world.members[number], *decide, "reinstate", version.id, 7, why)
    world.send(world.members[REVIEWER], *decide, "revoke", version.id, 5, why)
    world.send(world.members[11], *decide, "reinstate", version.id, 7, why)
    world.send(world.members[3], *decide, "retire", version.id, 10, why)
    world.send(world.members[RELEASER], "ModelRegistry", "withdraw", release.id, 3, why)
    run = next(one for one in before.runs if one.parent_run is not None)
    world.send(world.members[20], "TrainingLedger", "abortRun", run.id, 1, why)
    world.send(world.admin, "Consortium", "suspend", 2, why)
    world.send(world.admin, "Consortium", "endRuleSet", RULES, 0, why)
    world.send(world.roots[1], "Consortium", "endAccount", world.members[1].address, 0, why)
    leaked = world.members[3].address
    world.send(world.roots[3], "Consortium", "markCompromised", leaked, 1_700_000_000, why)
    successor = new_signer()
    world.send(world.roots[3], "Consortium", "proposeRoot", 3, successor.address, why)
    world.send(successor, "Consortium", "acceptRoot", 3)

    after = facts_for(world.client, aggregate)
    found = next(one for one in after.versions if one.id == version.id)
    approved, revoked, reinstating = (
        VersionFlag.APPROVED,
        VersionFlag.REVOKED,
        VersionFlag.REINSTATING,
    )
    assert [one.flags for one in found.decisions] == [
        approved,
        approved | revoked,
        approved | revoked | reinstating,
        approved,
        approved | revoked,
        approved | revoked | reinstating,
        approved | revoked | reinstating | VersionFlag.RETIRED,
    ]
    assert found == version_for(world.client, version.id)
    assert after.releases[0].withdrawal is not None
    assert after.releases[0].withdrawal.reason == 3
    aborted = next(one for one in after.runs if one.id == run.id)
    assert [note.kind for note in aborted.notes] == [NoteKind.ABORTED]
    organisations = {one.number: one for one in after.organisations}
    assert organisations[2].suspended
    assert organisations[3].root == successor.address
    accounts = {one.address: one for one in after.accounts}
    assert accounts[leaked].compromised_since == 1_700_000_000
    assert accounts[leaked].to is not None
    assert accounts[world.members[1].address].to is not None
    assert after.rule_sets[0].valid_to is not None


def test_a_version_that_is_not_there_is_said(empty_world: World) -> None:
    with pytest.raises(InputError, match="no dataset version has the id"):
        version_for(empty_world.client, digest("nothing"))


def test_participants_who_join_later_are_in_the_rounds_from_then_on(world: World) -> None:
    versions = {site: world.register(site, "v1") for site in (1, 2)}
    for site in versions:
        world.approve(REVIEWER, site, "v1")
    run = world.open_run(20, "growing", [1])
    world.commit(1, run, 1, versions[1])
    world.send(world.members[20], "TrainingLedger", "addParticipants", run, 1 << 2, digest("j"))
    world.close(20, run, 1, [1])
    world.commit(2, run, 2, versions[2])
    aggregate = world.close(20, run, 2, [2])
    (found,) = facts_for(world.client, aggregate).runs
    assert [closed.participants for closed in found.rounds] == [{1}, {1, 2}]
    assert found.participants == {1}
    assert [note.kind for note in found.notes] == [NoteKind.PARTICIPANTS_ADDED]
