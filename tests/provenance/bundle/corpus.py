"""The cases of tests/vectors/evidence-bundle, and what a mutant of one of them may say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import rlp

from tests.provenance.bundle.make_vectors import HERE, answer
from tests.provenance.bundle.mutants import Mutant, mutants

Json = dict[str, Any]
MUTATED = (
    *("valid", "moved-validators", "attached", "single-operator", "checkpoint-accepted"),
    *("by-file-digest", "never-released", "never-released-aggregate", "revoked", "withdrawn"),
)
# What an error may start with: the part that it names.
PARTS = re.compile(
    "bundle|format|chain|contracts?|settings|digests|headers?|extraData|block|nodes?|proof|accounts?"
    "|runs?|versions?|attachments|release|organisation|Consortium|DatasetRegistry|TrainingLedger"
    "|ModelRegistry"
)


@cache
def cases() -> dict[str, Json]:
    """Every case by name."""
    document = json.loads((HERE / "cases.json").read_text())
    return {str(case["name"]): case for case in document["cases"]}


@cache
def document(name: str) -> Json:
    """The parsed bundle of a case."""
    loaded: Json = json.loads((HERE / cases()[name]["bundle"]).read_bytes())
    return loaded


def mutants_of(name: str, bytes_each: int) -> Iterator[Mutant]:
    """All mutants of a case's bundle."""
    foreign = [document(other) for other in MUTATED if document(other) != document(name)]
    seed = sum(name.encode())
    return mutants(document(name), foreign, seed, bytes_each)


def core(verdict: Json) -> Json:
    """A verdict without who sealed which block of this state, and for whom: others may have."""
    kept: Json = json.loads(json.dumps(verdict))
    for name in ("seals", "block_hash", "network_file"):
        kept["as_of"].pop(name)
    kept["checks"] = [check for check in kept["checks"] if check["id"] != "state.sealed"]
    for check in verdict["checks"]:
        if check["id"] == "state.sealed":
            kept["sealed"] = check["outcome"]
    return kept


def state_of(bundle: Json) -> str:
    """The state root in a bundle's last header."""
    root: bytes = rlp.decode(bytes.fromhex(bundle["headers"][-1]))[3]
    return root.hex()


@cache
def genuine() -> dict[str, list[Json]]:
    """What true bundles say, by the state root that they prove it from."""
    found: dict[str, list[Json]] = {}
    for name, case in cases().items():
        verdict = answer(case).get("verdict")
        if verdict is not None:
            found.setdefault(state_of(document(name)), []).append(verdict)
    return found


def judge_mutant(case: Json, data: bytes) -> str:
    """What became of a mutant: its outcome; AssertionError when it deceives.

    A mutant may be accepted when it says of its state what a true bundle says of it. Where nobody
    sealed and no checkpoint is accepted, a header may say any number and time: never valid.
    """
    found = answer(case, data)
    if found["outcome"] == "refused":
        assert PARTS.match(found["error"]), found["error"]
    elif found["outcome"] != "not covered":
        verdict = found["verdict"]
        true = [core(one) for one in genuine().get(state_of(json.loads(data)), ())]
        said = core(verdict)
        for one in (said, *true):
            one.pop("judged_at")
        if not _sealed_or_accepted(verdict):
            assert verdict["answer"] != "valid", verdict["summary"]
            return str(found["outcome"])
        assert said in true, f"says {verdict['answer']}: {verdict['summary']}"
    return str(found["outcome"])


def _sealed_or_accepted(verdict: Json) -> bool:
    kinds = [notice["kind"] for notice in verdict["notices"]]
    return verdict["as_of"]["seals"]["verified"] is True or "CHECKPOINT_ACCEPTED" in kinds
