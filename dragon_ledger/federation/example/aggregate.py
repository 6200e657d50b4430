"""Averages at the coordinating centre: `python -m dragon_ledger.federation.example.aggregate`."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from dragon_ledger.federation.example.files import POLL_SECONDS, wait_for, write_json
from dragon_ledger.federation.recompute import WeightedUpdate, weighted_average

CODE_VERSION = "example-average-1"


def main() -> None:
    """Average round after round: wait for enough updates, and a little longer for late ones."""
    options = _options()
    first = options.round or 1
    for number in range(first, (options.round or options.rounds) + 1):
        average(options, number)


def average(options: argparse.Namespace, number: int) -> None:
    """One round: the average first, the statement last."""
    updates = _gather(options, number)
    folder = options.drop / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / ".aggregate.h5.part"
    part.unlink(missing_ok=True)
    weighted_average(updates, part)
    part.replace(folder / "aggregate.h5")
    statement = {
        "included": sorted(updates),
        "metrics": {"weight": sum(update.weight for update in updates.values())},
        "code_version": CODE_VERSION,
    }
    write_json(folder / "statement.json", statement)
    print(f"round {number}: averaged sites {sorted(updates)}", flush=True)  # noqa: T201 (this is a command)


def _gather(options: argparse.Namespace, number: int) -> dict[int, WeightedUpdate]:
    ready = options.ready / str(number)
    wait_for(lambda: len(_found(ready)) >= options.minimum, str(ready), options.patience)
    deadline = time.monotonic() + options.grace
    while len(_found(ready)) < options.expected and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    incoming = options.incoming / str(number)
    return {
        site: WeightedUpdate(path, json.loads((incoming / f"{site}.json").read_text())["weight"])
        for site, path in _found(ready).items()
    }


def _found(folder: Path) -> dict[int, Path]:
    return {int(path.stem): path for path in folder.glob("[0-9]*.h5")}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ready", type=Path, required=True, help="updates that may be used")
    parser.add_argument("--incoming", type=Path, required=True, help="where sites' weights are")
    parser.add_argument("--drop", type=Path, required=True, help="the run's drop folder")
    parser.add_argument("--minimum", type=int, required=True, help="updates to wait for")
    parser.add_argument("--expected", type=int, default=0, help="more than these never come")
    parser.add_argument("--grace", type=float, default=2.0, help="seconds for late updates")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--round", type=int, default=0, help="only this round")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds to wait for updates")
    return parser.parse_args()


if __name__ == "__main__":
    main()
