"""`dragon-ledger digest` prints what ordinary tools and the library give."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import pytest

from dragon_ledger.cli.main import command
from dragon_ledger.digests.hdf5 import hdf5_content_digest


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        command(["digest", *map(str, arguments)], prog_name="dragon-ledger")
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def test_an_hdf5_file_has_two_digests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.h5"
    with h5py.File(model, "w") as file:
        file["weights"] = [1.0, 2.0]
    code, out, _ = run(capsys, model)
    plain = hashlib.sha256(model.read_bytes()).hexdigest()
    content = hdf5_content_digest(model).value.hex()
    assert code == 0
    assert out.splitlines() == [f"sha256:{plain}", f"hdf5-content-v1:{content}"]


def test_a_refused_content_leaves_the_file_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.h5"
    with h5py.File(model, "w") as file:
        file["elsewhere"] = h5py.ExternalLink("other.h5", "/w")
    code, out, err = run(capsys, model)
    plain = hashlib.sha256(model.read_bytes()).hexdigest()
    assert (code, out) == (3, f"sha256:{plain}\n")
    assert "/elsewhere: an external link" in err


def test_any_other_file_has_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text"
    text.write_text("abc")
    code, out, _ = run(capsys, text)
    assert code == 0
    # The example of FIPS 180-4.
    assert out == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"


def test_no_file_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, tmp_path / "absent")
    assert (code, out) == (3, "")
    assert "absent" in err
