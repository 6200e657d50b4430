"""Writes the initial model of a seed: `python -m dragon_ledger.federation.example.initial`."""

from __future__ import annotations

import argparse
from pathlib import Path

from dragon_ledger.federation.example.model import seeded


def main() -> None:
    """Write the model; anyone who knows the seed can do the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    seeded(options.output, options.seed)


if __name__ == "__main__":
    main()
