"""The offline verifier as the service hands it out: whole, and unable to open a connection."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.api.browser import Browser, browsing
from tests.api.conftest import Ledger, content_digest

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parents[2] / "api" / "static" / "verify"
TYPES = {
    "": "text/html; charset=utf-8",
    "index.html": "text/html; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "verify.js": "text/javascript; charset=utf-8",
    "published-code.js": "text/javascript; charset=utf-8",
    "vendor/noble.js": "text/javascript; charset=utf-8",
    "vendor/noble.LICENSE.txt": "text/plain; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "dragon-verify.zip": "application/zip",
}


@pytest.mark.parametrize("name", TYPES)
def test_every_file_has_its_type_and_the_strict_policy(known: Ledger, name: str) -> None:
    answer = httpx.get(f"{known.server.url}/verify/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[name]
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = {part.split()[0]: part.split()[1:] for part in policies(answer)}
    assert policy["default-src"] == ["'none'"]
    assert policy["connect-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == ["'none'"]


def policies(answer: httpx.Response) -> list[str]:
    return [part.strip() for part in answer.headers["content-security-policy"].split(";")]


def test_what_is_served_is_what_is_shipped(known: Ledger) -> None:
    for file in FOLDER.rglob("*"):
        if file.is_file():
            path = file.relative_to(FOLDER).as_posix()
            served = httpx.get(f"{known.server.url}/verify/{path}")
            assert served.content == file.read_bytes(), path


def test_the_archive_holds_the_folder_and_is_always_the_same(known: Ledger) -> None:
    url = f"{known.server.url}/verify/dragon-verify.zip"
    first = httpx.get(url)
    assert 'filename="dragon-verify.zip"' in first.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        held = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    files = (file for file in FOLDER.rglob("*") if file.is_file())
    shipped = {f"dragon-verify/{f.relative_to(FOLDER).as_posix()}": f.read_bytes() for f in files}
    assert held == shipped
    assert httpx.get(url).content == first.content


def test_pages_link_to_it(known: Ledger) -> None:
    for path in ("/", "/docs/", "/problems/"):
        assert 'href="verify/"' in httpx.get(known.server.url + path).text.replace("../", "")
    assert httpx.get(f"{known.server.url}/verify", follow_redirects=True).status_code == 200


def question(page: Browser, known: Ledger, folder: Path) -> None:
    """Fill in the form as an auditor who takes the single operator's word for the block."""
    digest = content_digest(known.model).hex()
    bundle = folder / "model.evidence.json"
    got = httpx.get(f"{known.server.url}/v1/models/{digest}/evidence")
    bundle.write_bytes(got.content)
    block = known.world.client.block().hash.hex()
    page.wait_for("document.readyState === 'complete' && globalThis.dragonVerify")
    page.choose_file("#bundle", bundle)
    page.choose_file("#network", known.network)
    page.choose_file("#model", known.model)
    page.evaluate(f"document.getElementById('digest').value = '{digest}'")
    page.evaluate(f"document.getElementById('acceptedCheckpoint').value = '0x{block}'")
    page.evaluate("document.getElementById('ask').requestSubmit()")


def test_it_judges_a_bundle_in_the_browser_and_connects_to_nothing(
    known: Ledger, tmp_path: Path
) -> None:
    url = f"{known.server.url}/verify/"
    with browsing(tmp_path / "browser", url) as page:
        question(page, known, tmp_path)
        said = page.wait_for("document.querySelector('.answer')?.innerText")
        assert said.upper().startswith("VALID"), said
        names = page.evaluate("performance.getEntriesByType('resource').map(e => e.name).join(' ')")
        assert all(name.startswith(url) for name in names.split())
        page.evaluate("fetch('../healthz').catch(() => { document.title = 'refused'; })")
        assert page.wait_for("document.title === 'refused'")
