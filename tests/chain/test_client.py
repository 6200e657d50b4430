from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dragon_ledger.chain.client import Client, identify
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.network import Checkpoint, Network
from dragon_ledger.errors import (
    ConfigurationError,
    NodeError,
    NodeUnavailable,
    StaleState,
    WrongChain,
)
from tests.chain.proxy import failure, proxy, raw, recorded


@pytest.fixture
def dead_url() -> Iterator[str]:
    """An address at which nobody listens, held so that nobody can start to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture(scope="module")
def network(node: EmbeddedNode) -> Network:
    chain_id, genesis = identify(node.url)
    return Network(chain_id, genesis, {}, (node.url,))


def test_the_second_node_answers_when_the_first_is_away(network: Network, dead_url: str) -> None:
    client = Client(network, [dead_url, *network.rpc])
    assert client.block(0).hash == network.genesis_hash
    assert client.url == network.rpc[0]


def test_when_none_answers_each_is_named_with_its_reason(network: Network, dead_url: str) -> None:
    with raw(b"<html>", 502) as broken, pytest.raises(NodeUnavailable) as refused:
        Client(network, [dead_url, broken]).block()
    assert dead_url in str(refused.value)
    assert f"{broken}: HTTPError: 502 Server Error" in str(refused.value)


def test_the_reason_is_the_nodes_whatever_the_caller_was_handling(
    network: Network, dead_url: str
) -> None:
    try:
        int("of the caller")
    except ValueError:
        with pytest.raises(NodeUnavailable, match=f"{dead_url}: ConnectionRefusedError") as refused:
            Client(network, [dead_url]).block()
    assert "of the caller" not in str(refused.value)


@pytest.mark.filterwarnings("ignore:Received batch response with missing `id`")
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b'{"id": 9}', b'[{"jsonrpc": "2.0"}]'])
def test_an_answer_that_is_no_json_rpc_counts_as_away(network: Network, body: bytes) -> None:
    with raw(body) as broken:
        assert Client(network, [broken, *network.rpc]).block(0).number == 0


def test_a_node_that_does_not_answer_in_time_counts_as_away(network: Network) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = Client(network, [url, *network.rpc], timeout=0.2)
        assert client.block(0).number == 0


def test_a_node_of_another_chain_is_refused_by_name(network: Network) -> None:
    for wrong in (
        replace(network, chain_id=network.chain_id + 1),
        replace(network, genesis_hash=b"\x01" * 32),
        replace(network, checkpoint=Checkpoint(0, b"\x02" * 32)),
    ):
        with pytest.raises(WrongChain) as refused:
            Client(wrong).block()
        assert network.rpc[0] in str(refused.value)


def test_a_node_behind_the_checkpoint_is_passed_over(network: Network) -> None:
    ahead = replace(network, checkpoint=Checkpoint(10_000_000, b"\x02" * 32))
    with pytest.raises(NodeUnavailable, match="does not have block 10000000 yet"):
        Client(ahead).block()


@pytest.mark.slow
def test_a_second_node_with_another_history_is_refused_by_name(
    network: Network, tmp_path: Path
) -> None:
    away: list[bool] = []
    with EmbeddedNode(tmp_path / "other") as other:
        chain_id, genesis = identify(other.url)
        forked = replace(network, chain_id=chain_id, genesis_hash=genesis)

        def history(request: dict[str, object]) -> dict[str, object] | None:
            """The other node's chain, but with another block 1."""
            if request["params"] == ["0x1", False]:
                return {"result": {"hash": "0x" + "ab" * 32}}
            return None

        with proxy(other.url, lambda _: _gone(away)) as first, proxy(other.url, history) as second:
            client = Client(forked, [first, second])
            client.call("evm_mine")
            assert client.final_block().number == 1
            away.append(True)
            with pytest.raises(WrongChain, match="block 1 is abab"):
                client.block()


def test_a_second_node_without_the_newest_block_seen_is_passed_over(network: Network) -> None:
    """It was killed and is not in step again: what it says is old, such as an approval missing."""
    away: list[bool] = []
    node = network.rpc[0]
    with proxy(node, lambda _: _gone(away)) as first, proxy(node, _behind) as second:
        client = Client(network, [first, second])
        client.call("evm_mine")
        client.block()
        away.append(True)
        with pytest.raises(NodeUnavailable, match="is behind"):
            client.call("eth_chainId")


@pytest.mark.parametrize("validators", [None, {}])
def test_a_validator_that_comes_back_behind_is_not_asked(
    network: Network, validators: dict[str, Any] | None
) -> None:
    """A node without validators may have lost blocks for good: that is for the caller to see."""
    away: list[bool] = []
    back: list[bool] = []

    def restarted(request: dict[str, Any]) -> dict[str, Any] | None:
        return _gone(away) or (_behind(request) if back else None)

    with proxy(network.rpc[0], restarted) as url:
        client = Client(replace(network, validators=validators), [url])
        client.call("evm_mine")
        client.block()
        away.append(True)
        with pytest.raises(NodeUnavailable):
            client.call("eth_chainId")
        back.append(away.pop())
        with (
            nullcontext() if validators is None else pytest.raises(NodeUnavailable, match="behind")
        ):
            client.call("eth_chainId")


def _behind(request: dict[str, Any]) -> dict[str, Any] | None:
    """A node that has its genesis block only."""
    if request["method"] == "eth_getBlockByNumber" and request["params"] != ["0x0", False]:
        return {"result": None}
    return None


def _gone(away: list[bool]) -> dict[str, object] | None:
    return {"jsonrpc": "1.0", "id": None} if away else None


def test_what_the_node_refuses_is_raised_with_its_words(network: Network) -> None:
    client = Client(network)
    with pytest.raises(NodeError, match="no_such_method") as refused:
        client.call("no_such_method")
    assert refused.value.method == "no_such_method"


def test_one_refusal_in_a_batch_is_raised_and_the_node_stays_in_use(network: Network) -> None:
    with proxy(network.rpc[0], _no_blocks) as url:
        client = Client(replace(network, rpc=(url,)))
        assert client.call("eth_chainId") == hex(network.chain_id)
        with pytest.raises(NodeError, match="not today"):
            client.block("latest")
        assert client.call("eth_chainId") == hex(network.chain_id)


def _no_blocks(request: dict[str, object]) -> dict[str, object] | None:
    return failure("not today") if request["params"] == ["latest", False] else None


def test_a_long_batch_keeps_its_order(network: Network) -> None:
    blocks = Client(network).blocks([0] * 1201)
    assert {block.number for block in blocks} == {0}
    assert len(blocks) == 1201


def test_a_block_that_is_not_there_is_stale_state(network: Network) -> None:
    with pytest.raises(StaleState, match="99999999"):
        Client(network).block(99_999_999)


def test_a_client_needs_a_node(network: Network) -> None:
    with pytest.raises(ConfigurationError, match="at least one"):
        Client(replace(network, rpc=()))


@pytest.mark.parametrize("answer", [failure("syncing"), {"result": None}, {"result": "no"}])
def test_a_node_that_cannot_say_which_chain_it_is_on_is_passed_over(
    network: Network, answer: dict[str, object]
) -> None:
    with proxy(network.rpc[0], lambda _: answer) as url:
        assert Client(network, [url, *network.rpc]).block(0).hash == network.genesis_hash
        with pytest.raises(NodeUnavailable):
            identify(url)


def test_a_password_in_an_address_is_not_shown(network: Network, dead_url: str) -> None:
    url = dead_url.replace("http://", "http://member:hunter2@")
    client = Client(network, [url])
    with pytest.raises(NodeUnavailable) as refused:
        client.block()
    for text in (str(refused.value), client.url, *client.urls):
        assert "hunter2" not in text
        assert dead_url.removeprefix("http://") in text


def test_name_and_password_of_an_address_are_sent_to_the_node(network: Network) -> None:
    with recorded() as (url, seen):
        address = url.replace("http://", "http://member:hunt%40r2@")
        assert Client(network, [address, *network.rpc]).block(0).number == 0
    expected = base64.b64encode(b"member:hunt@r2").decode()
    assert {one.headers["Authorization"] for one in seen} == {f"Basic {expected}"}


def test_a_redirection_is_not_followed(network: Network) -> None:
    elsewhere = {"Location": network.rpc[0]}
    with recorded(307, elsewhere) as (url, seen), pytest.raises(NodeUnavailable, match=url):
        Client(network, [url]).block()
    assert len(seen) == 1


def test_a_fault_is_not_tried_again_on_the_same_node(network: Network) -> None:
    with recorded(503) as (url, seen):
        assert Client(network, [url, *network.rpc]).block(0).number == 0
    assert len(seen) == 1


def test_the_environment_does_not_choose_a_proxy_or_a_login(
    network: Network, dead_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, dead_url)
    assert Client(network).block(0).number == 0
    with recorded() as (url, seen), pytest.raises(NodeUnavailable):
        Client(network, [url]).block()
    assert "Authorization" not in seen[0].headers


def test_ids_of_requests_start_at_one(network: Network) -> None:
    with recorded() as (url, seen), pytest.raises(NodeUnavailable):
        Client(network, [url]).block()
    assert [one["id"] for one in seen[0].requests] == [1, 2]


def test_web3_asks_the_same_nodes_and_raises_our_errors(network: Network, dead_url: str) -> None:
    client = Client(network, [dead_url, *network.rpc])
    assert client.w3.eth.chain_id == network.chain_id
    with client.w3.batch_requests() as batch:
        batch.add(client.w3.eth.get_block(0))
        batch.add(client.w3.eth.get_block("latest"))
        blocks: list[Any] = batch.execute()
    assert blocks[0]["hash"] == network.genesis_hash
    with pytest.raises(NodeError, match="eth_call"):
        client.w3.eth.call({"to": "0x" + "11" * 20, "data": b""}, 99_999_999)
    with pytest.raises(NodeUnavailable, match=dead_url):
        _ = Client(network, [dead_url]).w3.eth.chain_id


def test_web3_reads_blocks_with_the_seals_of_qbft(network: Network) -> None:
    def sealed(request: dict[str, object]) -> dict[str, object] | None:
        if request["params"] != ["latest", False]:
            return None
        block = Client(network).call("eth_getBlockByNumber", "latest", False)
        return {"result": {**block, "extraData": "0x" + "ab" * 700}}

    with proxy(network.rpc[0], sealed) as url:
        found = Client(network, [url]).w3.eth.get_block("latest")
    assert found["proofOfAuthorityData"] == b"\xab" * 700
