"""Computes an aggregate again from its updates: rule `weighted-average/1`.

Every floating-point dataset of the aggregate is sum(w_i * x_i) / sum(w_i), computed in float64 by
ascending organisation number and rounded once to the dataset's own type. Everything else (names,
shapes, types, attributes, other datasets) must be the same in all updates and is taken over. So the
result has one content digest, in whatever order replies arrived (docs/spec/model-mapping.md).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import h5py
import numpy as np
import numpy.typing as npt

from dragon_ledger.errors import InputError


@dataclass(frozen=True, slots=True)
class WeightedUpdate:
    """An update file and what its values are multiplied with."""

    path: Path
    weight: float


def weighted_average(updates: Mapping[int, WeightedUpdate], target: Path) -> None:
    """Write the aggregate of updates, given by organisation number.

    Raises:
        InputError: no update, a weight sum of zero, or updates that differ in more than values.
    """
    ordered = [updates[number] for number in sorted(updates)]
    total = float(sum(update.weight for update in ordered))
    if total <= 0:
        raise InputError("weighted average: needs at least one update with a weight above 0")
    _require_same_names(ordered)
    with h5py.File(target, "w") as out, h5py.File(ordered[0].path, "r") as first:
        for name, value in first.attrs.items():
            out.attrs[name] = value
        for name in first:
            first.copy(name, out)
        for name in dataset_names(first):
            if out[name].dtype.kind == "f":
                out[name][...] = _average(ordered, name, out[name], total)
            else:
                _require_equal(ordered, name, first[name][...])


def dataset_names(file: h5py.File) -> list[str]:
    """Paths of all datasets of a file, sorted."""
    names: list[str] = []
    file.visititems(
        lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
    )
    return sorted(names)


def recompute(updates: Mapping[int, WeightedUpdate], target: Path) -> None:
    """`weighted_average` in a process of its own, which a hostile update may crash.

    Raises:
        InputError: as `weighted_average`, or reading an update ended the process.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            pool.submit(weighted_average, updates, target).result()
        except BrokenProcessPool as error:
            names = ", ".join(str(number) for number in sorted(updates))
            raise InputError(f"an update of organisations {names} ends its reader") from error
        except OSError as error:
            raise InputError(f"an update cannot be read: {error}") from error


def _end_with_parent() -> None:
    """Let this process not outlive a killed agent: its pool would wait for work for ever."""
    Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _require_same_names(updates: Sequence[WeightedUpdate]) -> None:
    expected: list[str] | None = None
    for update in updates:
        with h5py.File(update.path, "r") as file:
            found = dataset_names(file)
        if expected is not None and found != expected:
            raise InputError(f"{update.path}: holds other datasets than the other updates")
        expected = found


def _average(
    updates: Sequence[WeightedUpdate], name: str, like: h5py.Dataset, total: float
) -> npt.NDArray[np.float64]:
    value = np.zeros(like.shape, dtype=np.float64)
    for update in updates:
        with h5py.File(update.path, "r") as file:
            found = file.get(name)
            if not isinstance(found, h5py.Dataset) or found.shape != like.shape:
                raise InputError(
                    f"{update.path}: {name}: not the shape that the other updates have"
                )
            value += update.weight * found[...].astype(np.float64)
    return value / total


def _require_equal(
    updates: Sequence[WeightedUpdate], name: str, expected: npt.NDArray[np.generic]
) -> None:
    for update in updates:
        with h5py.File(update.path, "r") as file:
            found = file.get(name)
            if not isinstance(found, h5py.Dataset) or not np.array_equal(found[...], expected):
                raise InputError(
                    f"{update.path}: {name}: is no floating-point dataset and differs between"
                    " updates; rule weighted-average/1 cannot average it"
                )
