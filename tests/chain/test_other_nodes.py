"""What other clients do otherwise than Anvil, and Ganache itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rlp
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

from dragon_ledger.chain import headers, proofs
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.chain.network import FeeKind, Fees
from dragon_ledger.chain.refusals import refusal
from dragon_ledger.chain.verify_code import verify_code
from dragon_ledger.errors import NodeError, Refused, StaleState
from tests.chain.ganache import ganache
from tests.chain.history import populate, tell_history
from tests.chain.proxy import UPSTREAM, Answer, Request, failure, proxy
from tests.chain.world import World, digest, fresh_world

NOT_ADMIN = keccak(b"NotAdmin(address,address)")[:4].hex() + "00" * 31 + "01" + "00" * 31 + "02"


@pytest.mark.parametrize(
    ("code", "message", "data"),
    [
        (3, "execution reverted", "0x" + NOT_ADMIN),  # Anvil, geth, GoQuorum
        (-32000, "Execution reverted", "0x" + NOT_ADMIN),  # Besu
        (-32015, "VM execution error.", "Reverted 0x" + NOT_ADMIN),  # older Besu, Nethermind
        (-32000, "VM Exception while processing transaction: revert", "0x" + NOT_ADMIN),  # Ganache
        (-32000, "VM Exception", {"result": "0x" + NOT_ADMIN, "programCounter": 7}),  # Ganache
    ],
)
def test_a_refusal_is_found_wherever_a_client_puts_it(
    code: int, message: str, data: object
) -> None:
    found = refusal(NodeError("eth_call", code, message, data))
    assert found is not None
    assert found.name == "NotAdmin"
    assert found.values == {"caller": bytes(19) + b"\x01", "admin": bytes(19) + b"\x02"}


def test_an_error_that_is_no_refusal_stays_the_nodes() -> None:
    assert refusal(NodeError("eth_call", -32602, "missing value for required argument 0")) is None
    assert refusal(NodeError("eth_call", -32000, "x", {"stack": "no bytes"})) is None


def small_ranges(blocks: int) -> Answer:
    """Refuse logs over more blocks than this, as Besu does over 5 000."""

    def answer(request: Request) -> Request | None:
        if request["method"] != "eth_getLogs":
            return None
        ask = request["params"][0]
        if int(ask["toBlock"], 16) - int(ask["fromBlock"], 16) >= blocks:
            return failure("Requested range exceeds maximum RPC range limit", -32005)
        return None

    return answer


def no_times(node: str) -> Answer:
    """Give logs without their block's time, as clients before 2024 do."""

    def answer(request: Request) -> Request | None:
        if request["method"] != "eth_getLogs":
            return None
        logs = UPSTREAM.post(node, json=request).json()["result"]
        return {"result": [{k: v for k, v in log.items() if k != "blockTimestamp"} for log in logs]}

    return answer


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["small ranges", "no times"])
def test_facts_are_the_same_from_nodes_with_limits(world: World, kind: str) -> None:
    aggregate = tell_history(world)
    truth = facts_for(world.client, aggregate)
    node = world.client.url
    behave = small_ranges(7) if kind == "small ranges" else no_times(node)
    with proxy(node, behave) as url:
        other = Client(world.client.network, [url])
        assert facts_for(other, aggregate, truth.as_of.block) == truth
        first, last = world.client.network.first_block, truth.as_of.block
        assert logs_between(other, first, last) == logs_between(world.client, first, last)


def proved(root: bytes, key: bytes, nodes: list[bytes]) -> bytes:
    found: bytes = HexaryTrie.get_from_proof(root, key, nodes)  # type: ignore[no-untyped-call]  # partly typed
    return found


def check_proofs(world: World) -> None:
    """Hold fetched proofs against the header's state root with another implementation."""
    client = world.client
    head = client.block()
    address = client.network.contracts["Consortium"].address
    slots = [(0).to_bytes(32, "big"), (2).to_bytes(32, "big"), digest("no such slot")]
    found = proofs.fetch(client, head.number, {address: slots})
    assert len(set(found.nodes)) == len(found.nodes)
    nodes = [rlp.decode(node) for node in found.nodes]
    account = rlp.decode(proved(head.state_root, keccak(address), nodes))
    assert account[3] == client.network.contracts["Consortium"].code_hash
    for slot in slots:
        value = proved(account[2], keccak(slot), nodes)
        word = rlp.decode(value).rjust(32, b"\0") if value else bytes(32)
        assert found.values[address, slot] == word
    assert found.values[address, slots[0]][-20:] == world.admin.address
    (header,) = headers.fetch(client, [head.number])
    assert header["stateRoot"] == "0x" + head.state_root.hex()


def test_proofs_hold_against_the_state_root(empty_world: World) -> None:
    check_proofs(empty_world)


def test_many_slots_are_asked_for_in_one_batch(empty_world: World) -> None:
    address = empty_world.client.network.contracts["TrainingLedger"].address
    slots = [digest(f"slot {place}") for place in range(1_101)]
    found = proofs.fetch(empty_world.client, empty_world.client.block().number, {address: slots})
    assert len(found.values) == 1_101
    assert set(found.values.values()) == {bytes(32)}


def test_a_block_that_is_not_there_is_stale(empty_world: World) -> None:
    with pytest.raises(StaleState, match="99999999"):
        headers.fetch(empty_world.client, [0, 99_999_999])
    with pytest.raises(StaleState, match="does not prove block 99999999"):
        proofs.fetch(empty_world.client, 99_999_999, {empty_world.admin.address: []})


@pytest.fixture(scope="module", params=list(FeeKind))
def on_ganache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with ganache(tmp_path_factory.mktemp("ganache")) as url:
        yield populate(fresh_world(url, fees=Fees(request.param, None), fund=True))


@pytest.mark.slow
def test_everything_works_on_ganache(on_ganache: World) -> None:
    world = on_ganache
    assert all(check.matches for check in verify_code(world.client))
    aggregate = tell_history(world)
    facts = facts_for(world.client, aggregate)
    assert [one.aggregate for one in facts.releases] == [aggregate]
    assert len(facts.runs) == 2
    check_proofs(world)
    with pytest.raises(Refused, match="not the consortium's admin"):
        world.send(world.members[1], "Consortium", "suspend", 2, digest("why"))
