"""The JavaScript verifier's content digest is Python's, or it gives none."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.digests.hdf5.layouts import Folder, Layout, with_shared_names_kept, write
from tests.digests.hdf5.layouts import contents as hdf5_contents
from tests.digests.hdf5.layouts import layouts as hdf5_layouts
from tests.digests.hdf5.test_hostile import mutated, rich_file
from tests.verify_js.verifier import ROOT, compared, contents

FOLDER = ROOT / "tests" / "vectors" / "hdf5-content-digest"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))

REFUSED_VECTORS: dict[str, str] = {}
"""Vectors with a digest that JavaScript refuses, and why: none."""

BIG_ENDIAN = "big-endian numbers beside values of another kind"
LZF = "filter 32000 (lzf)"
REFUSED = {
    "hdf5_frameworks/anndata/v0.7.0/adata.h5ad": f"/X/data: {LZF}",
    "hdf5_frameworks/anndata/v0.7.8/adata.h5ad": f"/X/data: {LZF}",
    "hdf5_frameworks/netcdf_c/h5_test/ref_tst_compounds.nc": f"/n@REFERENCE_LIST: {BIG_ENDIAN}",
    "hdf5_frameworks/netcdf_c/nc_test4/ref_tst_compounds.nc": f"/n@REFERENCE_LIST: {BIG_ENDIAN}",
    "hdf5_frameworks/netcdf_c/nc_test4/ref_tst_dims.nc": "/lat: more than 4294967296 bytes of "
    "values",
    "hdf5_frameworks/netcdf_c/nc_test4/ref_tst_xplatform2_1.nc": "/@We_will_sell_to_no_man_we_will"
    "_not_deny_or_defer_to_any_man_either_Justice_or_Right: sequences of elements of kind compound",
    "hdf5_frameworks/netcdf_c/unit_test/nctest_netcdf4_classic.nc": "/: attributes in dense "
    "storage",
    "hdf5_frameworks/pytables/tables/tests/non-chunked-table.h5": "/test_var/structure variable: "
    + BIG_ENDIAN,
    "hdf5_frameworks/pytables/tables/tests/smpl_enum.h5": f"/EnumTest: {BIG_ENDIAN}",
    "hdf5_frameworks/pytables/tables/tests/smpl_unsupptype.h5": f"/CompoundChunked: {BIG_ENDIAN}",
    "hdf5_hdfgroup_tools/tarray7.h5": "/Dataset1: sequences of elements of kind array",
    "hdf5_hdfgroup_tools/tattr4_be.h5": "/: attributes in dense storage",
    "hdf5_hdfgroup_tools/tcompound_complex.h5": f"/CompoundComplex: {BIG_ENDIAN}",
    "hdf5_hdfgroup_tools/tstr.h5": f"/comp1: {BIG_ENDIAN}",
    "hdf5_hdfgroup_tools/tvldtypes4.h5": "/Dataset1: sequences of elements of kind compound",
    "hdf5_jhdf/test_attribute_latest.hdf5": "/hard_link_data: attributes in dense storage",
    "hdf5_jhdf/test_compressed_chunked_datasets_earliest.hdf5": f"/float/float32lzf: {LZF}",
    "hdf5_jhdf/test_compressed_chunked_datasets_latest.hdf5": f"/float/float32lzf: {LZF}",
    "hdf5_jhdf/test_large_attribute.hdf5": "/: attributes in dense storage",
}
"""Real files that Python digests and JavaScript refuses, and why."""


@pytest.mark.slow
@pytest.mark.parametrize("web_crypto", [True, False])
def test_every_vector_has_its_digest_or_is_refused(web_crypto: bool) -> None:
    """A page from disk may have no Web Crypto; then the vendored library hashes alone."""
    answers = contents((FOLDER / vector["file"] for vector in VECTORS), web_crypto=web_crypto)
    for vector, answer in zip(VECTORS, answers, strict=True):
        if "digest" not in vector:
            refused = vector["refused"]
            assert answer == {"refused": f"{refused['where']}: {refused['what']}"}
        elif vector["file"] in REFUSED_VECTORS:
            assert answer == {"refused": REFUSED_VECTORS[vector["file"]]}
        else:
            assert f"hdf5-content-v1:{answer.get('digest')}" == vector["digest"], answer


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_real_files(shared_data: Path) -> None:
    files = [
        path
        for path in sorted(shared_data.glob("hdf5_*/**/*"))
        if path.is_file() and path.suffix not in (".txt", ".json") and path.stem != "tbigdims"
    ]
    outcomes, refused = compared(files)
    print(dict(outcomes))  # noqa: T201 - the counts are what a reader wants to see
    by_name = {Path(name).relative_to(shared_data).as_posix(): why for name, why in refused.items()}
    assert by_name == REFUSED
    assert outcomes["digest by JavaScript alone"] == 0
    assert outcomes["same"] == 233


def random_files(folder: Path, count: int) -> list[Path]:
    """Files with random content in random layouts, as the Python's own tests make them."""
    files: list[Path] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(hdf5_contents.map(with_shared_names_kept), hdf5_layouts)
    def make(content: Folder, layout: Layout) -> None:
        files.append(folder / f"{len(files)}.h5")
        write(files[-1], content, layout)

    make()
    return files


def check_random_files(folder: Path, count: int) -> None:
    outcomes, refused = compared(random_files(folder, count))
    print(dict(outcomes))  # noqa: T201 - the counts are what a reader wants to see
    assert outcomes["digest by JavaScript alone"] == 0
    strange = {why.split(": ", 1)[1] for why in refused.values()}
    assert {why for why in strange if why not in (LZF, BIG_ENDIAN)} == set()
    assert outcomes["same"] > outcomes.total() / 2


@pytest.mark.slow
def test_random_files(tmp_path: Path) -> None:
    check_random_files(tmp_path, 60)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_many_random_files(tmp_path: Path) -> None:
    check_random_files(tmp_path, 400)


def damaged_files(folder: Path, rounds: int, seed: int = 0) -> list[Path]:
    """Every vector and two files of many structures, with some of their bytes changed."""
    sources = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.h5"))}
    for libver in ("earliest", "latest"):
        rich_file(folder / libver, libver)
        sources[libver] = (folder / libver).read_bytes()
    files = []
    for name, raw in sources.items():
        dice = random.Random(f"{seed} {name}")
        for at in range(rounds):
            files.append(folder / f"{at}-{name}")
            files[-1].write_bytes(mutated(raw, dice))
    return files


def check_damaged_files(folder: Path, rounds: int, seed: int = 0) -> None:
    """A known limitation: Python refuses some files that JavaScript digests.

    It asks HDF5 for the sizes of a group's index and heap, and so trips over damage in places that
    hold no content.
    """
    outcomes, _ = compared(damaged_files(folder, rounds, seed))
    print(dict(outcomes))  # noqa: T201 - the counts are what a reader wants to see
    assert min(outcomes["same"], outcomes["refused by both"]) > outcomes.total() / 4
    assert outcomes["digest by JavaScript alone"] < outcomes.total() / 30


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_damaged_files(tmp_path: Path) -> None:
    check_damaged_files(tmp_path, 4)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(5))
def test_many_damaged_files(tmp_path: Path, part: int) -> None:
    check_damaged_files(tmp_path, 60, part + 1)
