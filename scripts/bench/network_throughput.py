"""Commits on four real validators: per second beside bare stores, and from drop to final.

    python scripts/bench/network_throughput.py --node-binary PATH [--sites 8] [--commits 250]

Throughput: each site's outbox sends its commits (`commitUpdate`, two storage words) through the
agents' own client, one process a site, each at its own member's node; in turn with that, as many
bare stores of two words (with calldata as long), signed ahead, are sent by as many processes with
an account each, through the same nodes, as many under way at a time and as many in one batch. The
two are run in pairs; rates and processor times are medians over the pairs.

Time from drop to final: real agents, a real training; from the rename of `statement.json` to when
a node first shows the block.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from dragon_ledger.chain.pipeline import Pipeline
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import Choices, create, free_base_port
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.chain.qbft.programs import find_program
from dragon_ledger.chain.sender import nonces, offer, receipts
from dragon_ledger.chain.transact import wait_until_final
from dragon_ledger.errors import Refused
from dragon_ledger.records import InitialKind, Role
from dragon_ledger.site.outbox import State
from dragon_ledger.site.pump import MAX_IN_FLIGHT, POLL_SECONDS, TOGETHER
from dragon_ledger.site.site_acts import CommitUpdate
from tests.chain.world import PURPOSE, RULES, World, digest, new_signer
from tests.federation.training import NAME, Training
from tests.site.acts import Desk
from tests.site.place import Stage
from tests.site.running import Processes

NAMES = ("north", "east", "south", "west")
SITES, REVIEWER, AGGREGATOR = (1, 2, 3), 10, 20
FIRST_SITE = 30
WATCH_SECONDS = 0.02
SEEDED = int(InitialKind.SEEDED)
# calldata: where to, two words, and as much unused as commitUpdate has arguments.
STORE = bytes.fromhex("6020356000355560403560003560010155" + "00")
STORE_WORDS = 7
STORE_GAS = 120_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--node-binary", type=Path)
    parser.add_argument("--sites", type=int, default=8)
    parser.add_argument("--commits", type=int, default=250, help="per site and run")
    parser.add_argument("--pairs", type=int, default=4, help="runs of each kind")
    parser.add_argument(
        "--rounds", type=int, default=15, help="of the training, twice; 0: throughput only"
    )
    options = parser.parse_args()
    program = find_program(options.node_binary)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layout = create(folder / "net", Choices(NAMES, base_port=free_base_port(len(NAMES))))
        try:
            processes.start(layout, program)
            world = found(layout)
            throughput(world, layout, folder, options)
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


@dataclass(frozen=True, slots=True)
class Figures:
    """One run: how many a second, and processor milliseconds for each, of clients and nodes."""

    rate: float
    client: float
    nodes: float


def throughput(world: World, layout: Layout, folder: Path, options: argparse.Namespace) -> None:
    sites = range(FIRST_SITE, FIRST_SITE + options.sites)
    versions = enlist(world, sites)
    store = deploy_store(world.client)
    total = options.sites * options.commits
    commits, stores = [], []
    for pair in range(options.pairs):
        runs = open_runs(world, list(sites), options.commits, pair)
        outboxes = {site: folder / f"{site}-{pair}.sqlite" for site in sites}
        for site, path in outboxes.items():
            queue(world, path, site, versions[site], runs)
        drains = [partial(drain, world, path, site) for site, path in outboxes.items()]
        ready = {site: sign_ahead(world.client.network, store, options.commits) for site in sites}
        sends = [
            partial(send_all, near(world.client.network, site), one) for site, one in ready.items()
        ]
        commits.append(measured(layout, drains, total))
        stores.append(measured(layout, sends, total))
        print(
            f"  {commits[-1].rate:6.0f} commits/s, {stores[-1].rate:6.0f} bare stores/s", flush=True
        )
    show("commits", commits)
    show("bare stores", stores)
    shares = [ours.rate / bare.rate for ours, bare in zip(commits, stores, strict=True)]
    print(f"commits reach {statistics.median(shares):.0%} (median of {options.pairs} pairs)")


def show(words: str, runs: list[Figures]) -> None:
    rate, client, nodes = (
        statistics.median(getattr(run, name) for run in runs)
        for name in ("rate", "client", "nodes")
    )
    print(f"{words:12}{rate:7.0f} /s; processor ms each: client {client:.2f}, nodes {nodes:.2f}")


def measured(layout: Layout, work: Sequence[Callable[[], None]], total: int) -> Figures:
    client, nodes = client_seconds(), node_seconds(layout)
    seconds = timed(work)
    return Figures(
        total / seconds,
        1000 * (client_seconds() - client) / total,
        1000 * (node_seconds(layout) - nodes) / total,
    )


def client_seconds() -> float:
    """Processor seconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def node_seconds(layout: Layout) -> float:
    """Processor seconds of the validators so far (Linux)."""
    ticks = 0
    for member in layout.members:
        pid = int((layout.home(member) / "node.pid").read_text())
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def near(network: Network, site: int) -> Network:
    """The network as a site has it: its own member's node first."""
    first = site % len(network.rpc)
    return replace(network, rpc=network.rpc[first:] + network.rpc[:first])


def enlist(world: World, sites: Sequence[int]) -> dict[int, bytes]:
    """Admit sites, each with an account and an approved version; the versions by site."""
    roots = {site: new_signer() for site in sites}
    for site in sites:
        world.members[site] = new_signer()
    said = digest("admitted"), digest("s")
    admissions = [
        ContractCall("Consortium", "admit", (site, int(Role.SITE), root.address, *said))
        for site, root in roots.items()
    ]
    send_calls(world.client, world.admin, admissions)
    with ThreadPoolExecutor(len(sites)) as pool:
        found = list(pool.map(lambda site: settle(world, site, roots[site]), sites))
    approvals = [
        ContractCall(
            "DatasetRegistry",
            "approve",
            (version, digest(f"qc {site} v1"), RULES, digest("approved")),
        )
        for site, version in zip(sites, found, strict=True)
    ]
    send_calls(world.client, world.members[REVIEWER], approvals)
    return dict(zip(sites, found, strict=True))


def settle(world: World, site: int, root: Signer) -> bytes:
    """What one site does by itself: accept, enrol, register; its version."""
    own = World(Client(world.client.network), world.admin, members=world.members)
    account, role = world.members[site], int(Role.SITE)
    own.send(root, "Consortium", "acceptRoot", site)
    own.send(root, "Consortium", "enrol", site, account.address, role, digest("enrolled"))
    own.send(account, "Consortium", "accept", site, role)
    return own.register(site, "v1")


def send_calls(client: Client, signer: Signer, calls: Sequence[ContractCall]) -> None:
    """Send acts that do not wait for each other."""
    first = nonces(client, signer.address).mined
    outcomes = Pipeline(client, signer).sign(calls, first)
    if refused := [one for one in outcomes if isinstance(one, Refused)]:
        raise refused[0]
    send_all(client.network, [one for one in outcomes if isinstance(one, Signed)])


def open_runs(world: World, sites: list[int], count: int, pair: int) -> list[bytes]:
    """Open many runs by transactions that do not wait for each other."""
    client = world.client
    participants = sum(1 << site for site in sites)
    named = [(digest(f"plan {pair} {n}"), digest(f"opened {n}")) for n in range(count)]
    calls = []
    for plan, said in named:
        opening = (plan, PURPOSE, participants, digest("m"), bytes(32), bytes(32), said, 0, SEEDED)
        calls.append(ContractCall("TrainingLedger", "openRun", (opening,)))
    send_calls(client, world.members[AGGREGATOR], calls)
    return reader.read_many(client, [reader.run_id(AGGREGATOR, *one) for one in named])


def queue(world: World, path: Path, site: int, version: bytes, runs: list[bytes]) -> None:
    """One site's outbox with a commit to each run."""
    desk = Desk.open(path, world.client.network, world.members[site], site)
    with desk.outbox.together():
        for run in runs:
            update = sha256(run + bytes([site])).digest()
            act = CommitUpdate("m", run, 1, update, digest("m"), version, digest("committed"))
            desk.outbox.put(act.key, lane=act.lane, kind=act.kind, act=act.to_json())
    desk.outbox.close()


def drain(world: World, path: Path, site: int) -> None:
    """One site's agent works on its outbox."""
    desk = Desk.open(path, near(world.client.network, site), world.members[site], site)
    while desk.outbox.has(State.QUEUED, State.SENT):
        if not desk.pump.step():
            time.sleep(POLL_SECONDS)
    if set(desk.states()) != {State.FINAL}:
        raise SystemExit(f"not final: {desk.notes()}")


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
    """Send what is signed, with as much under way at a time as an agent has."""
    client, pipeline = Client(network), Pipeline(Client(network), new_signer())
    waiting: list[Signed] = []
    rest = ready
    while waiting or rest:
        room = min(TOGETHER, MAX_IN_FLIGHT - len(waiting))
        some, rest = rest[:room], rest[room:]
        if some and any(pipeline.offer(some)):
            raise SystemExit("a node does not take bare transactions")
        waiting += some
        if some and len(waiting) < MAX_IN_FLIGHT:
            continue
        time.sleep(POLL_SECONDS)
        used = nonces(client, ready[0].sender).mined
        mined = [signed.hash for signed in waiting if signed.nonce < used]
        if not all(found and found.succeeded for found in receipts(client, mined)):
            raise SystemExit("a bare transaction failed")
        waiting = [signed for signed in waiting if signed.nonce >= used]


def timed(work: Sequence[Callable[[], None]]) -> float:
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
        while not self.done.wait(WATCH_SECONDS):
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
