"""Commits per second through the outbox, beside bare stores of the same size by bare senders.

    python scripts/bench/outbox_throughput.py --sites 8 --commits 250

Each site has its own outbox, account and process; the bare senders sign ahead and offer as fast
as they can with as many processes. One embedded node that mines every `--block-time` seconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from dragon_ledger.chain.accounts import Signed
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.network import Network
from dragon_ledger.chain.pipeline import Pipeline
from dragon_ledger.chain.sender import nonces, receipts, sign
from dragon_ledger.records import Role
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.outbox import State
from dragon_ledger.site.pump import POLL_SECONDS, TOGETHER
from tests.chain.world import World, new_signer
from tests.site.acts import Desk, registration
from tests.site.conftest import populate

FIRST_SITE = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=8)
    parser.add_argument("--commits", type=int, default=250, help="per site")
    parser.add_argument("--block-time", type=float, default=1.0, help="seconds; 0 mines at once")
    options = parser.parse_args()
    mining = {"--block-time": options.block_time} if options.block_time else {}
    with tempfile.TemporaryDirectory() as folder:
        at_once = EmbeddedNode(Path(folder) / "node")
        at_once.start()
        world = populate(at_once.url)
        for number in range(2 * options.sites):
            world.add(FIRST_SITE + number, Role.SITE)
        at_once.stop()
        with EmbeddedNode(Path(folder) / "node", options=mining):
            measure(world, Path(folder), options)


def measure(world: World, folder: Path, options: argparse.Namespace) -> None:
    network = world.client.network
    sites = range(FIRST_SITE, FIRST_SITE + options.sites)
    total = options.sites * options.commits
    rate = total / timed(
        [partial(drain, folder / f"{site}.sqlite", world, site, options.commits) for site in sites]
    )
    print(f"through the outbox   {rate:8.1f} acts/s, {options.sites} sites")
    ready = [
        sign_ahead(world, FIRST_SITE + options.sites + n, options.commits)
        for n in range(options.sites)
    ]
    bare = total / timed([partial(send_all, network, one) for one in ready])
    print(f"bare senders         {bare:8.1f} acts/s; the outbox reaches {100 * rate / bare:.0f} %")


def drain(path: Path, world: World, site: int, commits: int) -> None:
    """One site's agent with that many acts to send."""
    desk = Desk.open(path, world.client.network, world.members[site], site)
    for number in range(commits):
        desk.put(f"act {number}")
    while desk.outbox.has(State.QUEUED, State.SENT):
        if not desk.pump.step():
            time.sleep(POLL_SECONDS)
    if set(desk.states()) != {State.FINAL}:
        raise SystemExit(f"not final: {desk.notes()}")


def sign_ahead(world: World, site: int, commits: int) -> list[Signed]:
    """The same registrations, signed before the clock starts."""
    client, signer = Client(world.client.network), world.members[site]
    first = nonces(client, signer.address).mined
    ledger = Ledger(client, signer, site)
    acts = [registration(world.client.network, site, f"act {number}") for number in range(commits)]
    return [
        sign(client, signer, act.call(ledger), first + number) for number, act in enumerate(acts)
    ]


def send_all(network: Network, ready: list[Signed]) -> None:
    """Offer everything, in batches as large as an outbox's, and wait for the receipts."""
    client = Client(network)
    pipeline = Pipeline(client, new_signer())
    for start in range(0, len(ready), TOGETHER):
        if any(pipeline.offer(ready[start : start + TOGETHER])):
            raise SystemExit("the node does not take bare transactions")
    while None in receipts(client, [signed.hash for signed in ready]):
        time.sleep(POLL_SECONDS)


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


if __name__ == "__main__":
    main()
