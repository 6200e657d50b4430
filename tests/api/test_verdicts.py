"""The questions that an auditor asks of a running service."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import httpx
import numpy as np
import pytest

from api import models
from dragon_ledger.digests.file import file_digest
from tests.api.conftest import Ledger, content_digest, write_model
from tests.chain.world import digest

pytestmark = pytest.mark.slow


def ask(ledger: Ledger, path: Path) -> dict[str, object]:
    answer = httpx.post(f"{ledger.server.url}/v1/verdicts", content=path.read_bytes())
    assert answer.status_code == 200, answer.text
    models.Verdict.model_validate(answer.json())
    return dict(answer.json())


def test_the_released_file_is_valid_however_it_is_asked_for(known: Ledger) -> None:
    url = known.server.url
    found = ask(known, known.model)
    assert found["answer"] == "valid", found["summary"]
    for value in (content_digest(known.model), file_digest(known.model).value):
        body = httpx.get(f"{url}/v1/verdicts/{value.hex()}").json()
        assert body["answer"] == "valid"
        assert [notice["kind"] for notice in body["notices"]][:1] == ["ABSENT"]
    from_node = httpx.get(
        f"{url}/v1/verdicts/{content_digest(known.model).hex()}?source=node"
    ).json()
    assert from_node["as_of"]["source"] == "node"
    assert from_node["answer"] == "valid"
    by_digests = httpx.get(
        f"{url}/v1/verdicts",
        params={"file_digest": "11" * 32, "content_digest": content_digest(known.model).hex()},
    ).json()
    assert by_digests["answer"] == "valid"


def test_the_same_content_in_another_layout_is_valid(known: Ledger, tmp_path: Path) -> None:
    other = write_model(
        tmp_path / "other.h5",
        np.arange(12.0).reshape(3, 4),
        chunks=(1, 4),
        compression="gzip",
        track_order=True,
    )
    assert file_digest(other) != file_digest(known.model)
    found = ask(known, other)
    assert found["answer"] == "valid"
    assert found["matched_by"] == "content"


def test_one_changed_bit_is_not_found(known: Ledger, tmp_path: Path) -> None:
    weights = np.arange(12.0).reshape(3, 4)
    weights[2, 3] = np.nextafter(weights[2, 3], 100.0)
    found = ask(known, write_model(tmp_path / "changed.h5", weights))
    assert found["answer"] == "not valid"
    assert found["matched_by"] is None


def test_a_file_that_is_no_hdf5_is_not_found(known: Ledger, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.h5"
    garbage.write_bytes(b"no model at all")
    found = ask(known, garbage)
    assert found["answer"] == "not valid"
    assert found["presented"]["content_digest"] is None  # type: ignore[index]
    assert "/proc" not in json.dumps(found)


def test_a_revocation_changes_the_verdict_by_itself(ledger: Ledger) -> None:
    site = ledger.world.members[1]
    version = ledger.versions[1]
    ledger.world.send(site, "DatasetRegistry", "revoke", version, 1, digest("consent withdrawn"))
    ledger.settle()
    found = ask(ledger, ledger.model)
    assert found["answer"] == "not valid"
    assert version.hex()[:8] in str(found["summary"])
    assert "consent was withdrawn (reason 1)" in str(found["summary"])
    assert "since" in str(found["summary"])


def test_a_node_that_is_away_makes_it_not_verifiable(ledger: Ledger) -> None:
    value = content_digest(ledger.model).hex()
    url = f"{ledger.server.url}/v1/verdicts/{value}"
    block = httpx.get(url).json()["as_of"]["block"]
    ledger.node.stop()
    deadline = 200
    while httpx.get(url).json()["answer"] == "valid" and deadline:
        deadline -= 1
    for source in ("index", "node"):
        answer = httpx.get(url, params={"source": source})
        assert answer.status_code == 200
        assert answer.json()["answer"] == "not verifiable"
        assert answer.json()["as_of"]["block"] == block
    assert httpx.get(f"{ledger.server.url}/readyz").status_code == 503
    assert httpx.get(f"{ledger.server.url}/healthz").status_code == 200
    ledger.node.start()
    ledger.settle()
    assert httpx.get(url).json()["answer"] == "valid"


def test_the_trace_reaches_the_dataset_versions(known: Ledger) -> None:
    value = content_digest(known.model).hex()
    body = httpx.get(f"{known.server.url}/v1/traces/{value}").json()
    models.Trace.model_validate(body)
    versions = {node["version"] for node in body["nodes"] if node["type"] == "version"}
    assert versions == {"0x" + known.versions[site].hex() for site in (1, 2)}
    assert {edge["type"] for edge in body["edges"]} >= {"releases", "aggregates", "uses", "misses"}


def test_etags_spare_an_unchanged_answer(ledger: Ledger) -> None:
    url = f"{ledger.server.url}/v1/verdicts/{content_digest(ledger.model).hex()}"
    etag = httpx.get(url).headers["etag"]
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304
    ledger.world.send(
        ledger.world.members[2], "DatasetRegistry", "retire", ledger.versions[2], 10, digest("why")
    )
    ledger.settle()
    changed = httpx.get(url, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert "RETIRED" in [notice["kind"] for notice in changed.json()["notices"]]


@pytest.mark.parametrize("source", ["api", "network"])
def test_verify_on_the_terminal(ledger: Ledger, tmp_path: Path, source: str) -> None:
    whom = ["--api", ledger.server.url] if source == "api" else ["--network", str(ledger.network)]
    done = ledger.server.run("verify", str(ledger.model), *whom)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VALID" in done.stdout
    changed = tmp_path / "changed.h5"
    shutil.copyfile(ledger.model, changed)
    with h5py.File(changed, "r+") as file:
        file["layer/weights"][0, 0] = -0.0
    done = ledger.server.run("verify", str(changed), *whom, "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["answer"] == "not valid"
    assert ledger.server.run("verify", str(tmp_path / "none.h5"), *whom).returncode == 3
    assert ledger.server.run("verify", str(ledger.model)).returncode == 3
    ledger.node.stop()
    ledger.server.stop()
    assert ledger.server.run("verify", str(ledger.model), *whom).returncode == 2
