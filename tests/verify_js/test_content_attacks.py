"""Files made so that a careless reader of HDF5 would see something else in JavaScript."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from dragon_ledger.digests.hdf5 import hdf5_content_digest
from tests.verify_js.verifier import contents

pytestmark = pytest.mark.slow


def written(path: Path, libver: str = "earliest") -> Path:
    with h5py.File(path, "w", libver=libver) as file:
        file["data"] = np.arange(4)
        file["link"] = h5py.SoftLink("AAAA")
        file.attrs["name"] = 1
    return path


def changed(path: Path, old: bytes, new: bytes) -> Path:
    """Replace the only place of some bytes by others of the same length."""
    raw = path.read_bytes()
    assert raw.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(raw.replace(old, new))
    return path


@pytest.mark.parametrize(
    "target",
    [b"\xc1\x81\xc1\x81", b"\xe9AB\0", b"\xed\xa0\x80\0", b"A\xffAA", b"\xef\xbb\xbfA"],
    ids=["overlong", "cut off", "surrogate", "no UTF-8", "byte order mark"],
)
def test_the_target_of_a_soft_link_is_its_bytes(tmp_path: Path, target: bytes) -> None:
    """h5wasm shows targets as text: such bytes would look like others."""
    path = changed(written(tmp_path / "f.h5"), b"AAAA", target)
    assert hdf5_content_digest(path)
    [answer] = contents([path])
    digest = answer.get("digest")
    assert digest == (hdf5_content_digest(path).value.hex() if digest else None)


@pytest.mark.parametrize("name", [b"\xc1\x81ta", b"d\xfft\xff", b"\xef\xbf\xbda", b"da/a"])
def test_a_name_that_would_lead_elsewhere_is_refused(tmp_path: Path, name: bytes) -> None:
    path = changed(written(tmp_path / "f.h5"), b"data", name)
    [answer] = contents([path])
    assert "refused" in answer


def test_values_in_another_file_are_refused_even_if_that_is_the_file_itself(
    tmp_path: Path,
) -> None:
    """The verifier keeps the file under this name, where HDF5 would find it."""
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        outside = [("/model.h5", 0, 64)]
        file.create_dataset("d", (16,), "<i4", external=outside)
    [answer] = contents([path])
    assert answer == {"refused": "/d: external storage: its values are in other files"}


def test_a_virtual_dataset_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    layout = h5py.VirtualLayout((4,), "<i8")
    layout[:] = h5py.VirtualSource("/model.h5", "x", (4,))
    with h5py.File(path, "w", libver="latest") as file:
        file["x"] = np.arange(4)
        file.create_virtual_dataset("v", layout)
    [answer] = contents([path])
    assert answer == {"refused": "/v: a virtual dataset: its values are in other files"}


def test_an_object_that_hides_a_link_is_refused(tmp_path: Path) -> None:
    """It says it has one hard link and has two."""
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(4)
        address = h5py.h5o.get_info(file["data"].id).addr
        file["second"] = file["data"]
    raw = bytearray(path.read_bytes())
    raw[address + 4] = 1
    path.write_bytes(raw)
    [answer] = contents([path])
    assert "damaged: an object that says it has one link has two" in answer["refused"]


@pytest.mark.parametrize("extent", [2**31, 2**40, 2**62])
def test_a_small_file_that_claims_much_does_no_harm(tmp_path: Path, extent: int) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", (extent,), "<f8", chunks=(4096,))
    [answer] = contents([path])
    assert answer == {"refused": "/d: more than 4294967296 bytes of values"}


def test_chunks_that_would_be_unpacked_over_and_over_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        shape, chunk = (8000, 40000), (8000, 100)
        file.create_dataset("d", shape, "u1", chunks=chunk, compression="gzip")[0, 0] = 1
    [answer] = contents([path])
    assert answer == {"refused": "/d: more than 4294967296 bytes of values to read"}


@pytest.mark.parametrize("size", [0, 7, 8, 60, 500])
def test_what_is_no_hdf5_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "f.h5"
    path.write_bytes((b"\x89HDF\r\n\x1a\n" + bytes(1000))[:size])
    [answer] = contents([path])
    assert answer["refused"].startswith("/: ")
