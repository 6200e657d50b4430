"""One hospital, one round, one release on a live node: the thinnest thread."""

from __future__ import annotations

from typing import Any

ZERO = bytes(32)
SITE, REVIEWER, AGGREGATOR, RELEASER = 1, 2, 4, 8
VALID, NOT_VALID = 2, 3


def test_a_release_falls_with_its_only_input(chain: Any, digest: Any) -> None:
    for number, (roles, label) in enumerate(
        [
            (SITE, "hospital"),
            (REVIEWER, "reviewer"),
            (AGGREGATOR, "centre"),
            (RELEASER, "authority"),
        ]
    ):
        chain.admit(number, roles, label)
    rules, purpose = digest("rules"), digest("purpose")
    consortium = chain.contracts["Consortium"].functions
    chain.send(chain.admin, consortium.acceptRuleSet(rules, 2, 0, 0, digest("rules statement")))
    registration = (
        digest("commitment"),
        ZERO,
        digest("qc"),
        digest("ethics"),
        rules,
        purpose,
        digest("statement"),
        2_000_000_000,
        2,
        True,
    )
    chain.act("hospital", "DatasetRegistry", "register", registration)
    version = chain.read("DatasetRegistry", "versionId", 0, digest("commitment"))
    chain.act("reviewer", "DatasetRegistry", "approve", version, digest("qc"), rules, digest("a"))
    opening = (digest("plan"), purpose, 1, digest("model 0"), ZERO, ZERO, digest("opening"), 0, 2)
    chain.act("centre", "TrainingLedger", "openRun", opening)
    run = chain.read("TrainingLedger", "runId", 2, digest("plan"), digest("opening"))
    chain.act(
        "hospital",
        "TrainingLedger",
        "commitUpdate",
        run,
        1,
        digest("update"),
        digest("model 0"),
        version,
        digest("metrics"),
        ZERO,
    )
    leaves = chain.read("TrainingLedger", "leavesHash", run, 1, 1)
    chain.act(
        "centre",
        "TrainingLedger",
        "closeRound",
        run,
        1,
        digest("model 1"),
        1,
        leaves,
        digest("closing"),
    )
    chain.act(
        "authority",
        "ModelRegistry",
        "release",
        run,
        1,
        digest("model 1"),
        digest("file"),
        digest("card"),
        digest("release"),
    )
    assert chain.read("ModelRegistry", "status", digest("file"))[0] == VALID
    chain.act("hospital", "DatasetRegistry", "revoke", version, 7, digest("error"))
    assert chain.read("ModelRegistry", "status", digest("model 1"))[0] == NOT_VALID
    assert chain.read("ModelRegistry", "status", digest("file"))[2] == 1
