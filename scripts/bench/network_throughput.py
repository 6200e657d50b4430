"""Commits on four real validators: per second beside bare stores, and from drop to final.

    python scripts/bench/network_throughput.py --node-binary PATH [--sites 8] [--commits 40]

Throughput: each site's outbox sends its commits (`commitUpdate`, two storage words) through the
agents' own client; then as many bare stores of two words (with calldata as long) are signed ahead
and offered by as many processes, each with an account of its own. Time from drop to final: real
agents, a real training; from the rename of `statement.json` to when a node first shows the block.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import contract_address, deploy_into
from dragon_ledger.chain.events import UpdateCommitted
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.chain.network import Network
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import Choices, create, free_base_port
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.chain.qbft.programs import find_program
from dragon_ledger.chain.sender import nonces, offer, receipts, sign
from dragon_ledger.chain.transact import wait_until_final
from dragon_ledger.records import InitialKind, Role
from dragon_ledger.site.outbox import State
from dragon_ledger.site.site_acts import CommitUpdate
from tests.chain.world import PURPOSE, World, digest, new_signer
from tests.federation.training import NAME, Training
from tests.site.acts import Desk
from tests.site.place import Stage
from tests.site.running import Processes

NAMES = ("north", "east", "south", "west")
SITES, REVIEWER, AGGREGATOR = (1, 2, 3), 10, 20
FIRST_SITE = 30
POLL_SECONDS = 0.02
SEEDED = int(InitialKind.SEEDED)
# calldata: where to, two words, and as much unused as commitUpdate has arguments.
STORE = bytes.fromhex("6020356000355560403560003560010155" + "00")
STORE_WORDS = 7
STORE_GAS = 120_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--node-binary", type=Path)
    parser.add_argument("--sites", type=int, default=8)
    parser.add_argument("--commits", type=int, default=40, help="per site")
    parser.add_argument(
        "--rounds", type=int, default=30, help="of the training; 0: throughput only"
    )
    options = parser.parse_args()
    program = find_program(options.node_binary)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layout = create(folder / "net", Choices(NAMES, base_port=free_base_port(len(NAMES))))
        try:
            processes.start(layout, program)
            world = found(layout)
            throughput(world, folder, options)
            if options.rounds:
                latency(world, layout, folder, options.rounds)
        finally:
            processes.stop(layout)


def found(layout: Layout) -> World:
    admin = new_signer()
    planned = Network.load(layout.network_file)
    network = deploy_into(planned, new_signer(), admin=admin.address, root_delay=60)
    network.save(layout.network_file)
    world = World(Client(network), admin)
    for number in SITES:
        world.add(number, Role.SITE)
    world.add(REVIEWER, Role.REVIEWER)
    world.add(AGGREGATOR, Role.AGGREGATOR)
    world.accept_rules()
    return world


def throughput(world: World, folder: Path, options: argparse.Namespace) -> None:
    sites = range(FIRST_SITE, FIRST_SITE + options.sites)
    versions = {site: enlist(world, site) for site in sites}
    runs = open_runs(world, list(sites), options.commits)
    total = options.sites * options.commits
    outboxes = [folder / f"{site}.sqlite" for site in sites]
    for site, path in zip(sites, outboxes, strict=True):
        queue(world, path, site, versions[site], runs)
    rate = total / timed(
        [partial(drain, world, path, site) for site, path in zip(sites, outboxes, strict=True)]
    )
    print(f"commits through the agents' client {rate:8.1f} /s ({total} by {options.sites} sites)")
    store = deploy_store(world.client)
    ready = [sign_ahead(world.client.network, store, options.commits) for _ in sites]
    bare = total / timed([partial(send_all, world.client.network, one) for one in ready])
    print(f"bare stores of two words           {bare:8.1f} /s; commits reach {rate / bare:.0%}")


def enlist(world: World, site: int) -> bytes:
    """Admit a site, register and approve its version."""
    world.add(site, Role.SITE)
    version = world.register(site, "v1")
    world.approve(REVIEWER, site, "v1")
    return version


def open_runs(world: World, sites: list[int], count: int) -> list[bytes]:
    """Open many runs by transactions that do not wait for each other."""
    client, signer = world.client, world.members[AGGREGATOR]
    first = nonces(client, signer.address).mined
    participants = sum(1 << site for site in sites)
    signed, runs = [], []
    for number in range(count):
        plan, said = digest(f"plan {number}"), digest(f"opened {number}")
        opening = (plan, PURPOSE, participants, digest("m"), bytes(32), bytes(32), said, 0, SEEDED)
        call = ContractCall("TrainingLedger", "openRun", (opening,))
        signed.append(sign(client, signer, call, first + number))
        runs.append((plan, said))
    send_all(client.network, signed)
    reading = Client(client.network)
    return [_run_id(reading, plan, said) for plan, said in runs]


def _run_id(client: Client, plan: bytes, said: bytes) -> bytes:
    return reader.read(client, reader.run_id(AGGREGATOR, plan, said))


def queue(world: World, path: Path, site: int, version: bytes, runs: list[bytes]) -> None:
    """One site's outbox with a commit to each run."""
    desk = Desk.open(path, world.client.network, world.members[site], site)
    for run in runs:
        update = sha256(run + bytes([site])).digest()
        act = CommitUpdate("m", run, 1, update, digest("m"), version, digest("committed"))
        desk.outbox.put(act.key, lane=act.lane, kind=act.kind, act=act.to_json())
    desk.outbox.close()


def drain(world: World, path: Path, site: int) -> None:
    """One site's agent works on its outbox."""
    desk = Desk.open(path, world.client.network, world.members[site], site)
    while set(desk.states()) != {State.FINAL}:
        desk.pump.step()
        time.sleep(POLL_SECONDS)
        if State.REFUSED in desk.states():
            raise SystemExit(f"refused: {desk.notes()}")


def deploy_store(client: Client) -> bytes:
    """A contract that stores two words and does nothing else."""
    signer = new_signer()
    size = len(STORE)
    code = bytes([0x60, size, 0x80, 0x60, 0x0B, 0x60, 0, 0x39, 0x60, 0, 0xF3]) + STORE
    signed = signer.sign(_fields(client.network, 0, code) | {"gas": 200_000})
    offer(client, signed)
    wait_until_final(client, signed, lambda _: None, 60.0)
    return contract_address(signer.address, 0)


def _fields(network: Network, nonce: int, data: bytes) -> dict[str, object]:
    fixed = {"chainId": network.chain_id, "gasPrice": 0, "value": 0, "gas": STORE_GAS}
    return fixed | {"nonce": nonce, "data": data}


def sign_ahead(network: Network, store: bytes, count: int) -> list[Signed]:
    signer: Signer = new_signer()
    signed = []
    for number in range(count):
        words = [sha256(signer.address + bytes([number % 256, n])).digest() for n in range(7)]
        fields = _fields(network, number, b"".join(words[:STORE_WORDS])) | {"to": store}
        signed.append(signer.sign(fields))
    return signed


def send_all(network: Network, ready: list[Signed]) -> None:
    client = Client(network)
    for signed in ready:
        offer(client, signed)
    hashes = [signed.hash for signed in ready]
    while None in (found := receipts(client, hashes)):
        time.sleep(POLL_SECONDS)
    if not all(receipt and receipt.succeeded for receipt in found):
        raise SystemExit("a bare transaction failed")


def timed(work: list[Callable[[], None]]) -> float:
    """Seconds until all are done, each in a process of its own, as sites have it."""
    fork = multiprocessing.get_context("fork")
    running = [fork.Process(target=one) for one in work]
    start = time.perf_counter()
    for process in running:
        process.start()
    for process in running:
        process.join()
    if any(process.exitcode for process in running):
        raise SystemExit("a sender failed; its words are above")
    return time.perf_counter() - start


class Watch(threading.Thread):
    """Notes when a node first shows each block, by the clock that file times come from."""

    def __init__(self, network: Network) -> None:
        super().__init__(daemon=True)
        self.client = Client(network)
        self.seen: dict[int, float] = {}
        self.done = threading.Event()

    def run(self) -> None:
        """Ask until `done`."""
        last = self.client.block().number
        while not self.done.wait(POLL_SECONDS):
            newest, now = self.client.block().number, time.time()
            for number in range(last + 1, newest + 1):
                self.seen[number] = now
            last = newest


def latency(world: World, layout: Layout, folder: Path, rounds: int) -> None:
    """A training with everybody there, then with one validator away."""
    watch = Watch(world.client.network)
    watch.start()
    (folder / "stage").mkdir()
    with Processes(folder / "stage") as running:
        training = Training(Stage.build(world, folder / "stage"), running)
        for number in SITES[:2]:
            training.approve(number)
        run = training.open_run(rounds=2 * rounds)
        training.train(rounds=2 * rounds)
        await_round(training, rounds)
        processes.kill(layout, NAMES[-1])
        await_round(training, 2 * rounds)
        watch.done.set()
        report("all four validators", training, watch, run, range(1, rounds + 1))
        # The round in which the validator was killed belongs to neither.
        report("one validator away", training, watch, run, range(rounds + 2, 2 * rounds + 1))


def await_round(training: Training, number: int) -> None:
    while not training.published(number).exists():
        time.sleep(0.2)


def report(words: str, training: Training, watch: Watch, run: bytes, rounds: range) -> None:
    client = Client(watch.client.network)
    events = logs_between(client, client.network.first_block, client.block().number)
    waits = []
    for event in events:
        if isinstance(event, UpdateCommitted) and event.run == run and event.round in rounds:
            site = training.sites[event.organisation].folder
            drop = site / "drop" / NAME / str(event.round) / "statement.json"
            waits.append(watch.seen[event.position.block] - drop.stat().st_mtime)
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    print(f"drop to final, {words}: p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s ({len(waits)})")


if __name__ == "__main__":
    main()
