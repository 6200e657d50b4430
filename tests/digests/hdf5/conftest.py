from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import pytest

from dragon_ledger.digests.hdf5 import Hdf5Worker, Limits
from dragon_ledger.digests.hdf5.content import content_tree

Fill = Callable[[h5py.File], object]
DigestOf = Callable[..., str]


@pytest.fixture
def digest_of(tmp_path: Path) -> DigestOf:
    """Write a file with a function and give its content digest, read in this process."""
    count = 0

    def digest(fill: Fill, **options: object) -> str:
        nonlocal count
        count += 1
        path = tmp_path / f"{count}.h5"
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return content_tree(path, Limits()).digest().hex()

    return digest


@pytest.fixture(scope="module")
def worker() -> Iterator[Hdf5Worker]:
    with Hdf5Worker() as shared:
        yield shared
