"""Every verdict, trace and list of the service names the network file that it rests on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from tests.api.browser import browsing
from tests.api.conftest import Ledger, content_digest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "path",
    [
        "/v1/verdicts/{}",
        "/v1/verdicts/{}?source=node",
        "/v1/verdicts?file_digest={}",
        "/v1/traces/{}",
        "/v1/runs",
    ],
)
def test_the_answer_names_the_network_file(known: Ledger, path: str) -> None:
    url = known.server.url + path.format(content_digest(known.model).hex())
    as_of = httpx.get(url).json()["as_of"]
    assert as_of["network_file"] == hashlib.sha256(known.network.read_bytes()).hexdigest()
    assert as_of["code_version"] is None


def test_so_does_the_page(known: Ledger, tmp_path: Path) -> None:
    url = f"{known.server.url}/?digest={content_digest(known.model).hex()}"
    with browsing(tmp_path / "browser", url) as page:
        page.wait_for("document.querySelector('.answer h2')?.textContent")
        said = page.evaluate("document.querySelector('.answer .facts').innerText")
    assert hashlib.sha256(known.network.read_bytes()).hexdigest() in str(said)


def test_so_does_a_verdict_on_a_file(known: Ledger) -> None:
    answer = httpx.post(f"{known.server.url}/v1/verdicts", content=known.model.read_bytes())
    as_of = answer.json()["as_of"]
    assert as_of["network_file"] == hashlib.sha256(known.network.read_bytes()).hexdigest()
