"""A bundle from the service proves offline what the service says, also while its node is away."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from api.evidence import EvidenceStore
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.verify import Evidence, verify
from dragon_ledger.provenance.verdict import judge
from tests.api.conftest import Ledger, content_digest, running
from tests.chain.world import digest

pytestmark = pytest.mark.slow


def evidence(known: Ledger, answer: httpx.Response) -> Evidence:
    assert answer.status_code == 200, answer.text
    network = known_network(known.world.client.network)
    return verify(answer.content, network, Demands(int(time.time())))


def test_a_bundle_says_what_the_service_says(known: Ledger) -> None:
    url, wanted = known.server.url, content_digest(known.model)
    answer = httpx.get(f"{url}/v1/models/{wanted.hex()}/evidence")
    found = judge(evidence(known, answer).facts(wanted), int(time.time()))
    said = httpx.get(f"{url}/v1/verdicts/{wanted.hex()}").json()
    outcomes = {check["id"]: check["outcome"] for check in said["checks"]}
    assert {check.id: str(check.outcome) for check in found.checks} == outcomes
    assert f"{wanted.hex()}.evidence.json" in answer.headers["Content-Disposition"]
    again = httpx.get(
        f"{url}/v1/models/{wanted.hex()}/evidence",
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304


def test_absence_is_proved(known: Ledger) -> None:
    wanted = digest("never seen")
    answer = httpx.get(f"{known.server.url}/v1/models/{wanted.hex()}/evidence")
    facts = evidence(known, answer).facts(wanted)
    assert (facts.releases, facts.origins) == ((), ())
    assert json.loads(answer.content)["runs"] == []


def test_the_last_bundle_is_kept_for_when_the_node_is_away(tmp_path: Path) -> None:
    with running(tmp_path) as ledger:
        url, wanted = ledger.server.url, content_digest(ledger.model).hex()
        newest = httpx.get(f"{url}/v1/models/{wanted}/evidence")
        assert "Warning" not in newest.headers
        ledger.node.stop()
        kept = httpx.get(f"{url}/v1/models/{wanted}/evidence", timeout=30)
        assert (kept.status_code, kept.content) == (200, newest.content)
        assert kept.headers["Warning"].startswith("110 ")
        other = httpx.get(f"{url}/v1/models/{'11' * 32}/evidence", timeout=30)
        assert other.status_code == 503
        assert "no evidence can be given now" in other.json()["detail"]


def test_a_folder_that_cannot_be_written_takes_nothing_from_who_asks(
    known: Ledger, tmp_path: Path
) -> None:
    taken = tmp_path / "evidence"
    taken.write_bytes(b"not a folder")
    store = EvidenceStore(taken, Client(Network.load(known.network)))
    served = store.bundle(content_digest(known.model))
    assert served.stale_reason is None
    assert b'"dragon-evidence/1"' in served.data
