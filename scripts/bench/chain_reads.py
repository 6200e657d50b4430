"""Time the facts of a large trace, straight from a node.

    .venv/bin/python scripts/bench/chain_reads.py [--sites 100] [--rounds 100] [--repeat 5]

Builds a run on an embedded node (minutes), then reads its facts with every check, several times.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from eth_account import Account

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.facts import facts_for
from dragon_ledger.chain.rpc import Call
from dragon_ledger.chain.sender import receipts

NONE, FAR = bytes(32), 4_000_000_000
PURPOSE, RULES = sha256(b"purpose").digest(), sha256(b"rules").digest()
AGGREGATOR, REVIEWER, RELEASER = 253, 254, 255


def digest(*parts: object) -> bytes:
    return sha256(repr(parts).encode()).digest()


class Bulk:
    """Sends many transactions at a time, nonces counted here and gas fixed."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.nonces: dict[bytes, int] = {}

    def send(self, acts: Iterable[tuple[Signer, ContractCall]]) -> None:
        """Send all and wait until each is mined; a signer's acts keep their order."""
        calls, hashes = [], []
        for signer, call in acts:
            nonce = self.nonces.get(signer.address, 0)
            self.nonces[signer.address] = nonce + 1
            signed = signer.sign(
                {
                    "chainId": self.client.network.chain_id,
                    "to": self.client.network.contract(call.contract).address,
                    "data": call.encode(),
                    "value": 0,
                    "nonce": nonce,
                    "gas": 10_000_000,
                    "gasPrice": 0,
                }
            )
            calls.append(Call("eth_sendRawTransaction", ("0x" + signed.raw.hex(),)))
            hashes.append(signed.hash)
        self.client.batch(calls)
        found = receipts(self.client, hashes)
        while None in found:
            time.sleep(0.002)
            found = receipts(self.client, hashes)
        if not all(receipt and receipt.succeeded for receipt in found):
            raise SystemExit("a transaction of the preparation reverted")


def call(contract: str, function: str, *arguments: object) -> ContractCall:
    return ContractCall(contract, function, arguments)


def enrol(bulk: Bulk, admin: Signer, roles: dict[int, int]) -> dict[int, Signer]:
    roots = {number: Signer(Account.create()) for number in roles}
    members = {number: Signer(Account.create()) for number in roles}
    said = digest("said")
    for number, role in roles.items():
        root, member = roots[number], members[number]
        acts = [
            (admin, call("Consortium", "admit", number, role, root.address, said, said)),
            (root, call("Consortium", "acceptRoot", number)),
            (root, call("Consortium", "enrol", number, member.address, role, said)),
            (member, call("Consortium", "accept", number, role)),
        ]
        for act in acts:
            bulk.send([act])
    return members


def register(bulk: Bulk, members: dict[int, Signer], sites: Sequence[int]) -> dict[int, bytes]:
    said = digest("said")

    def registration(site: int) -> tuple[object, ...]:
        commitment, report = digest("data", site), digest("qc", site)
        return (commitment, NONE, report, said, RULES, PURPOSE, said, FAR, 15, True)

    bulk.send(
        (members[site], call("DatasetRegistry", "register", registration(site))) for site in sites
    )
    views = [reader.version_id(site, digest("data", site)) for site in sites]
    versions = dict(zip(sites, reader.read_many(bulk.client, views), strict=True))
    for site in sites:
        approve = call(
            "DatasetRegistry", "approve", versions[site], digest("qc", site), RULES, said
        )
        bulk.send([(members[REVIEWER], approve)])
    return versions


def train(bulk: Bulk, members: dict[int, Signer], versions: dict[int, bytes], rounds: int) -> bytes:
    said, mask = digest("said"), sum(1 << site for site in versions)
    opening = (digest("plan"), PURPOSE, mask, digest("model", 0), NONE, NONE, said, 0, 2)
    bulk.send([(members[AGGREGATOR], call("TrainingLedger", "openRun", opening))])
    run = reader.read(bulk.client, reader.run_id(AGGREGATOR, digest("plan"), said))
    for number in range(1, rounds + 1):
        base = digest("model", number - 1)
        bulk.send(
            (
                members[site],
                call(
                    "TrainingLedger",
                    "commitUpdate",
                    *(run, number, digest("update", number, site), base, version, said, NONE),
                ),
            )
            for site, version in versions.items()
        )
        leaves = reader.read(bulk.client, reader.leaves_hash(run, number, mask))
        close = (run, number, digest("model", number), mask, leaves, said)
        bulk.send([(members[AGGREGATOR], call("TrainingLedger", "closeRound", *close))])
    model = digest("model", rounds)
    release = (run, rounds, model, digest("file"), said, said)
    bulk.send([(members[RELEASER], call("ModelRegistry", "release", *release))])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedNode(Path(folder) / "node") as node:
        began = time.perf_counter()
        admin = Signer(Account.create())
        client = Client(deploy([node.url], Signer(Account.create()), admin=admin.address))
        bulk = Bulk(client)
        sites = range(1, options.sites + 1)
        roles = {**dict.fromkeys(sites, 1), AGGREGATOR: 4, REVIEWER: 2, RELEASER: 8}
        members = enrol(bulk, admin, roles)
        rules = call("Consortium", "acceptRuleSet", RULES, 15, 0, 0, digest("said"))
        bulk.send([(admin, rules)])
        model = train(bulk, members, register(bulk, members, sites), options.rounds)
        print(f"built in {time.perf_counter() - began:.1f} s, block {client.block().number}")
        seconds = []
        for _ in range(options.repeat):
            began = time.perf_counter()
            facts = facts_for(client, model)
            seconds.append(time.perf_counter() - began)
        updates = sum(len(closed.updates) for run in facts.runs for closed in run.rounds)
        print(
            f"facts of {options.sites} sites x {options.rounds} rounds ({updates} updates): "
            f"min {min(seconds):.2f} s, median {statistics.median(seconds):.2f} s, "
            f"max {max(seconds):.2f} s over {options.repeat} readings"
        )


if __name__ == "__main__":
    main()
