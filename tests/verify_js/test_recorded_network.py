"""The JavaScript verifier reads bundles that a real network of four validators gave."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dragon_ledger.provenance.qbft.header import parse_header
from tests.verify_js.verifier import VECTORS, ask

RECORDED = VECTORS / "recorded"
NAMES = ["everyone", "later-round", "three-validators"]


def question(name: str, seconds_later: int) -> dict[str, Any]:
    data = (RECORDED / f"{name}.evidence.json").read_bytes()
    last = parse_header(bytes.fromhex(json.loads(data)["headers"][-1]))
    return {
        "bundle": base64.b64encode(data).decode(),
        "network": str(RECORDED / "network.json"),
        "published": str(RECORDED / "published-code.json"),
        "demands": {
            "now": last.timestamp + seconds_later,
            "maxAge": None,
            "atLeastBlock": None,
            "acceptedCheckpoint": None,
        },
        "digest": json.loads((RECORDED / "asked.json").read_text())["aggregate"],
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_model_is_valid(name: str) -> None:
    [found] = ask([question(name, 60)])
    assert found["outcome"] == "valid", found.get("error")
    seals = found["verdict"]["as_of"]["seals"]
    assert 3 * len(seals["signers"]) >= 2 * len(seals["validators"])


@pytest.mark.parametrize("name", NAMES)
def test_a_block_of_the_future_is_refused(name: str) -> None:
    """Clocks may differ by 300 seconds, and by no more."""
    near, far = ask([question(name, -300), question(name, -301)])
    assert near["outcome"] == "valid"
    assert (far["outcome"], far["error"].split(": ")[1]) == ("refused", "its time is in the future")
