from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dragon_ledger.chain.network import (
    CONTRACTS,
    Checkpoint,
    Contract,
    FeeKind,
    Fees,
    Network,
)
from dragon_ledger.errors import ConfigurationError


def example() -> Network:
    contracts = {
        name: Contract(bytes([place]) * 20, bytes([place]) * 32, place)
        for place, name in enumerate(CONTRACTS, start=5)
    }
    return Network(
        chain_id=20_261_122,
        genesis_hash=b"\x11" * 32,
        contracts=contracts,
        rpc=("http://127.0.0.1:8545", "https://node.example"),
        fees=Fees(FeeKind.EIP1559, None),
        finality_blocks=3,
        checkpoint=Checkpoint(8, b"\x22" * 32),
        validators={"block": 0, "members": []},
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "network.json"
    example().save(file)
    assert Network.load(file) == example()
    assert example().first_block == 5


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["format"], "dragon-network/2"),
        (["chain_id"], "7"),
        (["chain_id"], True),
        (["genesis_hash"], "0x11"),
        (["genesis_hash"], "zz"),
        (["contracts", "Consortium"], None),
        (["contracts", "Consortium", "address"], "0x00"),
        (["contracts", "TrainingLedger", "block"], -1),
        (["checkpoint", "hash"], 5),
        (["finality"], None),
        (["finality", "blocks"], 1.5),
        (["fees", "kind"], "free"),
        (["fees", "gas_price"], 0),
        (["rpc"], "http://127.0.0.1:8545"),
        (["rpc"], ["ftp://node.example"]),
    ],
)
def test_a_wrong_field_is_named_with_the_file(tmp_path: Path, path: list[str], value: Any) -> None:
    document = example().to_json()
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    file = tmp_path / "network.json"
    file.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError) as refused:
        Network.load(file)
    assert str(file) in str(refused.value)
    assert ".".join(path) in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_network_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "network.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"network\.json"):
        Network.load(file)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json: cannot be read"):
        Network.load(tmp_path / "nowhere.json")
