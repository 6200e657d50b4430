"""SHA-256 of a file, as everybody computes it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from dragon_ledger.digests.file import file_digest
from dragon_ledger.errors import InputError


def test_the_examples_of_fips_180_4(tmp_path: Path) -> None:
    """From NIST's example values for SHA-256: 'abc' and the 448-bit message."""
    examples = {
        b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    }
    for message, expected in examples.items():
        path = tmp_path / "message"
        path.write_bytes(message)
        assert str(file_digest(path)) == f"sha256:{expected}"


@pytest.mark.parametrize("size", [0, 1, 4 * 2**20 - 1, 4 * 2**20, 9 * 2**20 + 5])
def test_any_size_and_its_progress(tmp_path: Path, size: int) -> None:
    path, seen = tmp_path / "file", [(0, size)]
    path.write_bytes(os.urandom(size))
    digest = file_digest(path, lambda done, total: seen.append((done, total)))
    assert digest.value == hashlib.sha256(path.read_bytes()).digest()
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / "none" / "below"):
        with pytest.raises(InputError, match=str(path)):
            file_digest(path)
