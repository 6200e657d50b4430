"""Trains at a hospital: `python -m dragon_ledger.federation.example.site --help`."""

from __future__ import annotations

import argparse
from pathlib import Path

from dragon_ledger.federation.example.features import Samples, read_samples
from dragon_ledger.federation.example.files import copy_whole, wait_for, write_json
from dragon_ledger.federation.example.model import train

CODE_VERSION = "example-logistic-1"


def main() -> None:
    """Train round after round: wait for the global model, train, hand over."""
    options = _options()
    samples = read_samples(options.view)
    first = options.round or 1
    for number in range(first, (options.round or options.rounds) + 1):
        take_part(options, samples, number)


def take_part(options: argparse.Namespace, samples: Samples, number: int) -> None:
    """One round: everything under other names first, the statement last."""
    model = options.global_models / str(number - 1) / "model.h5"
    wait_for(model.exists, str(model), options.patience)
    folder = options.drop / str(number)
    copy_whole(model, folder / "base.h5")
    part = folder / ".update.h5.part"
    metrics = train(folder / "base.h5", part, samples, options.steps, options.rate)
    part.replace(folder / "update.h5")
    weight = len(samples.labels)
    incoming = options.incoming / str(number)
    write_json(incoming / f"{options.organisation}.json", {"weight": weight})
    copy_whole(folder / "update.h5", incoming / f"{options.organisation}.h5")
    statement = {
        "dataset_version": options.view.name,
        "weight": weight,
        "metrics": metrics,
        "digested": "plain",
        "code_version": CODE_VERSION,
    }
    write_json(folder / "statement.json", statement)
    print(f"round {number}: {weight} subjects, loss {metrics['loss']:.4f}", flush=True)  # noqa: T201 (this is a command)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--view", type=Path, required=True, help="read-only view of the version")
    parser.add_argument("--drop", type=Path, required=True, help="the run's drop folder")
    parser.add_argument("--global", dest="global_models", type=Path, required=True)
    parser.add_argument("--incoming", type=Path, required=True, help="where updates are sent")
    parser.add_argument("--organisation", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--round", type=int, default=0, help="only this round")
    parser.add_argument("--steps", type=int, default=200, help="gradient steps in a round")
    parser.add_argument("--rate", type=float, default=0.5)
    parser.add_argument("--patience", type=float, default=300.0, help="seconds to wait for a model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
