"""No changed bundle says anything that the facts do not deserve; every refusal names its part."""

from __future__ import annotations

import random

import pytest

from tests.provenance.bundle.corpus import MUTATED, cases, document, judge_mutant, mutants_of

SAMPLE = 100
EACH = 10  # changed bytes of every trie node; four times as many of every header


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATED)
def test_a_sample_of_mutants(name: str) -> None:
    every = list(mutants_of(name, EACH))
    outcomes = [
        judge_mutant(cases()[name], mutant.of(document(name)))
        for mutant in random.Random(5).sample(every, SAMPLE)
    ]
    assert outcomes.count("refused") > SAMPLE * 3 // 4


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", MUTATED)
def test_every_mutant(name: str) -> None:
    every = list(mutants_of(name, EACH))
    for mutant in every:
        judge_mutant(cases()[name], mutant.of(document(name)))
    assert len(every) > 1_000


@pytest.mark.slow
def test_there_are_enough_mutants() -> None:
    assert sum(len(list(mutants_of(name, EACH))) for name in MUTATED) > 20_000
