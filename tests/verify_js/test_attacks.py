"""The JavaScript verifier says of forged bundles and edited network files what the Python says."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.verify import verify
from dragon_ledger.provenance.qbft.light_client import DEFAULT_TRUSTING_PERIOD
from dragon_ledger.provenance.verdict import judge
from tests.provenance.bundle.corpus import cases
from tests.provenance.bundle.forgery import (
    FOUR,
    NEWEST,
    NOW,
    OLD,
    STRANGERS,
    TRUE,
    forged,
    network_file_of,
    new_block,
)
from tests.provenance.bundle.make_vectors import presented_of, published
from tests.provenance.bundle.mutants import canonical
from tests.provenance.qbft.network import Block
from tests.verify_js.verifier import VECTORS, Json, ask

Attack = tuple[tuple[int, ...], int | None, tuple[Block, ...]]
"""Members of the network, when they were vouched for, and the forged headers."""

OWN_KEYS = (3, *STRANGERS)
ATTACKS: dict[str, Attack] = {
    "a quarter alone": (FOUR, None, (new_block((3,), (3,)),)),
    "a quarter with own keys": (FOUR, None, (new_block(OWN_KEYS, OWN_KEYS),)),
    "a quarter under the true set": (FOUR, None, (new_block(FOUR, (3,)),)),
    "in two steps": (
        FOUR,
        None,
        (new_block(OWN_KEYS, OWN_KEYS, 10**6 - 1), new_block(STRANGERS, STRANGERS)),
    ),
    "a half": (FOUR, None, (new_block((2, 3), (2, 3)),)),
    "three quarters": (FOUR, None, (new_block(FOUR, (1, 2, 3)),)),
    "exactly a third of three": ((0, 1, 2), None, (new_block((2,), (2,)),)),
    "two thirds of three": ((0, 1, 2), None, (new_block((0, 1, 2), (0, 1)),)),
    "keys of removed validators": ((4, 5, 6, 7), None, (new_block(FOUR, FOUR),)),
    "just within the period": (
        FOUR,
        NOW - DEFAULT_TRUSTING_PERIOD + 1,
        (new_block(FOUR, FOUR),),
    ),
    "trust has expired": (FOUR, NOW - DEFAULT_TRUSTING_PERIOD, (new_block(FOUR, FOUR),)),
    "expired, and headers in disorder": (
        FOUR,
        NOW - DEFAULT_TRUSTING_PERIOD,
        (new_block(FOUR, FOUR), new_block(FOUR, FOUR, 10**6 - 1)),
    ),
    "vouched for in the future": (FOUR, NOW * 1000, (new_block(FOUR, FOUR),)),
    "vouched for within the drift": (FOUR, NOW + 300, (new_block(FOUR, FOUR),)),
    "from the genesis block": (FOUR, None, (Block(0, FOUR, (), 0), new_block(FOUR, (0, 1, 2)))),
    "from another genesis block": (
        FOUR,
        None,
        (Block(0, STRANGERS, (), 11), new_block(FOUR, (0, 1, 2))),
    ),
    "the same header twice": (FOUR, None, (new_block(FOUR, FOUR), new_block(FOUR, FOUR))),
}


def question(network: Path, data: bytes) -> Json:
    model = cases()["valid"]["model"]
    return {
        "bundle": base64.b64encode(data).decode(),
        "network": str(network),
        "published": str(VECTORS / "published-code.json"),
        "demands": {
            "now": NOW,
            "maxAge": 60,
            "atLeastBlock": NEWEST.number,
            "acceptedCheckpoint": None,
        },
        "presented": {
            "fileDigest": model["file_digest"],
            "contentDigest": model["content_digest"],
            "contentError": None,
        },
    }


def test_forged_headers(tmp_path: Path) -> None:
    questions, expected = [], []
    for name, (members, time, blocks) in ATTACKS.items():
        network = network_file_of(members, time)
        file = tmp_path / f"{name}.json"
        network.save(file)
        data = forged(network, *blocks)
        questions.append(question(file, data))
        try:
            known = known_network(network, published())
            found = verify(data, known, Demands(NOW, max_age=60, at_least_block=NEWEST.number))
            facts = found.facts_of_file(presented_of(cases()["valid"]))
            expected.append(str(judge(facts, NOW).answer))
        except ProofError:
            expected.append("refused")
    found_in_js = [one["outcome"] for one in ask(questions)]
    assert dict(zip(ATTACKS, found_in_js, strict=True)) == dict(zip(ATTACKS, expected, strict=True))
    assert {"valid", "refused", "not verifiable"} == set(expected)


def exchanged(network: Json) -> None:
    contracts = network["contracts"]
    one, other = contracts["DatasetRegistry"], contracts["ModelRegistry"]
    one["address"], other["address"] = other["address"], one["address"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda n: n.update(chain_id=n["chain_id"] + 1), "chain.chain_id"),
        (lambda n: n["contracts"]["Consortium"].update(address="0x" + "11" * 20), "contracts.Cons"),
        (lambda n: n["contracts"]["Consortium"].update(code_hash="0x" + "11" * 32), "code of Cons"),
        (exchanged, "contracts.DatasetRegistry"),
        (lambda n: n["validators"].update(block=10**9), "header 66"),
        (lambda n: n.update(genesis_hash="0x" + "11" * 32), "network file: validators.hash"),
        (lambda n: n.update(validators=None), None),
    ],
    ids=["chain", "address", "code", "exchanged", "later root", "contradiction", "no validators"],
)
def test_an_edited_network_file(
    tmp_path: Path, change: Callable[[Json], object], part: str | None
) -> None:
    network = json.loads((VECTORS / "sealed.network.json").read_text())
    change(network)
    file = tmp_path / "network.json"
    file.write_text(json.dumps(network))
    [found] = ask([question(file, canonical(OLD))])
    if part is None:
        assert found["outcome"] == "not verifiable"
    else:
        assert (found["outcome"], found["part"][: len(part)]) == ("refused", part)


@pytest.mark.parametrize("headers", [TRUE["headers"], [*OLD["headers"], *TRUE["headers"]]])
def test_an_old_state_under_newer_headers(headers: list[str]) -> None:
    grafted = canonical(OLD | {"chain": TRUE["chain"], "headers": headers})
    [found] = ask([question(VECTORS / "revoked.network.json", grafted)])
    assert found["outcome"] == "refused"
