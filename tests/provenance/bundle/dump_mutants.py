"""Writes mutants and what became of them, for another verifier to agree with.

    .venv/bin/python -m tests.provenance.bundle.dump_mutants FILE [CHANGES_OF_EACH_NODE]

One JSON object a line: `case`, `name`, `steps` (see mutants.py), `outcome`, and the `error` of a
refusal. Without arguments: the sample that is committed with the vectors.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.provenance.bundle.corpus import MUTATED, cases, document, mutants_of
from tests.provenance.bundle.make_vectors import HERE, answer
from tests.provenance.bundle.mutants import Mutant

SAMPLE = 40
LONGEST = 4096


def judged(name: str, mutant: Mutant) -> dict[str, Any]:
    """A mutant with its outcome."""
    found = answer(cases()[name], mutant.of(document(name)))
    found.pop("verdict", None)
    return {"case": name, "name": mutant.name, "steps": list(mutant.steps)} | found


def sample() -> Iterator[dict[str, Any]]:
    """A few small mutants of every case, always the same."""
    for name in MUTATED:
        small = [m for m in mutants_of(name, 10) if len(json.dumps(m.steps)) < LONGEST]
        for mutant in random.Random(7).sample(small, SAMPLE):
            yield judged(name, mutant)


def main() -> None:
    """Write the sample, or all mutants to a file."""
    if len(sys.argv) == 1:
        lines, target = sample(), HERE / "mutants.ndjson"
    else:
        each = int(sys.argv[2]) if len(sys.argv) > 2 else 10
        lines = (judged(name, m) for name in MUTATED for m in mutants_of(name, each))
        target = Path(sys.argv[1])
    with target.open("w", encoding="ascii") as file:
        for line in lines:
            file.write(json.dumps(line, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
