"""A client on a real QBFT network's blocks, replayed: long extraData, no base fee."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dragon_ledger.chain import headers
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Checkpoint, Network
from dragon_ledger.errors import StaleState
from tests.chain.proxy import Answer, Request, failure, proxy


@pytest.fixture(scope="module")
def blocks(shared_data: Path) -> list[dict[str, Any]]:
    lines = (shared_data / "qbft_network" / "blocks.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def replay(blocks: list[dict[str, Any]]) -> Answer:
    numbers = {block["number"]: block for block in blocks}
    answers: dict[str, Any] = {"eth_chainId": "0x539", "eth_blockNumber": blocks[-1]["number"]}

    def answer(request: Request) -> Request:
        if request["method"] == "eth_getBlockByNumber":
            tag = request["params"][0]
            return {"result": blocks[-1] if tag == "latest" else numbers.get(tag)}
        found = answers.get(request["method"])
        return failure("unknown method", -32601) if found is None else {"result": found}

    return answer


def test_blocks_of_a_real_network_are_read_as_they_are(blocks: list[dict[str, Any]]) -> None:
    genesis = bytes.fromhex(blocks[0]["hash"][2:])
    mark = Checkpoint(20, bytes.fromhex(blocks[20]["hash"][2:]))
    with proxy("http://127.0.0.1:9", replay(blocks)) as url:
        client = Client(Network(0x539, genesis, {}, (url,), finality_blocks=2, checkpoint=mark))
        assert client.block().number == 59
        assert client.block().base_fee is None
        assert client.final_block().number == 57
        found = client.blocks(range(60))
        assert [block.parent_hash for block in found[1:]] == [block.hash for block in found[:-1]]
        assert headers.fetch(client, [43])[0]["extraData"] == blocks[43]["extraData"]
        with pytest.raises(StaleState, match="block 60"):
            headers.fetch(client, [59, 60])
