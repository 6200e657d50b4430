"""Latency of `GET /v1/verdicts/{digest}` over HTTP, one worker, as the index grows.

Example: .venv/bin/python -m scripts.bench.api_latency --models 1000 10000 100000 --requests 5000
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from api.settings import template
from dragon_ledger.chain.client import identify
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.network import Contract, Network
from dragon_ledger.index.database import open_database
from scripts.bench.ledger_filler import ADDRESSES, aggregate, fill

WARM_UP = 300


def prepare(folder: Path, node: EmbeddedNode, models: int) -> int:
    """An index and a configuration; the number of facts in the index."""
    chain_id, genesis = identify(node.url)
    contracts = {name: Contract(value, bytes(32), 0) for name, value in ADDRESSES.items()}
    Network(chain_id, genesis, contracts, (node.url,)).save(folder / "network.json")
    text = template(folder / "network.json", port=0).replace("follow = true", "follow = false")
    (folder / "api.toml").write_text(text)
    engine = open_database(f"sqlite:///{folder}/index.sqlite")
    facts: int = fill(engine, models, chain_id, genesis)
    engine.dispose()
    return facts


def measure(url: str, models: int, requests: int) -> list[float]:
    """Milliseconds of each request, every one for another model at random."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    chosen = random.Random(1)  # noqa: S311 - which models are asked for is no secret
    taken = []
    for number in range(WARM_UP + requests):
        path = f"/v1/verdicts/{aggregate(chosen.randrange(models)).hex()}"
        started = time.perf_counter()
        connection.request("GET", path)
        body = connection.getresponse().read()
        elapsed = 1000 * (time.perf_counter() - started)
        answer = json.loads(body)["answer"]
        if answer != "valid":
            raise SystemExit(f"{path}: {answer}: {json.loads(body)['summary']}")
        if number >= WARM_UP:
            taken.append(elapsed)
    return taken


def run(models: int, requests: int) -> None:
    """Measure one size and print a line."""
    with tempfile.TemporaryDirectory() as name, EmbeddedNode(Path(name) / "node") as node:
        folder = Path(name)
        facts = prepare(folder, node, models)
        program = str(Path(sys.executable).with_name("dragon-ledger"))
        command = [program, "api", "serve", "--config", str(folder / "api.toml")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            url = (process.stdout.readline() if process.stdout else "").split()[-1]
            time.sleep(2)
            try:
                taken = measure(url, models, requests)
            finally:
                process.terminate()
    cuts = statistics.quantiles(taken, n=100)
    size = f"{models:>8} models {facts:>9} facts"
    print(f"{size}  p50 {cuts[49]:6.2f} ms  p99 {cuts[98]:6.2f} ms  max {max(taken):6.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--requests", type=int, default=5_000)
    options = parser.parse_args()
    for models in options.models:
        run(models, options.requests)


if __name__ == "__main__":
    main()
