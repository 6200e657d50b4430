"""Each request against each kind of token: none, expired, revoked, of another scope, right."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator

import httpx
import pytest

from api.problems import BASE
from tests.api.conftest import Ledger, Server, beside, content_digest

pytestmark = pytest.mark.slow
DIGEST = "11" * 32
REQUESTS = {
    f"/v1/verdicts/{DIGEST}": "verdict:read",
    f"/v1/verdicts?file_digest={DIGEST}": "verdict:read",
    f"/v1/traces/{DIGEST}": "verdict:read",
    f"/v1/models/{DIGEST}/evidence": "verdict:read",
    f"/v1/artefacts/{DIGEST}": "artefacts:read",
    **{
        f"/v1/{name}": "ledger:read"
        for name in (
            *("datasets", "decisions", "runs", "rounds", "updates"),
            *("notes", "releases", "events", "organisations"),
        )
    },
}
OTHER = {
    "verdict:read": "ledger:read",
    "ledger:read": "artefacts:read",
    "artefacts:read": "artefacts:write",
}


@pytest.fixture(scope="module")
def closed(known: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service at which nothing is free."""
    change = ('anonymous = ["verdict:read", "ledger:read"]', "anonymous = []")
    with beside(known, tmp_path_factory.mktemp("closed"), change) as server:
        yield server


@pytest.fixture(scope="module")
def tokens(closed: Server) -> dict[str, dict[str, str]]:
    return {scope: closed.token(scope) for scope in (*OTHER, "artefacts:write")}


def test_every_endpoint_is_tried(known: Ledger) -> None:
    """All but uploads, which have tests of their own, and the two about health."""
    document = httpx.get(f"{known.server.url}/openapi.json").json()
    asked = {path.split("?")[0].replace(DIGEST, "{}") for path in REQUESTS}
    paths = {p.replace("{digest}", "{}").replace("{sha256}", "{}") for p in document["paths"]}
    assert paths - asked == {"/healthz", "/readyz"}


@pytest.mark.parametrize("path", REQUESTS)
def test_a_request_needs_its_scope(
    closed: Server, tokens: dict[str, dict[str, str]], path: str
) -> None:
    scope, url = REQUESTS[path], closed.url + path
    none = httpx.get(url)
    assert (none.status_code, none.json()["type"]) == (401, BASE + "unauthenticated")
    assert none.headers["www-authenticate"] == "Bearer"
    other = httpx.get(url, headers=tokens[OTHER[scope]])
    assert (other.status_code, other.json()["type"]) == (403, BASE + "forbidden")
    assert scope in other.json()["detail"]
    right = httpx.get(url, headers=tokens[scope])
    assert right.status_code == (404 if scope == "artefacts:read" else 200)
    basic = httpx.get(url, headers={"Authorization": "Basic dTpw"})
    assert basic.status_code == 401


def test_uploads_need_their_scopes(closed: Server, tokens: dict[str, dict[str, str]]) -> None:
    verdict, artefact = f"{closed.url}/v1/verdicts", f"{closed.url}/v1/artefacts/{DIGEST}"
    assert httpx.post(verdict, content=b"x").status_code == 401
    assert httpx.post(verdict, content=b"x", headers=tokens["ledger:read"]).status_code == 403
    assert httpx.post(verdict, content=b"x", headers=tokens["verdict:read"]).status_code == 200
    assert httpx.put(artefact, content=b"x", headers=tokens["artefacts:read"]).status_code == 403
    assert httpx.put(artefact, content=b"x", headers=tokens["artefacts:write"]).status_code == 409
    assert list(closed.spool.iterdir()) == []


def test_pages_and_health_need_no_token(closed: Server) -> None:
    for path in ("/", "/docs/", "/problems/", "/verify/", "/openapi.json", "/healthz", "/readyz"):
        assert httpx.get(closed.url + path).status_code == 200


@pytest.mark.parametrize("change", ["expires_at = {now}", "revoked_at = {now}"])
def test_an_ended_token_is_refused_everywhere(closed: Server, change: str) -> None:
    headers = closed.token("verdict:read")
    url = f"{closed.url}/v1/verdicts/{DIGEST}"
    assert httpx.get(url, headers=headers).status_code == 200
    with sqlite3.connect(closed.config.parent / "api-data" / "tokens.sqlite") as database:
        text = change.format(now=int(time.time()))
        database.execute(f"UPDATE tokens SET {text} WHERE id = (SELECT max(id) FROM tokens)")  # noqa: S608 - our own text
    ended = httpx.get(url, headers=headers)
    assert (ended.status_code, ended.json()["type"]) == (401, BASE + "unauthenticated")


def test_the_access_log_holds_no_header_no_query_and_no_token(known: Ledger) -> None:
    """Every field is named here: a new one has to be thought about."""
    headers = known.server.token("verdict:read")
    secret = headers["Authorization"].split()[1]
    digest = content_digest(known.model).hex()
    marker = f"/v1/verdicts/{digest}"
    httpx.get(known.server.url + marker, params={"token": secret}, headers=headers)
    httpx.get(known.server.url + marker, headers={**headers, "Cookie": secret, "Referer": secret})
    httpx.get(f"{known.server.url}/v1/x%0a%22{digest}")
    deadline = time.monotonic() + 30
    while f"{digest}" not in known.server.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    text = known.server.log.read_text()
    assert secret not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert {frozenset(line) for line in lines} == {
        frozenset({"at", "client", "method", "path", "token", "status", "milliseconds"})
    }
    asked = [line for line in lines if line["path"] == marker and line["token"] is not None]
    assert [line["status"] for line in asked[-2:]] == [422, 200]
    assert f'/v1/x\n"{digest}' in {line["path"] for line in lines}
