"""Files that want to crash, stall or flood the reader; and files that change under it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5d

from dragon_ledger.digests.hdf5 import Hdf5Worker, Limits
from dragon_ledger.errors import InputError, UnsupportedContent

pytestmark = pytest.mark.slow

KINDS = {"hdf5-content-v1", "InputError", "UnsupportedContent"}


def rich_file(path: Path, libver: str) -> None:
    """Small, with as many kinds of structure as possible."""
    with h5py.File(path, "w", libver=libver) as file:
        file["a/b/numbers"] = np.arange(40.0)
        file["packed"] = np.arange(10)
        file.create_dataset(
            "gz", data=np.arange(300), chunks=(50,), compression="gzip", shuffle=True
        )
        file.create_dataset("texts", data=["x", "yy", "zzz"], dtype=h5py.string_dtype())
        file["table"] = np.zeros(3, dtype=[("x", "<f4"), ("s", "S3")])
        sequences = file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype("<i4"))
        sequences[0] = [1, 2, 3]
        file["a"].attrs["ref"] = file["gz"].ref
        file["a"].attrs["text"] = "some text"
        file["alias"] = file["a/b"]
        file["soft"] = h5py.SoftLink("/a")
        file["type"] = np.dtype([("e", h5py.enum_dtype({"A": 1}))])


def mutated(raw: bytes, dice: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(dice.choice([1, 1, 2, 5, 20])):
        at = dice.randrange(len(changed))
        changed[at] = dice.choice([0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)])
    cut = dice.randrange(len(changed)) if dice.random() < 0.1 else len(changed)
    return bytes(changed[:cut])


def survive(folder: Path, worker: Hdf5Worker, libver: str, rounds: int, seed: int) -> set[str]:
    """Digest mutated files; give the kinds of outcome that were seen."""
    dice, path = random.Random(seed), folder / "file.h5"
    rich_file(path, libver)
    raw, seen = path.read_bytes(), set()
    for _ in range(rounds):
        path.write_bytes(mutated(raw, dice))
        seen.add(outcome(worker, path))
    return seen


def outcome(worker: Hdf5Worker, path: Path) -> str:
    try:
        return worker.digest(path).method
    except InputError as error:
        return type(error).__name__ if str(path) in str(error) else f"nameless: {error}"


@pytest.mark.slow
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_damaged_files_end_in_a_digest_or_an_error(
    tmp_path: Path, worker: Hdf5Worker, libver: str
) -> None:
    seen = survive(tmp_path, worker, libver, 40, seed=1)
    assert {"hdf5-content-v1", "InputError"} <= seen <= KINDS


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("seed", range(10))
def test_many_damaged_files(tmp_path: Path, libver: str, seed: int) -> None:
    """HDF5 loops forever on a few of them."""
    with Hdf5Worker(Limits(stalled_seconds=3)) as worker:
        assert survive(tmp_path, worker, libver, 300, seed) <= KINDS


def test_a_crash_is_an_error_and_the_worker_goes_on(tmp_path: Path) -> None:
    """The reader is killed in the middle, as a crash of HDF5 would end it."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["d"] = np.zeros(2**24)
    with Hdf5Worker() as worker:
        digest = worker.digest(path)

        def kill(_done: int, _total: int) -> None:
            process = worker._process
            assert process is not None
            os.kill(process.pid, 11)

        with pytest.raises(InputError, match=r"HDF5 crashed on it \(SIGSEGV\)"):
            worker.digest(path, kill)
        assert worker.digest(path) == digest


def test_an_interrupted_request_does_not_answer_the_next(tmp_path: Path) -> None:
    paths = [tmp_path / "one.h5", tmp_path / "two.h5"]
    for at, path in enumerate(paths):
        with h5py.File(path, "w") as file:
            file["d"] = np.full(2**20, at)

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with Hdf5Worker() as worker:
        wanted = worker.digest(paths[1])
        with pytest.raises(KeyboardInterrupt):
            worker.digest(paths[0], interrupt)
        assert worker.digest(paths[1]) == wanted


def test_a_file_cut_off_while_it_is_read(tmp_path: Path, worker: Hdf5Worker) -> None:
    """A memory map of a file that shrinks ends in SIGBUS, in the reader's process only."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        for at in range(64):
            file[f"d{at}"] = np.zeros(2**19)

    def cut(_done: int, _total: int) -> None:
        os.truncate(path, 4096)

    with pytest.raises(InputError, match=str(path)):
        worker.digest(path, cut)


def test_a_file_written_while_it_is_read(tmp_path: Path, worker: Hdf5Worker) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        for at in range(64):
            file[f"d{at}"] = np.zeros(2**19)

    def touch(_done: int, _total: int) -> None:
        os.utime(path, ns=(1, 1))

    with pytest.raises(InputError, match="changed while it was read"):
        worker.digest(path, touch)


@pytest.mark.parametrize("chunk", [1, 4096, 2**20])
def test_a_small_file_that_claims_much(tmp_path: Path, worker: Hdf5Worker, chunk: int) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", (10**15,), "i1", chunks=(chunk,))[5] = 1
    with pytest.raises(UnsupportedContent, match="/d: more bytes of values than a file"):
        worker.digest(path)


def test_millions_of_small_chunks_are_a_claim(tmp_path: Path, worker: Hdf5Worker) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", (2**25,), "i1", chunks=(1,))[5] = 1
    with pytest.raises(UnsupportedContent, match="/d: more bytes of values than a file"):
        worker.digest(path)


def test_many_claims_add_up(tmp_path: Path, worker: Hdf5Worker) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        for at in range(30):
            file.create_dataset(f"d{at:02}", (2**20,), "i1", chunks=(2**16,))[5] = 1
    strict = Limits(free_expansion=2**24, expansion=1)
    with Hdf5Worker(strict) as other, pytest.raises(UnsupportedContent, match="/d17"):
        other.digest(path)
    assert worker.digest(path).value


@pytest.mark.slow
def test_no_progress_ends_in_an_error(tmp_path: Path) -> None:
    """Millions of one-byte chunks in one read keep HDF5 busy past the limit."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("d", (2**25,), "i1", chunks=(1,))[5] = 1
    limits = Limits(free_expansion=2**50, stalled_seconds=1, memory=2**36)
    with Hdf5Worker(limits) as worker, pytest.raises(InputError, match="makes no progress"):
        worker.digest(path)


@pytest.mark.slow
def test_a_flood_of_sequences(tmp_path: Path, worker: Hdf5Worker) -> None:
    """Sixty-five thousand elements that all point at the same megabyte of the file."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("d", (2**16,), dtype=h5py.vlen_dtype("u1"))
        dataset[0] = np.arange(2**20) % 251
        dataset[-1] = [1]
        creation = dataset.id.get_create_plist()
        assert creation.get_layout() == h5d.CONTIGUOUS
        offset = dataset.id.get_offset()
    raw = bytearray(path.read_bytes())
    pointer = bytes(raw[offset : offset + 16])
    raw[offset : offset + 16 * 2**16] = pointer * 2**16
    path.write_bytes(raw)
    with pytest.raises(UnsupportedContent, match="/d: more bytes of values than a file"):
        worker.digest(path)


def test_foreign_code_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 would load filters from a folder that the environment names."""
    monkeypatch.setenv("HDF5_PLUGIN_PATH", str(tmp_path))
    monkeypatch.setenv("HDF5_DRIVER", "core")
    path = tmp_path / "file.h5"
    with h5py.File(path, "w", driver="sec2") as file:
        file["d"] = 1
    with Hdf5Worker() as worker:
        worker.digest(path)
        process = worker._process
        assert process is not None
        environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    hdf5 = [one for one in environment if one.startswith(b"HDF5_")]
    assert hdf5 == [b"HDF5_PLUGIN_PRELOAD=::"]


@pytest.mark.slow
def test_the_memory_limit_holds(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", (1,), dtype=h5py.vlen_dtype("u1"))[0] = np.zeros(2**28, dtype="u1")
    small = tmp_path / "small.h5"
    with h5py.File(small, "w") as file:
        file["d"] = 1
    with Hdf5Worker(Limits(memory=2**28)) as worker:
        with pytest.raises(InputError, match=str(path)):
            worker.digest(path)
        assert worker.digest(small).method == "hdf5-content-v1"
