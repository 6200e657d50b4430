"""Averages: exact against rational arithmetic, whatever order the replies came in."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
import pytest

from dragon_ledger.digests.hdf5 import Hdf5Worker
from dragon_ledger.errors import InputError
from dragon_ledger.federation.recompute import WeightedUpdate, recompute, weighted_average

WEIGHTS = {3: 1.0, 1: 7.0, 200: 0.25}


def write(path: Path, seed: int, *, steps: int = 4, shape: tuple[int, ...] = (5, 3)) -> Path:
    random = np.random.default_rng(seed)
    with h5py.File(path, "w") as file:
        file.attrs["backend"] = "numpy"
        file["layer/kernel"] = random.normal(size=shape).astype(np.float32)
        file["layer/bias"] = random.normal(scale=1e8, size=3)
        file["steps"] = np.int64(steps)
    return path


@pytest.fixture
def updates(tmp_path: Path) -> dict[int, WeightedUpdate]:
    return {
        number: WeightedUpdate(write(tmp_path / f"{number}.h5", number), weight)
        for number, weight in WEIGHTS.items()
    }


def test_every_value_is_the_weighted_mean(
    updates: dict[int, WeightedUpdate], tmp_path: Path
) -> None:
    weighted_average(updates, tmp_path / "out.h5")
    total = sum(Fraction(weight) for weight in WEIGHTS.values())
    with h5py.File(tmp_path / "out.h5") as out:
        assert out.attrs["backend"] == "numpy"
        assert out["steps"][()] == 4
        for name in ("layer/kernel", "layer/bias"):
            found = out[name][...].ravel()
            sources = {}
            for number, update in updates.items():
                with h5py.File(update.path) as file:
                    sources[number] = file[name][...].ravel()
            for place, value in enumerate(found):
                exact = sum(
                    Fraction(WEIGHTS[number]) * Fraction(float(values[place]))
                    for number, values in sources.items()
                )
                assert float(value) == pytest.approx(float(exact / total), rel=1e-6)


def test_the_digest_does_not_depend_on_the_order_of_the_replies(
    updates: dict[int, WeightedUpdate], tmp_path: Path
) -> None:
    digests = set()
    with Hdf5Worker() as worker:
        for place, order in enumerate(itertools.permutations(updates)):
            target = tmp_path / f"out{place}.h5"
            weighted_average({number: updates[number] for number in order}, target)
            digests.add(worker.digest(target))
    assert len(digests) == 1


def test_other_weights_give_another_aggregate(
    updates: dict[int, WeightedUpdate], tmp_path: Path
) -> None:
    weighted_average(updates, tmp_path / "a.h5")
    heavier = {**updates, 1: WeightedUpdate(updates[1].path, 7.5)}
    weighted_average(heavier, tmp_path / "b.h5")
    with Hdf5Worker() as worker:
        assert worker.digest(tmp_path / "a.h5") != worker.digest(tmp_path / "b.h5")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"steps": 5}, "differs between updates"), ({"shape": (5, 4)}, "not the shape")],
)
def test_updates_that_differ_in_more_than_values_are_refused(
    updates: dict[int, WeightedUpdate], tmp_path: Path, change: dict[str, int], words: str
) -> None:
    write(updates[200].path, 200, **change)  # type: ignore[arg-type]  # one of the two names
    with pytest.raises(InputError, match=words):
        weighted_average(updates, tmp_path / "out.h5")


def test_an_update_with_one_dataset_more_is_refused(
    updates: dict[int, WeightedUpdate], tmp_path: Path
) -> None:
    with h5py.File(updates[3].path, "a") as file:
        file["more"] = 1.0
    with pytest.raises(InputError, match="other datasets"):
        weighted_average(updates, tmp_path / "out.h5")


@pytest.mark.slow
def test_garbage_is_refused_in_a_process_of_its_own(
    updates: dict[int, WeightedUpdate], tmp_path: Path
) -> None:
    recompute(updates, tmp_path / "fine.h5")
    weighted_average(updates, tmp_path / "same.h5")
    with Hdf5Worker() as worker:
        assert worker.digest(tmp_path / "fine.h5") == worker.digest(tmp_path / "same.h5")
    updates[3].path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000))
    with pytest.raises(InputError, match="cannot be read"):
        recompute(updates, tmp_path / "out.h5")


def test_weights_that_sum_to_nothing_are_refused(
    updates: dict[int, WeightedUpdate], tmp_path: Path
) -> None:
    empty = {number: WeightedUpdate(update.path, 0.0) for number, update in updates.items()}
    for wrong in ({}, empty):
        with pytest.raises(InputError, match="weight"):
            weighted_average(wrong, tmp_path / "out.h5")


PARENT = """
import sys
from pathlib import Path
from dragon_ledger.federation.recompute import WeightedUpdate, recompute
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    recompute({n: WeightedUpdate(folder / "big.h5", 1.0) for n in range(8)}, folder / "out.h5")
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads children from /proc")
def test_its_process_ends_with_a_killed_agent(tmp_path: Path) -> None:
    write(tmp_path / "big.h5", 1, shape=(2000, 2000))
    program = tmp_path / "parent.py"
    program.write_text(PARENT)
    with subprocess.Popen([sys.executable, program, tmp_path]) as parent:
        wait_until((tmp_path / "out.h5").exists)
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        parent.kill()
    assert children
    wait_until(lambda: not any(map(runs, children)))


def runs(process: str) -> bool:
    """A process that ended and that nobody has waited for has no command line any more."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "waited for a minute"
        time.sleep(0.005)
