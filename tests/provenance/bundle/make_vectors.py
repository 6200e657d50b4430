"""Writes tests/vectors/evidence-bundle: bundles of a real chain, network files, verdicts.

    .venv/bin/python -m tests.provenance.bundle.make_vectors

The state is a real chain's (Anvil); its validators' seals are made with test keys. The files are
committed: another run has other accounts and times.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from dragon_ledger.chain import evidence
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.network import CONTRACTS, Network
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.digests.hdf5 import Hdf5Worker
from dragon_ledger.errors import NotCovered, ProofError
from dragon_ledger.provenance.bundle.build import Proof, build
from dragon_ledger.provenance.bundle.entries import Settings
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.places import slots_for
from dragon_ledger.provenance.bundle.published import PublishedCode, read_published
from dragon_ledger.provenance.bundle.verify import verify
from dragon_ledger.provenance.qbft.header import encode_rpc_header
from dragon_ledger.provenance.results import Presented
from dragon_ledger.provenance.to_json import verdict_json
from dragon_ledger.provenance.verdict import judge
from tests.chain.world import World, digest, fresh_world
from tests.provenance.bundle import history, sealing
from tests.provenance.bundle.history import CARD, Told

HERE = Path(__file__).resolve().parents[2] / "vectors" / "evidence-bundle"
LATER = 60
VERSION = "0.1.0"
"""The release whose contracts the vectors' chains run."""
Json = dict[str, Any]


@dataclass
class Writer:
    """Writes cases one after another."""

    world: World
    model: Json
    cases: list[Json] = field(default_factory=list)

    def collect(self, digests: Sequence[bytes]) -> evidence.Collected:
        return evidence.collect(self.world.client, digests, slots_for, lambda *_: None)

    def plain(self, name: str, found: evidence.Collected, documents: Sequence[bytes] = ()) -> Json:
        """A bundle as a single operator's chain gives it."""
        block = found.facts[0].as_of.block
        headers = [encode_rpc_header(found.headers[block])]
        data = build(found.facts, _proof(found, headers), documents)
        return self._files(name, data, self._network(None, None))

    def sealed(
        self,
        name: str,
        found: evidence.Collected,
        seal: Any = sealing.sealed_state,
        documents: Sequence[bytes] = (),
    ) -> Json:
        """The same state under validators' seals."""
        as_of = found.facts[0].as_of
        root = bytes.fromhex(found.headers[as_of.block]["stateRoot"][2:])
        made: sealing.Sealed = seal(root, as_of.block, as_of.time)
        genesis = bytes.fromhex(made.validators["hash"][2:])
        facts = [
            replace(one, as_of=replace(one.as_of, genesis_hash=genesis)) for one in found.facts
        ]
        data = build(facts, _proof(found, made.headers), documents)
        return self._files(name, data, self._network(dict(made.validators), genesis))

    def _network(self, validators: Json | None, genesis: bytes | None) -> Network:
        network = self.world.client.network
        return replace(
            network,
            rpc=(),
            validators=validators,
            genesis_hash=genesis or network.genesis_hash,
            checkpoint=None if genesis else network.checkpoint,
        )

    def _files(self, name: str, data: bytes, network: Network) -> Json:
        (HERE / f"{name}.evidence.json").write_bytes(data)
        network.save(HERE / f"{name}.network.json")
        return {"bundle": f"{name}.evidence.json", "network": f"{name}.network.json"}

    def case(
        self, name: str, files: Json, now: int, model: Json | None = None, **demands: Any
    ) -> None:
        """One question to a bundle, and what comes out."""
        asked = {"now": now, "max_age": None, "at_least_block": None, "accepted_checkpoint": None}
        entry = {"name": name, **files, "demands": asked | demands, "model": model or self.model}
        entry |= answer(entry)
        verdict = entry.pop("verdict", None)
        if verdict is not None:
            entry["verdict"] = f"{name}.verdict.json"
            path = HERE / entry["verdict"]
            path.write_text(json.dumps(verdict, indent=1, sort_keys=True) + "\n")
        self.cases.append(entry)


def _proof(found: evidence.Collected, headers: Sequence[bytes]) -> Proof:
    return Proof(headers, found.nodes, Settings(found.required_approvals, found.root_delay))


def demands_of(entry: Json) -> Demands:
    """The demands of a case."""
    asked = dict(entry["demands"])
    checkpoint = asked.pop("accepted_checkpoint")
    accepted = None if checkpoint is None else bytes.fromhex(checkpoint[2:])
    return Demands(accepted_checkpoint=accepted, **asked)


def presented_of(entry: Json) -> Presented:
    """The presented file of a case."""
    content = entry["model"]["content_digest"]
    return Presented(
        bytes.fromhex(entry["model"]["file_digest"]),
        None if content is None else bytes.fromhex(content),
    )


def published() -> tuple[PublishedCode, ...]:
    """The code that was published when the vectors were made."""
    return published_at(HERE / "published-code.json")


@cache
def published_at(path: Path) -> tuple[PublishedCode, ...]:
    """The code of a file that `publish` wrote."""
    return (read_published(VERSION, json.loads(path.read_text())),)


def publish(path: Path) -> None:
    """Keep the code that bundles prove; the contracts' later changes leave them alone."""
    documents = {}
    for name in CONTRACTS:
        source = files("dragon_ledger.chain").joinpath("artifacts", f"{name}.json")
        whole = json.loads(source.read_text(encoding="utf-8"))
        documents[name] = {key: whole[key] for key in ("deployedBytecode", "immutableReferences")}
    path.write_text(json.dumps(documents, indent=1) + "\n")


def answer(entry: Json, data: bytes | None = None) -> Json:
    """What comes out of a case: a verdict, a refusal, or nothing about the model."""
    network = known_network(Network.load(HERE / entry["network"]), published())
    data = (HERE / entry["bundle"]).read_bytes() if data is None else data
    demands, presented = demands_of(entry), presented_of(entry)
    try:
        facts = verify(data, network, demands).facts_of_file(presented)
    except ProofError as error:
        return {"outcome": "refused", "error": str(error)}
    except NotCovered:
        return {"outcome": "not covered"}
    verdict = verdict_json(judge(facts, demands.now, presented))
    return {"outcome": verdict["answer"], "verdict": verdict}


def _model() -> Json:
    """A small model file, written once."""
    path = HERE / "model.h5"
    if not path.exists():
        with h5py.File(path, "w") as file:
            file["model_weights/dense/kernel"] = np.arange(12, dtype="<f4").reshape(3, 4)
            file["model_weights/dense/bias"] = np.zeros(4, dtype="<f4")
    with Hdf5Worker() as worker:
        content = worker.digest(path).value.hex()
    by_bytes = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": "model.h5", "file_digest": by_bytes, "content_digest": content}


def _states(writer: Writer, told: Told) -> None:
    """The state as trained and released: sealed, moved, unsealed, stale, expired."""
    found = writer.collect([told.released])
    now, block = found.facts[0].as_of.time + LATER, found.facts[0].as_of.block
    files = writer.sealed("sealed", found)
    writer.case("valid", files, now)
    writer.case("too-old", files, now + 1000, max_age=600)
    writer.case("young-enough", files, now, max_age=600)
    writer.case("block-too-early", files, now, at_least_block=block + 1)
    writer.case("trust-expired", files, now + 181 * 86_400)
    writer.case("other-model", files, now, _invented("other"))
    writer.case("content-not-read", files, now, writer.model | {"content_digest": None})
    moved = writer.sealed("moved-validators", found, sealing.moved_state)
    writer.case("moved-validators", moved, now)
    attached = writer.sealed("attached", found, documents=[CARD])
    writer.case("attached", attached, now)
    plain = writer.plain("single-operator", found)
    checkpoint = "0x" + found.facts[0].as_of.block_hash.hex()
    writer.case("single-operator", plain, now)
    writer.case("checkpoint-accepted", plain, now, accepted_checkpoint=checkpoint)
    other = "0x" + digest("another block").hex()
    writer.case("checkpoint-of-another-block", plain, now, accepted_checkpoint=other)
    few = writer.sealed("too-few-seals", found, _with_two_seals)
    writer.case("too-few-seals", few, now)


def _unusual_roots(writer: Writer, told: Told) -> None:
    """Network files that vouch for the future, and bundles that carry the genesis header."""
    found = writer.collect([told.released])
    now = found.facts[0].as_of.time + LATER
    for name, seal in (
        ("vouched-in-the-future", sealing.vouched_in_the_future),
        ("genesis-header", sealing.with_genesis_header),
        ("genesis-names-others", _with_another_member),
    ):
        writer.case(name, writer.sealed(name, found, seal), now)


def _with_another_member(root: bytes, number: int, time: int) -> sealing.Sealed:
    return sealing.with_genesis_header(root, number, time, (0, 1, 2, 9))


def _with_two_seals(root: bytes, number: int, time: int) -> sealing.Sealed:
    return sealing.sealed_state(root, number, time, (0, 1))


def _invented(label: str) -> Json:
    return {
        "file": None,
        "file_digest": digest(f"{label} file").hex(),
        "content_digest": digest(f"{label} content").hex(),
    }


def _others(writer: Writer, told: Told) -> None:
    """Other digests than the released aggregate."""
    by_file = writer.collect([told.file])
    now = by_file.facts[0].as_of.time + LATER
    writer.case("by-file-digest", writer.sealed("by-file-digest", by_file), now)
    foreign = _invented("never released")
    wanted = [bytes.fromhex(foreign[key]) for key in ("file_digest", "content_digest")]
    absent = writer.sealed("never-released", writer.collect(wanted))
    writer.case("never-released", absent, now, foreign)
    aggregate = _invented("unreleased") | {"content_digest": told.unreleased.hex()}
    files = writer.sealed("never-released-aggregate", writer.collect([told.unreleased]))
    writer.case("never-released-aggregate", files, now, aggregate)


def _later(writer: Writer, told: Told, name: str) -> None:
    found = writer.collect([told.released])
    now = found.facts[0].as_of.time + LATER
    writer.case(name, writer.sealed(name, found), now)


def main() -> None:
    """Play the history and write every case."""
    HERE.mkdir(exist_ok=True)
    publish(HERE / "published-code.json")
    model = _model()
    with tempfile.TemporaryDirectory() as folder, EmbeddedNode(Path(folder)) as node:
        world = fresh_world(node.url)
        writer = Writer(world, model)
        history.found(world)
        content, file = (bytes.fromhex(model[key]) for key in ("content_digest", "file_digest"))
        told = history.train(world, content, file, hashlib.sha256(CARD).digest())
        _states(writer, told)
        _unusual_roots(writer, told)
        _others(writer, told)
        history.revoke(world, told)
        _later(writer, told, "revoked")
        history.withdraw(world, told)
        _later(writer, told, "withdrawn")
        world.client.close()
    document = {"format": "dragon-evidence-vectors/1", "cases": writer.cases}
    (HERE / "cases.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
