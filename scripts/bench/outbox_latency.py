"""Time from an update dropped to its commit final, through a whole agent; p50 and p99.

    python -m scripts.bench.outbox_latency --commits 40 --block-time 1 --poll 0.25

One site commits to one open round again and again (each commit replaces the one before). The agent
runs in a thread of this process and polls as configured; the node mines every `--block-time` s.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.federation.aggregator import open_aggregator
from dragon_ledger.federation.opening import request_run
from dragon_ledger.quality.rules import built_in
from dragon_ledger.site.agent import open_agent
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.outbox import State
from dragon_ledger.site.status import read_status
from tests.chain.world import PURPOSE
from tests.federation.training import NAME, plan_file
from tests.site.conftest import AGGREGATOR, REVIEWER, populate
from tests.site.place import PASSWORD, Stage

SITE = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=40)
    parser.add_argument("--block-time", type=int, default=1, help="seconds; 0 mines at once")
    parser.add_argument("--poll", type=float, default=0.25, help="seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with EmbeddedNode(folder / "node") as node:
            config, version = prepare(node.url, folder)
        mining = {"--block-time": str(options.block_time)} if options.block_time else {}
        with EmbeddedNode(folder / "node", options=mining):
            seconds = measure(config, version, folder / "m.h5", options)
    seconds.sort()
    worst = seconds[min(len(seconds) - 1, round(0.99 * len(seconds)))]
    print(
        f"{len(seconds)} commits, block time {options.block_time} s, poll {options.poll} s:"
        f" p50 {statistics.median(seconds):.2f} s, p99 {worst:.2f} s"
    )


def prepare(url: str, folder: Path) -> tuple[SiteConfig, bytes]:
    """A site with an approved version, in a run that is open."""
    stage = Stage.build(populate(url), folder)
    config = stage.site(SITE)
    version = stage.world.register(SITE, "data")
    stage.world.approve(REVIEWER, SITE, "data")
    centre = stage.aggregator(AGGREGATOR)
    write_model(folder / "m.h5", 0)
    plan = plan_file(folder, PURPOSE, 1)
    alone = plan.read_text().replace('"minimum_participants": 2', '"minimum_participants": 1')
    plan.write_text(alone)
    request_run(centre, plan, folder / "m.h5", (SITE,), "", None)
    with open_aggregator(centre, PASSWORD) as aggregator:
        aggregator.tick()
        aggregator.tick()
    return config, version


def measure(
    config: SiteConfig, version: bytes, base: Path, options: argparse.Namespace
) -> list[float]:
    connection = replace(config.connection, poll_seconds=options.poll)
    stop, ready = threading.Event(), threading.Event()
    agent = threading.Thread(
        target=run_agent, args=(replace(config, connection=connection), stop, ready)
    )
    agent.start()
    ready.wait()
    wait_for((config.folder / "drop" / NAME / "run.json").exists)
    seconds = [drop(config, version, base, number) for number in range(1, options.commits + 1)]
    stop.set()
    agent.join()
    return seconds


def run_agent(config: SiteConfig, stop: threading.Event, ready: threading.Event) -> None:
    with open_agent(config, PASSWORD, built_in()) as agent:
        ready.set()
        agent.run(stop)


def drop(config: SiteConfig, version: bytes, base: Path, number: int) -> float:
    folder = config.folder / "drop" / NAME / "1"
    folder.mkdir(exist_ok=True)
    write_model(folder / ".update", number)
    (folder / ".update").replace(folder / "update.h5")
    if number == 1:
        shutil.copyfile(base, folder / "base.h5")
    statement = {
        "dataset_version": version.hex(),
        "weight": number,
        "digested": "plain",
        "code_version": "bench",
    }
    (folder / ".statement").write_text(json.dumps(statement))
    start = time.perf_counter()
    (folder / ".statement").replace(folder / "statement.json")
    wait_for(lambda: read_status(config.folder).count(State.FINAL) >= number)
    return time.perf_counter() - start


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def write_model(path: Path, seed: int) -> None:
    with h5py.File(path, "w") as file:
        file["kernel"] = np.random.default_rng(seed).normal(size=1000).astype(np.float32)


if __name__ == "__main__":
    main()
