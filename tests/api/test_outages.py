"""A node that is away, an index that cannot be read: states that are said in words."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import httpx
import pytest

from api.ledger import public_words
from api.problems import BASE
from dragon_ledger.errors import LedgerError
from tests.api.conftest import content_digest, running

SINCE = r"the last good answer was at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


def test_the_address_of_a_node_stays_inside() -> None:
    error = LedgerError("no node answers: https://user:word@node.example:8545/v3/KEY: refused")
    assert public_words(error) == "no node answers: the node: refused"


@pytest.mark.slow
def test_a_node_that_goes_away_is_named_with_the_time(tmp_path: Path) -> None:
    with running(tmp_path) as ledger:
        url, wanted = ledger.server.url, content_digest(ledger.model).hex()
        block = httpx.get(f"{url}/readyz").json()["block"]
        ledger.node.stop()
        ready = ledger.server.wait_until_stale()
        assert ready.json()["type"] == BASE + "not-ready"
        assert re.search(SINCE, ready.json()["detail"])
        assert ledger.node.url not in ready.text
        verdict = httpx.get(f"{url}/v1/verdicts/{wanted}")
        assert verdict.json()["answer"] == "not verifiable"
        assert re.search(SINCE, verdict.json()["as_of"]["stale_reason"])
        again = httpx.get(verdict.url, headers={"If-None-Match": verdict.headers["etag"]})
        assert again.status_code == 304, "the reason does not change by itself"
        unknown = httpx.get(f"{url}/v1/verdicts/{'11' * 32}").json()
        assert unknown["answer"] == "not verifiable", "it may have been released meanwhile"
        # Started again with the node still away, it knows what it knew.
        ledger.server.stop()
        ledger.server.start()
        verdict = httpx.get(f"{ledger.server.url}/v1/verdicts/{wanted}")
        assert verdict.json()["answer"] == "not verifiable"
        assert verdict.json()["as_of"]["block"] == block
        page = httpx.get(f"{ledger.server.url}/v1/runs")
        assert page.json()["items"]
        assert page.json()["as_of"]["stale_reason"]


@pytest.mark.slow
def test_an_index_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with running(tmp_path) as ledger:
        index = ledger.server.config.parent / "index.sqlite"
        with sqlite3.connect(index) as database:
            database.execute("ALTER TABLE rounds RENAME TO gone")
        wanted = content_digest(ledger.model).hex()
        for path in (f"/v1/verdicts/{wanted}", f"/v1/traces/{wanted}", "/v1/rounds"):
            answer = httpx.get(ledger.server.url + path)
            assert (answer.status_code, answer.json()["type"]) == (503, BASE + "not-ready")
            assert "the index cannot be read" in answer.json()["detail"]
