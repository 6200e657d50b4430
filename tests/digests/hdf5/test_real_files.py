"""Files of other programs: HDF5's own tools, netCDF, PyTables, MATLAB, Keras, jHDF."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from dragon_ledger.digests.hdf5 import Hdf5Worker, looks_like_hdf5
from dragon_ledger.errors import LedgerError
from tests.digests.hdf5.naive import listing

pytestmark = pytest.mark.slow

REFUSALS = json.loads(Path(__file__).with_name("real_refusals.json").read_text())
"""Each file that is refused, with the reason that the user reads."""

SLOW = {"hdf5_hdfgroup_tools/tbigdims.h5"}
"""Four million chunks that were never written."""

UNLISTED = {
    "hdf5_frameworks/netcdf_c/nc_test4/ref_tst_dims.nc": "18 GB of fill value",
    "hdf5_frameworks/pytables/tables/tests/attr-u16.h5": "h5py reads no NumPy text",
    "hdf5_frameworks/pytables/tables/tests/float.h5": "h5py reads no 128-bit floats",
    "hdf5_hdfgroup_tools/t128bit_float.h5": "h5py reads no 128-bit floats",
    "hdf5_hdfgroup_tools/tattr2.h5": "h5py reads no such opaque values",
    "hdf5_hdfgroup_tools/tbitnopaque.h5": "h5py reads no such opaque values",
    "hdf5_hdfgroup_tools/topaque.h5": "h5py reads no such opaque values",
}
"""What the digest covers and the oracle does not."""


@pytest.fixture(scope="module")
def outcomes(shared_data: Path, worker: Hdf5Worker) -> dict[str, str]:
    """The digest or the reason of refusal for every file."""
    results = {}
    for path in sorted(shared_data.glob("hdf5_*/**/*")):
        name = path.relative_to(shared_data).as_posix()
        if path.is_file() and path.suffix not in (".txt", ".json") and name not in SLOW:
            results[name] = outcome(worker, path)
    return results


def outcome(worker: Hdf5Worker, path: Path) -> str:
    try:
        return str(worker.digest(path))
    except LedgerError as error:
        return f"{type(error).__name__}: {str(error).removeprefix(f'{path}: ')}"


def is_digest(text: str) -> bool:
    return text.startswith("hdf5-content-v1:")


def test_refusals_are_those_of_the_table(outcomes: dict[str, str]) -> None:
    refused = {name: text for name, text in outcomes.items() if not is_digest(text)}
    assert refused == REFUSALS
    assert len(outcomes) - len(refused) > 250


def test_nothing_crashes_the_reader(outcomes: dict[str, str]) -> None:
    assert not [name for name, text in outcomes.items() if "crashed" in text or "status" in text]


def test_equal_content_and_equal_digest_are_the_same(
    outcomes: dict[str, str], shared_data: Path
) -> None:
    by_digest, by_listing = defaultdict(set), defaultdict(set)
    for name, digest in outcomes.items():
        if is_digest(digest) and name not in UNLISTED:
            by_digest[digest].add(name)
            by_listing[str(listing(shared_data / name))].add(name)
    assert sorted(map(sorted, by_digest.values())) == sorted(map(sorted, by_listing.values()))
    assert sum(len(names) > 1 for names in by_digest.values()) >= 20


def test_old_and_new_file_versions_agree(outcomes: dict[str, str]) -> None:
    pairs = {
        name: name.replace("_earliest", "_latest")
        for name in outcomes
        if "_earliest" in name and is_digest(outcomes[name.replace("_earliest", "_latest")])
    }
    assert len(pairs) == 16
    assert [old for old, new in pairs.items() if outcomes[old] != outcomes[new]] == []


def test_the_signature_is_found_or_not(outcomes: dict[str, str], shared_data: Path) -> None:
    for name, text in outcomes.items():
        assert looks_like_hdf5(shared_data / name) == ("its signature is not there" not in text)


@pytest.mark.long
def test_four_million_unwritten_chunks(shared_data: Path, worker: Hdf5Worker) -> None:
    for name in SLOW:
        assert is_digest(outcome(worker, shared_data / name))
