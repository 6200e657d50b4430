from __future__ import annotations

from typing import Any

import pytest

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.provenance.qbft.trust_root import read_trust_root
from tests.provenance.qbft.network import address

VALIDATORS: dict[str, Any] = {
    "block": 0,
    "hash": "0x" + "ab" * 32,
    "time": 1_800_000_000,
    "epoch_length": 30_000,
    "members": [
        {"address": "0x" + address(number).hex(), "name": f"Hospital {number}"}
        for number in (1, 2, 3, 4)
    ],
}


def test_reads_what_network_json_vouches_for() -> None:
    root = read_trust_root(VALIDATORS)
    assert root.block.hash == bytes.fromhex("ab" * 32)
    assert root.block.validators == {address(number) for number in (1, 2, 3, 4)}
    assert (root.block.number, root.block.time, root.epoch_length) == (0, 1_800_000_000, 30_000)
    assert root.names[address(3)] == "Hospital 3"


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"block": -1},
        {"block": True},
        {"block": "0"},
        {"epoch_length": 0},
        {"hash": "0xabc"},
        {"hash": "ab" * 32},
        {"hash": None},
        {"members": []},
        {"members": None},
        {"members": [{"address": "0x00", "name": "x"}]},
        {"members": [{"address": "0x" + "00" * 20}]},
        {"members": VALIDATORS["members"] + VALIDATORS["members"][:1]},
    ],
)
def test_names_what_is_wrong(change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=r"network\.json"):
        read_trust_root(VALIDATORS | change)


@pytest.mark.parametrize("value", [None, [], "x", {}])
def test_refuses_what_is_no_object(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"network\.json"):
        read_trust_root(value)
