"""Throughput of the HDF5 content digest beside plain SHA-256 and model-signing.

    .venv/bin/python scripts/bench/digest_throughput.py [--size GIB] [--rounds N]
        [--model-signing PYTHON]

Writes one contiguous float32 dataset, then measures everything in turn, round after round, so that
a busy machine hurts all alike; prints medians and the ratios within each round. model-signing is
no dependency of ours: give a Python that has it (`python -m venv V; V/bin/pip install
model-signing==1.1.1 pyopenssl`, then `--model-signing V/bin/python`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import h5py
import numpy as np

from dragon_ledger.digests.file import file_digest
from dragon_ledger.digests.hdf5 import Hdf5Worker, Limits, hdf5_content_digest
from dragon_ledger.digests.hdf5.blocks import usable_cores
from dragon_ledger.digests.hdf5.content import content_tree

GIB = 2**30
IN_MEMORY = 2**28
PIECE = 2**24

PEER = """
import sys, time
from model_signing import hashing
path = sys.argv[1]
methods = {"file": hashing.Config().use_file_serialization(hashing_algorithm="sha256")}
for megabytes in (16, 64, 256):
    methods[f"shards of {megabytes} MB"] = hashing.Config().use_shard_serialization(
        hashing_algorithm="sha256", shard_size=megabytes * 10**6
    )
for line in sys.stdin:
    method = methods[line.strip()]
    start = time.perf_counter()
    method.hash(path)
    print(time.perf_counter() - start, flush=True)
"""
PEER_METHODS = ("file", "shards of 16 MB", "shards of 64 MB", "shards of 256 MB")

SINGLE_PROCESSOR = "per CPU second: SHA-256 of memory"
OURS_PROCESSOR = "per CPU second: content digest"
"""What is done in one second of one core, however busy the machine is."""

Measure = Callable[[], float]
"""Gives bytes per second."""


def write_model(path: Path, size: int) -> None:
    dice = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("w", (size // 4,), "<f4")
        for at in range(0, size // 4, PIECE):
            dataset[at : at + PIECE] = dice.standard_normal(PIECE, dtype=np.float32)


def timed(
    work: Callable[[], object], size: int, clock: Callable[[], float] = time.perf_counter
) -> Measure:
    def measure() -> float:
        start = clock()
        work()
        return size / (clock() - start)

    return measure


def has_peer(python: str) -> bool:
    return subprocess.run([python, "-c", "import model_signing"], check=False).returncode == 0


@contextmanager
def peer(python: str, path: Path, size: int) -> Iterator[dict[str, Measure]]:
    """Measures of model-signing's SHA-256 methods; none when that Python does not have it."""
    process = subprocess.Popen(
        [python, "-c", PEER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def measure(method: str) -> Measure:
        def run() -> float:
            assert process.stdin, "asked for as a pipe"  # noqa: S101 - tells the type checker
            assert process.stdout, "asked for as a pipe"  # noqa: S101 - tells the type checker
            process.stdin.write(method + "\n")
            process.stdin.flush()
            return size / float(process.stdout.readline())

        return run

    try:
        yield {f"model-signing, {method}": measure(method) for method in PEER_METHODS}
    finally:
        process.communicate()


def measures(path: Path, size: int, worker: Hdf5Worker) -> dict[str, Measure]:
    memory = memoryview(bytes(IN_MEMORY))
    return {
        "SHA-256 of memory, one core": timed(lambda: hashlib.sha256(memory).digest(), IN_MEMORY),
        "file digest": timed(lambda: file_digest(path), size),
        "content digest, worker kept": timed(lambda: worker.digest(path), size),
        "content digest, new worker": timed(lambda: hdf5_content_digest(path), size),
        "content digest, this process": timed(lambda: content_tree(path, Limits()), size),
        SINGLE_PROCESSOR: timed(
            lambda: hashlib.sha256(memory).digest(), IN_MEMORY, time.process_time
        ),
        OURS_PROCESSOR: timed(lambda: content_tree(path, Limits()), size, time.process_time),
    }


def report(rounds: list[dict[str, float]]) -> None:
    cores = usable_cores()
    print(f"\n{platform.processor() or platform.machine()}, {cores} cores, {len(rounds)} rounds")
    print(f"load average {os.getloadavg()[0]:.1f}; medians, GB/s (10^9), and their range")
    for name in rounds[0]:
        speeds = sorted(one[name] / 1e9 for one in rounds)
        print(f"  {name:34} {median(speeds):6.2f}   {speeds[0]:.2f} .. {speeds[-1]:.2f}")
    peers = [name for name in rounds[0] if name.startswith("model-signing")]
    for ours in ("content digest, worker kept", "content digest, new worker"):
        single = [one[ours] / one["SHA-256 of memory, one core"] / cores for one in rounds]
        print(f"{ours}: {median(single):.0%} of {cores} x one core (best {max(single):.0%})")
        if peers:
            ratios = [one[ours] / max(one[name] for name in peers) for one in rounds]
            print(
                f"{ours}: {median(ratios):.2f} x model-signing's fastest (worst {min(ratios):.2f})"
            )

    efficiency = [one[OURS_PROCESSOR] / one[SINGLE_PROCESSOR] for one in rounds]
    print(
        f"processor time: {median(efficiency):.0%} of it is SHA-256 (worst {min(efficiency):.0%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=float, default=2, help="GiB of weights (default 2)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--model-signing", metavar="PYTHON", help="a Python that has it")
    parser.add_argument("--json", action="store_true", help="print the rounds as JSON, too")
    arguments = parser.parse_args()
    size = int(arguments.size * GIB) // PIECE // 4 * PIECE * 4
    with tempfile.TemporaryDirectory() as folder, Hdf5Worker() as worker:
        path = Path(folder) / "model.h5"
        write_model(path, size)
        rounds = run(path, size, worker, arguments.rounds, arguments.model_signing)
    report(rounds)
    if arguments.json:
        print(json.dumps(rounds))


def run(
    path: Path, size: int, worker: Hdf5Worker, count: int, python: str | None
) -> list[dict[str, float]]:
    ours = measures(path, size, worker)
    if python is None or not has_peer(python):
        print("model-signing: not measured; give --model-signing a Python that has it")
        return _rounds(ours, count)
    with peer(python, path, size) as theirs:
        return _rounds(ours | theirs, count)


def _rounds(all_measures: dict[str, Measure], count: int) -> list[dict[str, float]]:
    for measure in all_measures.values():
        measure()  # the first run reads the disk and starts processes
    return [{name: measure() for name, measure in all_measures.items()} for _ in range(count)]


if __name__ == "__main__":
    main()
