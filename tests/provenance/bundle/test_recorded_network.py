"""Bundles that a real network of four validators gave, verified where no node is.

Written by tests/network/test_evidence.py with DRAGON_UPDATE_VECTORS=1.
"""

from __future__ import annotations

import json

import pytest

from dragon_ledger.chain.network import Network
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.known import Demands, KnownNetwork
from dragon_ledger.provenance.bundle.verify import Evidence, verify
from dragon_ledger.provenance.qbft.header import parse_header
from dragon_ledger.provenance.results import Answer
from dragon_ledger.provenance.verdict import judge
from tests.provenance.bundle.make_vectors import HERE, published_at

RECORDED = HERE / "recorded"
ASKED = json.loads((RECORDED / "asked.json").read_text())


def known() -> KnownNetwork:
    return known_network(
        Network.load(RECORDED / "network.json"), published_at(RECORDED / "published-code.json")
    )


def evidence(name: str) -> tuple[Evidence, int]:
    """A recorded bundle, verified a minute after its block."""
    data = (RECORDED / f"{name}.evidence.json").read_bytes()
    header = parse_header(bytes.fromhex(json.loads(data)["headers"][-1]))
    now = header.timestamp + 60
    return verify(data, known(), Demands(now)), now


@pytest.mark.parametrize(
    ("name", "validators"), [("everyone", 4), ("later-round", 3), ("three-validators", 3)]
)
def test_a_recorded_model_is_valid(name: str, validators: int) -> None:
    found, now = evidence(name)
    verdict = judge(found.facts(bytes.fromhex(ASKED["aggregate"])), now)
    assert verdict.answer is Answer.VALID, verdict.summary
    assert len(verdict.as_of.seals.validators) == validators
    assert 3 * len(verdict.as_of.seals.signers) >= 2 * validators


def test_a_recorded_absence_is_proved() -> None:
    found, now = evidence("everyone")
    verdict = judge(found.facts(bytes.fromhex(ASKED["never"])), now)
    assert verdict.check("release.exists").outcome == "FAIL"


def test_a_recorded_round_above_0_is_verified() -> None:
    found, _ = evidence("later-round")
    assert parse_header(found.bundle.headers[-1]).extra.round > 0


def test_after_the_trusting_period_nothing_is_sealed_for_us() -> None:
    data = (RECORDED / "everyone.evidence.json").read_bytes()
    late = Demands(4_000_000_000)
    assert verify(data, known(), late).as_of.seals.verified is None


def test_a_clock_that_is_behind_refuses_blocks_of_the_future() -> None:
    data = (RECORDED / "everyone.evidence.json").read_bytes()
    with pytest.raises(ProofError, match="in the future"):
        verify(data, known(), Demands(1_000_000_000))
