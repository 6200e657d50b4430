"""The node goes away, forgets, is rolled back; the disk is full. Each with a node of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.sender import nonces, offer, sign
from dragon_ledger.chain.transact import transact
from dragon_ledger.errors import NodeUnavailable, StorageError
from dragon_ledger.records import Role
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.outbox import Outbox, State
from dragon_ledger.site.pump import REBROADCAST_SECONDS
from dragon_ledger.site.store import Store
from dragon_ledger.site.vault import Vault
from tests.chain.world import World
from tests.site.acts import Desk, registration
from tests.site.conftest import populate

SITE = 50


@pytest.fixture
def own_node(tmp_path: Path) -> Iterator[EmbeddedNode]:
    with EmbeddedNode(tmp_path / "node") as running:
        yield running


@pytest.fixture
def world(own_node: EmbeddedNode) -> World:
    return populate(own_node.url)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    signer = world.add(SITE, Role.SITE)
    return Desk.open(tmp_path / "outbox.sqlite", world.client.network, signer, SITE)


def work(desk: Desk) -> None:
    while {State.QUEUED, State.SENT} & set(desk.states()):
        desk.pump.step()


@pytest.mark.slow
def test_a_node_that_was_away_finds_the_entries_where_they_were(
    desk: Desk, own_node: EmbeddedNode
) -> None:
    own_node.stop()
    act = desk.put("while away")
    for _ in range(3):
        with pytest.raises(NodeUnavailable):
            desk.pump.step()
    assert desk.states() == [State.QUEUED]
    own_node.start()
    work(desk)
    assert desk.registered() == [act.commitment]


@pytest.mark.slow
def test_a_node_that_lost_its_pool_is_given_the_transaction_again(
    desk: Desk, own_node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(desk.network)
    client.call("evm_setAutomine", False)
    act = desk.put("forgotten")
    desk.pump.step()
    (sent,) = desk.outbox.entries()
    client.call("anvil_dropTransaction", f"0x{sent.attempts[0].tx_hash.hex()}")
    client.call("evm_setAutomine", True)
    monkeypatch.setattr("dragon_ledger.site.pump.REBROADCAST_SECONDS", 0.0)
    assert REBROADCAST_SECONDS > 0
    work(desk)
    (final,) = desk.outbox.entries()
    assert [attempt.tx_hash for attempt in final.attempts] == [sent.attempts[0].tx_hash]
    assert desk.registered() == [act.commitment]
    assert own_node.alive


@pytest.mark.slow
def test_final_entries_that_fell_off_the_chain_get_on_it_again(desk: Desk) -> None:
    client = Client(desk.network)
    first = desk.put("before")
    work(desk)
    snapshot = client.call("evm_snapshot")
    lost = [desk.put("lost 1"), desk.put("lost 2")]
    work(desk)
    assert len(desk.registered()) == 3
    client.call("evm_revert", snapshot)
    assert desk.registered() == [first.commitment]
    desk.pump.step()
    work(desk)
    assert desk.registered() == [first.commitment, *(act.commitment for act in lost)]
    histories = [desk.outbox.history(entry.id) for entry in desk.outbox.entries()]
    assert [sum(state is State.FINAL for _, state, _ in history) for history in histories] == [
        1, 2, 2,
    ]  # fmt: skip
    attempts = [len(entry.attempts) for entry in desk.outbox.entries()]
    assert attempts == [1, 1, 1], "the stored transactions were sent again, nothing new was signed"


@pytest.mark.slow
def test_at_start_it_looks_again_at_what_it_believed_final(desk: Desk) -> None:
    client = Client(desk.network)
    snapshot = client.call("evm_snapshot")
    acts = [desk.put("one"), desk.put("two")]
    work(desk)
    client.call("evm_revert", snapshot)
    # The chain went on without them, beyond the blocks that they were in.
    client.call("anvil_mine", "0x5")
    again = desk.reopen()
    again.pump.step()
    work(again)
    assert again.registered() == [act.commitment for act in acts]


@pytest.mark.slow
def test_a_lost_transaction_that_was_not_ours_leaves_no_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(desk.network)
    snapshot = client.call("evm_snapshot")
    other = registration(desk.network, SITE, "from another program")
    transact(client, desk.signer, other.call(Ledger(client, desk.signer, SITE)))
    act = desk.put("after it")
    work(desk)
    client.call("evm_revert", snapshot)
    desk.pump.step()
    desk.pump.step()
    assert desk.states() == [State.SENT]
    monkeypatch.setattr("dragon_ledger.site.pump.GAP_SECONDS", 0.0)
    work(desk)
    assert desk.registered() == [act.commitment]
    (entry,) = desk.outbox.entries()
    assert [attempt.nonce for attempt in entry.attempts] == [2, 1]


@pytest.mark.slow
def test_an_attempt_that_reverted_does_not_stand_for_the_one_under_way(
    desk: Desk, world: World
) -> None:
    client = Client(desk.network)
    client.call("evm_setAutomine", False)
    act = desk.put("twice")
    desk.pump.step()
    # Its organisation is suspended in a block before it, so that it reverts.
    said = bytes(31) + b"\x05"
    call = ContractCall("Consortium", "suspend", (SITE, said))
    nonce = nonces(client, world.admin.address).mined
    offer(client, sign(client, world.admin, call, nonce))
    (sent,) = desk.outbox.entries()
    raw = sent.attempts[0]
    client.call("anvil_dropTransaction", f"0x{raw.tx_hash.hex()}")
    client.call("evm_mine")
    client.call("eth_sendRawTransaction", f"0x{raw.raw.hex()}")
    client.call("evm_mine")
    resumed = ContractCall("Consortium", "resume", (SITE, said))
    offer(client, sign(client, world.admin, resumed, nonce + 1))
    client.call("evm_mine")
    for _ in range(5):
        desk.pump.step()
    (entry,) = desk.outbox.entries()
    assert (entry.state, len(entry.attempts)) == (State.SENT, 2)
    client.call("evm_mine")
    work(desk)
    assert desk.registered() == [act.commitment]
    client.call("evm_setAutomine", True)


@pytest.mark.slow
def test_finality_of_some_blocks_is_waited_for(world: World, tmp_path: Path) -> None:
    network = replace(world.client.network, finality_blocks=3)
    signer = world.add(SITE, Role.SITE)
    desk = Desk.open(tmp_path / "outbox.sqlite", network, signer, SITE)
    act = desk.put("deep")
    for _ in range(3):
        desk.pump.step()
    assert desk.states() == [State.SENT]
    assert "not final yet" in desk.notes()[0]
    Client(network).call("anvil_mine", "0x3")
    desk.pump.step()
    assert desk.states() == [State.FINAL]
    assert desk.registered() == [act.commitment]


def put_many(outbox: Outbox) -> None:
    for number in range(10_000):
        outbox.put(f"entry {number}", lane="a", kind="register", act={"filler": "x" * 500})


def fill(ballast: Path) -> None:
    """Write until the disk takes no more."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_database_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put("before", lane="a", kind="register", act={})
    outbox._db.execute("PRAGMA max_page_count = 1")  # the engine's own 'disk full'
    with pytest.raises(StorageError, match="full"):
        put_many(outbox)
    kept = len(outbox.entries())
    assert outbox.find("before") is not None
    outbox._db.execute("PRAGMA max_page_count = 1000000")
    assert outbox.put("after", lane="a", kind="register", act={})
    assert len(outbox.entries()) == kept + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["/usr/bin/umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_loses_nothing(small_disk: Path, world: World) -> None:
    signer = world.add(SITE, Role.SITE)
    desk = Desk.open(small_disk / "outbox.sqlite", world.client.network, signer, SITE)
    first = desk.put("before")
    ballast = small_disk / "ballast"
    fill(ballast)
    with pytest.raises(StorageError, match=r"full|I/O"):
        work(desk)
    store = Store(small_disk / "store", Vault(bytes(32)))
    with pytest.raises(StorageError):
        store.put(b"x" * 100_000)
    assert not list(small_disk.rglob("*.part"))
    ballast.unlink()
    second = desk.put("after")
    again = desk.reopen()
    work(again)
    assert again.registered() == [first.commitment, second.commitment]
