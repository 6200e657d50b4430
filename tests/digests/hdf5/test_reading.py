"""Large data: the same digest by every way of reading, within the memory that is promised."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dragon_ledger.digests.hdf5 import Hdf5Worker, Limits, merkle
from dragon_ledger.digests.hdf5.content import content_tree
from dragon_ledger.digests.hdf5.entries import parse_entry
from dragon_ledger.errors import StorageError
from tests.digests.hdf5.conftest import DigestOf

MIB = 2**20
ROWS, COLUMNS = 2**12, 3 * 2**10
VALUES = np.random.default_rng(5).integers(0, 50, (ROWS, COLUMNS), dtype="<i4")  # 48 MiB
LARGEST_CHUNK = Limits().filtered_chunk // 4
LAYOUTS: list[tuple[str, dict[str, Any]]] = [
    ("rows", {"chunks": (2, COLUMNS), "compression": "gzip", "compression_opts": 1}),
    ("columns", {"chunks": (ROWS, 3), "compression": "lzf"}),
    ("tiles", {"chunks": (100, 100), "compression": "lzf", "shuffle": True}),
    ("one chunk", {"chunks": (ROWS, COLUMNS), "compression": "lzf"}),
    ("no filter", {"chunks": (ROWS, 3)}),
    ("checksum", {"chunks": (512, 512), "fletcher32": True}),
]


@pytest.fixture(scope="module")
def contiguous(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("large") / "file.h5"
    with h5py.File(path, "w") as file:
        file["d"] = VALUES
    tree = content_tree(path, Limits(), wanted=b"/d")
    assert tree.wanted
    assert parse_entry(tree.wanted[1]).data == merkle.data_root(VALUES.tobytes())
    return tree.digest()


@pytest.mark.slow
@pytest.mark.parametrize(("about", "options"), LAYOUTS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_layouts_of_large_data(
    digest_of: DigestOf, contiguous: bytes, about: str, options: dict[str, Any], order: str
) -> None:
    ordered = VALUES.astype(order + "i4")
    assert about
    assert digest_of(lambda f: f.create_dataset("d", data=ordered, **options)) == contiguous.hex()


def test_columns_are_unpacked_once_and_put_into_order_on_disk(
    digest_of: DigestOf, contiguous: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve, sizes = os.posix_fallocate, []

    def spy(descriptor: int, start: int, size: int) -> None:
        sizes.append(size)
        reserve(descriptor, start, size)

    monkeypatch.setattr(os, "posix_fallocate", spy)
    options = {"chunks": (ROWS, 3), "compression": "lzf"}
    assert digest_of(lambda f: f.create_dataset("d", data=VALUES, **options)) == contiguous.hex()
    assert sizes == [VALUES.nbytes]


def test_a_full_disk_is_an_error(digest_of: DigestOf, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _start: int, _size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    options = {"chunks": (ROWS, 3), "compression": "lzf"}
    with pytest.raises(StorageError, match="/d: needs 50331648 bytes of temporary disk space"):
        digest_of(lambda f: f.create_dataset("d", data=VALUES, **options))


def test_large_big_endian_and_padded_from_the_map(digest_of: DigestOf) -> None:
    packed, padded = np.dtype([("a", "i1"), ("b", "<f8")]), np.dtype([("a", "i1"), ("b", ">f8")])
    table = np.zeros(10**6, dtype=packed)
    table["a"], table["b"] = np.arange(10**6) % 100, np.arange(10**6)
    other = np.zeros(10**6, dtype=np.dtype(padded.descr, align=True))
    other["a"], other["b"] = table["a"], table["b"]
    assert digest_of(lambda f: f.create_dataset("d", data=table)) == digest_of(
        lambda f: f.create_dataset("d", data=other)
    )


def test_long_and_short_texts_in_any_chunks(digest_of: DigestOf) -> None:
    texts = [chr(97 + at % 26) * (at % 300) for at in range(20_000)] + ["x" * 3 * MIB]

    def fill(**options: Any) -> Callable[[h5py.File], object]:
        return lambda file: file.create_dataset(
            "d", data=texts, dtype=h5py.string_dtype(), **options
        )

    want = digest_of(fill())
    assert want == digest_of(fill(chunks=(777,), compression="gzip"))
    texts[-1] = "y" + texts[-1][1:]
    assert want != digest_of(fill())


def test_progress_rises_to_the_end_of_the_file(tmp_path: Path, worker: Hdf5Worker) -> None:
    path, seen = tmp_path / "file.h5", []
    with h5py.File(path, "w") as file:
        file["contiguous"] = VALUES
        file.create_dataset("chunked", data=VALUES, chunks=(64, COLUMNS), compression="lzf")
        file.create_dataset("unwritten", (2**30,), "i1", chunks=(MIB,))
    worker.digest(path, lambda done, total: seen.append((done, total)))
    done = [one for one, _ in seen]
    assert done == sorted(done)
    assert {total for _, total in seen} == {path.stat().st_size}
    assert 0.95 < done[-1] / path.stat().st_size <= 1


def many_small(file: h5py.File) -> None:
    for at in range(8_000):
        file.create_dataset(f"g{at // 500}/d{at}", data=VALUES[0, :8])


def large_chunk(file: h5py.File) -> None:
    file.create_dataset(
        "d",
        data=np.resize(VALUES, 2 * LARGEST_CHUNK),
        chunks=(LARGEST_CHUNK,),
        compression="gzip",
        shuffle=True,
    )


def many_medium(file: h5py.File) -> None:
    for at in range(400):
        file.create_dataset(f"d{at}", data=VALUES.reshape(-1)[at : at + 250_000])


def many_texts(file: h5py.File) -> None:
    file.create_dataset("d", data=["some text"] * 200_000, dtype=h5py.string_dtype())


@pytest.mark.slow
@pytest.mark.parametrize("fill", [many_small, large_chunk, many_medium, many_texts])
def test_memory_stays_bounded(tmp_path: Path, fill: Callable[[h5py.File], None]) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w", libver="latest") as file:
        fill(file)
    with Hdf5Worker() as worker:
        worker.digest(path)
        process = worker._process
        assert process is not None
        status, peak, done = Path(f"/proc/{process.pid}/status"), [0], threading.Event()
        if not status.exists():
            pytest.skip("needs Linux to see a process's anonymous memory")

        def watch() -> None:
            while not done.is_set():
                peak[0] = max(peak[0], anonymous(status))
                time.sleep(0.002)

        watcher = threading.Thread(target=watch)
        watcher.start()
        worker.digest(path)
        done.set()
        watcher.join()
    assert 0 < peak[0] < 300 * MIB


def anonymous(status: Path) -> int:
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024
