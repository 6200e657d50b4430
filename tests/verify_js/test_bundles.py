"""The JavaScript verifier says of every bundle and every mutant what the Python says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.provenance.bundle.corpus import MUTATED, mutants_of
from tests.provenance.bundle.dump_mutants import judged
from tests.provenance.bundle.mutants import apply
from tests.verify_js.verifier import ROOT, VECTORS, Json, ask, cases, gist, question

pytestmark = pytest.mark.slow

SCHEMA = json.loads((ROOT / "docs" / "spec" / "verdict" / "verdict.schema.json").read_text())


def bundle_of(case: Json) -> bytes:
    bundle: Path = VECTORS / case["bundle"]
    return bundle.read_bytes()


@pytest.mark.parametrize("name", cases())
def test_a_case_has_the_expected_outcome_and_verdict(name: str) -> None:
    case = cases()[name]
    [found] = ask([question(case, bundle_of(case))])
    assert found["outcome"] == case["outcome"], found.get("error")
    if "verdict" in case:
        expected = json.loads((VECTORS / case["verdict"]).read_text())
        assert gist(found["verdict"]) == gist(expected)


def agree(mutants: list[Json]) -> None:
    """Both verifiers give every mutant the same outcome; none crashes either."""
    named = cases()
    documents = {name: json.loads(bundle_of(named[name])) for name in {m["case"] for m in mutants}}
    found = ask(
        question(named[m["case"]], apply(documents[m["case"]], m["steps"])) for m in mutants
    )
    other = [
        (mutant["case"], mutant["name"], mutant["outcome"], mutant.get("error"), mine.get("error"))
        for mutant, mine in zip(mutants, found, strict=True)
        if mutant["outcome"] != mine["outcome"]
    ]
    assert other == []
    assert all(one["part"] for one in found if one["outcome"] == "refused")


def test_the_sample_of_mutants() -> None:
    lines = (VECTORS / "mutants.ndjson").read_text().splitlines()
    agree([json.loads(line) for line in lines])


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", MUTATED)
def test_every_mutant(name: str) -> None:
    every = [judged(name, mutant) for mutant in mutants_of(name, 40)]
    agree(every)
    assert len(every) > 1_000


def test_a_header_that_is_given_twice_is_refused() -> None:
    """Trust moves to later blocks only, and equal evidence has equal bytes."""
    case = cases()["valid"]
    document = json.loads(bundle_of(case))
    doubled = [
        {"op": "insert", "path": ["headers", 0], "value": document["headers"][-1]},
    ]
    [found] = ask([question(case, apply(document, doubled))])
    assert found["error"] == "header 66: not later than block 66, which is trusted"


@pytest.mark.parametrize("name", [name for name, case in cases().items() if "verdict" in case])
def test_a_verdict_has_the_published_form(name: str) -> None:
    case = cases()[name]
    [found] = ask([question(case, bundle_of(case))])
    jsonschema.validate(found["verdict"], SCHEMA)
