"""The JavaScript verifier reads QBFT headers and seals as the vectors say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.verify_js.verifier import NODE, PAGE, ROOT

VECTORS: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "qbft_headers.json").read_text())
SCRIPT = Path(__file__).with_name("headers.cjs")


def read(headers: list[str]) -> list[dict[str, Any]]:
    lines = "".join(header.removeprefix("0x") + "\n" for header in headers)
    command = [str(NODE), str(SCRIPT), str(PAGE / "verify.js")]
    done = subprocess.run(
        command, input=lines, capture_output=True, text=True, check=True, timeout=300
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_sealed_headers_have_their_hashes_and_signers() -> None:
    every = VECTORS["sealed"] + [header for group in VECTORS["same_block"] for header in group]
    for found, header in zip(read([header["rlp"] for header in every]), every, strict=True):
        assert found == {
            "number": header["number"],
            "hash": header["hash"].removeprefix("0x"),
            "commitHash": header["commit_hash"].removeprefix("0x"),
            "stateRoot": header["state_root"].removeprefix("0x"),
            "time": header["timestamp"],
            "signers": [signer.removeprefix("0x") for signer in header["signers"]],
        }


def test_every_refused_header_is_refused() -> None:
    found = read([header["rlp"] for header in VECTORS["refused"]])
    accepted = [
        header["name"]
        for header, one in zip(VECTORS["refused"], found, strict=True)
        if not one.get("refused")
    ]
    assert accepted == []
