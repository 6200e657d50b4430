"""Sending step by step, as an outbox does it, and in one piece, as a person's command does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from dragon_ledger.chain import reader
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.network import FeeKind, Fees
from dragon_ledger.chain.sender import (
    Fee,
    Receipt,
    Whereabouts,
    current_fee,
    nonces,
    offer,
    preflight,
    receipts,
    sign,
    whereabouts,
    why_reverted,
)
from dragon_ledger.chain.transact import transact, transfer
from dragon_ledger.errors import NodeError, NodeUnavailable, NonceTaken, Refused
from dragon_ledger.records import Role
from tests.chain.world import World, digest, fresh_world, new_signer


def suspend(number: int) -> ContractCall:
    return ContractCall("Consortium", "suspend", (number, digest("why")))


def propose(address: bytes) -> ContractCall:
    return ContractCall("Consortium", "proposeAdmin", (address,))


def test_a_refusal_has_its_name_values_and_words_before_anything_is_sent(
    empty_world: World,
) -> None:
    stranger = new_signer()
    with pytest.raises(Refused) as refused:
        preflight(empty_world.client, stranger.address, suspend(7))
    assert refused.value.name == "NotAdmin"
    assert refused.value.values == {
        "caller": stranger.address,
        "admin": empty_world.admin.address,
    }
    assert "0x" + stranger.address.hex() in str(refused.value)
    with pytest.raises(Refused, match="No organisation was admitted under the number 7"):
        sign(empty_world.client, empty_world.admin, suspend(7), 0)
    assert nonces(empty_world.client, stranger.address).pending == 0


def test_a_stored_transaction_can_be_offered_again_at_any_time(empty_world: World) -> None:
    client, admin = empty_world.client, empty_world.admin
    signed = sign(client, admin, propose(b"\x01" * 20), nonces(client, admin.address).mined)
    assert whereabouts(client, signed.hash) is Whereabouts.NOWHERE
    for _ in range(3):
        offer(client, signed)
    receipt = _receipt(client, signed.hash)
    assert receipt.succeeded
    assert receipt.final
    offer(client, signed)
    assert nonces(client, admin.address).mined == signed.nonce + 1
    assert reader.read(client, reader.proposed_admin()) == b"\x01" * 20


def _receipt(client: Client, transaction: bytes) -> Receipt:
    for _ in range(1000):
        (found,) = receipts(client, [transaction])
        if found is not None:
            return found
    raise AssertionError("not mined")


def test_a_nonce_that_another_transaction_used_is_said(empty_world: World) -> None:
    client, admin = empty_world.client, empty_world.admin
    nonce = nonces(client, admin.address).mined
    first = sign(client, admin, propose(b"\x01" * 20), nonce)
    second = sign(client, admin, propose(b"\x02" * 20), nonce)
    offer(client, first)
    _receipt(client, first.hash)
    with pytest.raises(NonceTaken, match=f"nonce {nonce} of"):
        offer(client, second)


def test_a_command_takes_the_next_nonce_when_another_program_uses_the_same_key(
    empty_world: World,
) -> None:
    other = Client(empty_world.client.network)
    for place in range(1, 6):
        client = (empty_world.client, other)[place % 2]
        assert transact(client, empty_world.admin, propose(bytes([place]) * 20)).succeeded
    assert nonces(other, empty_world.admin.address).mined == 5


def test_two_programs_with_one_key_both_get_through(empty_world: World) -> None:
    def program(first: int) -> int:
        client = Client(empty_world.client.network)
        for step in range(4):
            transact(client, empty_world.admin, propose(bytes([first + step]) * 20))
        return first

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(program, [1, 101])) == [1, 101]
    assert nonces(empty_world.client, empty_world.admin.address).mined == 8


def test_a_transaction_that_reverts_when_mined_tells_why(slow_world: World) -> None:
    client, admin = slow_world.client, slow_world.admin
    slow_world.add(3, Role.REVIEWER)
    nonce = nonces(client, admin.address).mined
    both = [sign(client, admin, suspend(3), nonce + step) for step in range(2)]
    client.call("evm_setAutomine", False)
    for signed in both:
        offer(client, signed)
    assert whereabouts(client, both[1].hash) is Whereabouts.POOL
    client.call("evm_mine")
    client.call("evm_setAutomine", True)
    first, second = receipts(client, [one.hash for one in both])
    assert first is not None
    assert first.succeeded
    assert second is not None
    assert not second.succeeded
    why = why_reverted(client, admin.address, suspend(3), second)
    assert why.name == "OrganisationIsSuspended"


@pytest.fixture
def slow_world(tmp_path: Path) -> Iterator[World]:
    """A node of its own, for tests that change how it mines or what it remembers."""
    with EmbeddedNode(tmp_path / "node") as node:
        yield fresh_world(node.url)


def test_finality_waits_for_the_network_files_number_of_blocks(slow_world: World) -> None:
    client = Client(replace(slow_world.client.network, finality_blocks=3))
    signed = sign(client, slow_world.admin, propose(b"\x05" * 20), 0)
    offer(client, signed)
    assert not _receipt(client, signed.hash).final
    for _ in range(3):
        client.call("evm_mine")
    (receipt,) = receipts(client, [signed.hash])
    assert receipt is not None
    assert receipt.final
    assert client.final_block().number == receipt.block
    with pytest.raises(NodeUnavailable, match="not final after"):
        transact(client, slow_world.admin, propose(b"\x06" * 20), patience=0.3)


def test_a_receipt_is_gone_after_a_reorganisation_and_the_same_bytes_bring_it_back(
    slow_world: World,
) -> None:
    client, admin = slow_world.client, slow_world.admin
    snapshot = client.call("evm_snapshot")
    signed = sign(client, admin, propose(b"\x07" * 20), 0)
    offer(client, signed)
    assert _receipt(client, signed.hash).succeeded
    assert client.call("evm_revert", snapshot)
    assert receipts(client, [signed.hash]) == [None]
    assert reader.read(client, reader.proposed_admin()) == bytes(20)
    offer(client, signed)
    assert _receipt(client, signed.hash).succeeded


def test_a_waiting_transaction_is_replaced_at_a_higher_price(slow_world: World) -> None:
    client, admin = slow_world.client, slow_world.admin
    client.call("anvil_setBalance", "0x" + admin.address.hex(), hex(10**18))
    client.call("evm_setAutomine", False)
    low = Fee(FeeKind.LEGACY, 1_000)
    first = sign(client, admin, propose(b"\x01" * 20), 0, low)
    offer(client, first)
    second = sign(client, admin, propose(b"\x02" * 20), 0, low.bumped())
    offer(client, second)
    client.call("evm_mine")
    assert [one is not None for one in receipts(client, [first.hash, second.hash])] == [False, True]


def test_a_later_nonce_waits_for_the_gap_to_be_filled(slow_world: World) -> None:
    client, admin = slow_world.client, slow_world.admin
    later = sign(client, admin, propose(b"\x02" * 20), 1)
    offer(client, later)
    assert receipts(client, [later.hash]) == [None]
    offer(client, sign(client, admin, propose(b"\x01" * 20), 0))
    assert _receipt(client, later.hash).succeeded


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(FeeKind))
def test_fees_that_cost_something_are_paid_from_funds(tmp_path: Path, kind: FeeKind) -> None:
    options = {"--hardfork": "london", "--gas-price": "1000000000", "--balance": "10"}
    with EmbeddedNode(tmp_path / "node", options=options) as node:
        world = fresh_world(node.url, fees=Fees(kind, None), fund=True)
        client, rich = world.client, world.admin
        poor = new_signer()
        with pytest.raises((NodeError, Refused)):
            transact(client, poor, ContractCall("Consortium", "acceptAdmin", ()))
        transfer(client, rich, poor.address, 10**17)
        transact(client, rich, propose(poor.address))
        transact(client, poor, ContractCall("Consortium", "acceptAdmin", ()))
        assert reader.read(client, reader.admin()) == poor.address
        assert current_fee(client).price > 0


def test_a_fee_is_bumped_by_more_than_a_tenth_and_zero_becomes_one() -> None:
    assert Fee(FeeKind.LEGACY, 0).bumped().price == 1
    assert Fee(FeeKind.EIP1559, 1_000, 7).bumped() == Fee(FeeKind.EIP1559, 1_125, 8)
