"""Export, size and verification of evidence bundles of whole traces, on a fresh embedded node.

    python -m scripts.bench.evidence --sites 100 --rounds 100
        [--model-signing PYTHON] [--scitt PYTHON]

One process verifies; the command is the installed program, started anew each time, with its own
start and the hashing of a small model. The options name Pythons that have the peers, whose checks
of the same model are then timed in the same run (scripts/bench/evidence_peers.py).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
from eth_account import Account

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Signer
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.cli.evidence_bundle import export
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.digests.hdf5 import hdf5_content_digest
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.verify import verify
from dragon_ledger.provenance.results import Presented
from dragon_ledger.provenance.verdict import judge
from scripts.bench.chain_reads import (
    AGGREGATOR,
    PURPOSE,
    RELEASER,
    REVIEWER,
    RULES,
    Bulk,
    call,
    digest,
    enrol,
    register,
    train,
)
from scripts.bench.evidence_peers import PEERS, peer

NONE = bytes(32)
VALID = 0


def measured(what: str, work: Callable[[], object], repeat: int) -> None:
    """Print how long something takes, and its least processor time, child processes included.

    Work that returns a float has taken its own time, in seconds.
    """
    seconds, busy = [], []
    for _ in range(repeat):
        began, at_work = time.perf_counter(), sum(os.times()[:4])
        told = work()
        taken = told if isinstance(told, float) else time.perf_counter() - began
        seconds.append(1000 * taken)
        busy.append(1000 * (sum(os.times()[:4]) - at_work))
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    print(
        f"  {what}: min {low:.0f} ms, median {middle:.0f} ms, max {high:.0f} ms of {repeat};"
        f" processor {min(busy):.0f} ms"
    )


def found(client: Client, admin: Signer, sites: int) -> tuple[Bulk, dict[int, Signer]]:
    """Members and rules."""
    bulk = Bulk(client)
    roles = {**dict.fromkeys(range(1, sites + 1), 1), AGGREGATOR: 4, REVIEWER: 2, RELEASER: 8}
    members = enrol(bulk, admin, roles)
    bulk.send([(admin, call("Consortium", "acceptRuleSet", RULES, 15, 0, 0, digest("said")))])
    return bulk, members


def fork(
    bulk: Bulk,
    members: dict[int, Signer],
    versions: dict[int, bytes],
    rounds: int,
    model: Path,
) -> None:
    """One more round of one site on top, whose aggregate is a real file's content; its release."""
    said = digest("said")
    first = reader.read(bulk.client, reader.run_id(AGGREGATOR, digest("plan"), said))
    base = digest("model", rounds)
    opening = (digest("fork"), PURPOSE, 1 << 1, base, first, NONE, said, rounds, 1)
    bulk.send([(members[AGGREGATOR], call("TrainingLedger", "openRun", opening))])
    run = reader.read(bulk.client, reader.run_id(AGGREGATOR, digest("fork"), said))
    update = (run, 1, digest("last"), base, versions[1], said, NONE)
    bulk.send([(members[1], call("TrainingLedger", "commitUpdate", *update))])
    leaves = reader.read(bulk.client, reader.leaves_hash(run, 1, 1 << 1))
    aggregate = hdf5_content_digest(model).value
    close = (run, 1, aggregate, 1 << 1, leaves, said)
    bulk.send([(members[AGGREGATOR], call("TrainingLedger", "closeRound", *close))])
    file = hashlib.sha256(model.read_bytes()).digest()
    release = (run, 1, aggregate, file, said, said)
    bulk.send([(members[RELEASER], call("ModelRegistry", "release", *release))])


def run(
    folder: Path, sites: int, rounds: int, repeat: int, peers: Sequence[tuple[str, str]]
) -> None:
    """Build one trace and take every figure of it."""
    model, bundle, network = (folder / name for name in ("model.h5", "b.json", "network.json"))
    with h5py.File(model, "w") as file:
        file["weights"] = np.arange(1000.0)
    with EmbeddedNode(folder / "node") as node:
        admin = Signer(Account.create())
        client = Client(deploy([node.url], Signer(Account.create()), admin=admin.address))
        client.network.save(network)
        bulk, members = found(client, admin, sites)
        versions = register(bulk, members, range(1, sites + 1))
        train(bulk, members, versions, rounds)
        fork(bulk, members, versions, rounds, model)
        content = hdf5_content_digest(model).value
        print(f"{sites} sites x {rounds} rounds, and one round on top:")
        measured("facts alone, from the node", lambda: facts_for(client, content), repeat)
        measured("export, verified before it is given", lambda: export(client, [content]), repeat)
        data, evidence = export(client, [content])
    bundle.write_bytes(data)
    nodes = sum(map(len, evidence.bundle.nodes))
    print(
        f"  bundle: {len(data)} bytes, {len(evidence.bundle.nodes)} trie nodes of {nodes} bytes;"
        f" gzip {_zipped(data)} bytes"
    )
    _verify(data, client, model, repeat)
    checkpoint = "0x" + evidence.as_of.block_hash.hex()
    measured("verify, as a command", lambda: _command(model, bundle, network, checkpoint), repeat)
    for python, name in peers:
        with peer(python, name, model) as checks:
            for what, check in checks.items():
                measured(what, check, repeat)


def _zipped(data: bytes) -> int:
    return len(gzip.compress(data))


def _verify(data: bytes, client: Client, model: Path, repeat: int) -> None:
    known, now = known_network(client.network), int(time.time())
    content = hdf5_content_digest(model).value
    presented = Presented(hashlib.sha256(model.read_bytes()).digest(), content)
    proved = verify(data, known, Demands(now))
    facts = proved.facts_of_file(presented)
    measured(
        "verify in process: bundle to facts", lambda: verify(data, known, Demands(now)), repeat
    )
    measured("verify in process: facts to verdict", lambda: judge(facts, now, presented), repeat)


def _command(model: Path, bundle: Path, network: Path, checkpoint: str) -> None:
    program = str(Path(sys.executable).with_name("dragon-ledger"))
    options = ["--bundle", str(bundle), "--network", str(network)]
    done = subprocess.run(
        [program, "verify", str(model), *options, "--accept-checkpoint", checkpoint, "--json"],
        capture_output=True,
        check=False,
    )
    if done.returncode != VALID:
        raise SystemExit(done.stdout[:2000].decode() + done.stderr.decode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--model-signing", metavar="PYTHON")
    parser.add_argument("--scitt", metavar="PYTHON")
    options = parser.parse_args()
    pythons = (options.model_signing, options.scitt)
    peers = [(python, name) for python, name in zip(pythons, PEERS, strict=True) if python]
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options.sites, options.rounds, options.repeat, peers)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
