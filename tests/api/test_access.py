"""Tokens, scopes, limits, protection: who may do what, and what nobody can."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import re
import signal
import socket
import sqlite3
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api import settings
from api.problems import BASE, KINDS
from api.settings import Listen, require_protection
from api.spool import prepare
from api.tokens import TokenStore
from dragon_ledger.errors import ConfigurationError, InputError
from tests.api.conftest import PATIENCE, Ledger, Server

DOCUMENT = b'{"content":{},"salt":"00","schema":"plan/1"}'
NAME = hashlib.sha256(DOCUMENT).hexdigest()


def problem(answer: httpx.Response, status: int, kind: str) -> str:
    """A problem of this kind and no other; its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == BASE + kind
    return str(answer.json()["detail"])


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_token_is_stored_as_a_hash_and_ends(tmp_path: Path) -> None:
    file = tmp_path / "tokens.sqlite"
    store = TokenStore(file)
    token = store.create("hospital", frozenset({"artefacts:read"}), now=1000, seconds=60)
    assert token.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    found = store.find(token, now=1059)
    assert found is not None
    assert found.scopes == {"artefacts:read"}
    assert store.find(token, now=1060) is None
    assert store.find(token + "x", now=1000) is None
    store.revoke(found.id, now=1001)
    assert store.find(token, now=1002) is None
    assert [one.revoked_at for one in store.all()] == [1001]
    with pytest.raises(InputError, match="scope 'all'"):
        store.create("x", frozenset({"all"}), 0, 1)
    with pytest.raises(InputError, match="there is none"):
        store.revoke(99, 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "ledger.example"])  # noqa: S104 - what must be refused
def test_listening_beyond_loopback_needs_tls(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="without TLS"):
        require_protection(Listen(host, 80, None, None, behind_proxy=False))
    require_protection(Listen(host, 80, None, None, behind_proxy=True))
    require_protection(Listen(host, 80, tmp_path / "c", tmp_path / "k", behind_proxy=False))
    with pytest.raises(ConfigurationError, match="belong together"):
        require_protection(Listen(host, 80, tmp_path / "c", None, behind_proxy=False))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    require_protection(Listen(host, 80, None, None, behind_proxy=False))


def test_the_template_is_a_valid_configuration(tmp_path: Path) -> None:
    file = tmp_path / "api.toml"
    file.write_text(settings.template(tmp_path / 'net"work.json'))
    loaded = settings.load(file)
    assert loaded.network == tmp_path / 'net"work.json'
    assert loaded.anonymous == {"verdict:read", "ledger:read"}
    file.write_text(file.read_text().replace("stale_seconds", "stale_second"))
    with pytest.raises(ConfigurationError, match="stale_second"):
        settings.load(file)


def test_what_a_killed_service_left_is_deleted(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir(mode=0o755)
    (spool / "body-left").write_bytes(b"half a model")
    prepare(spool)
    assert list(spool.iterdir()) == []
    assert spool.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_artefacts_travel_by_digest_and_need_their_scopes(known: Ledger) -> None:
    url = f"{known.server.url}/v1/artefacts/{NAME}"
    reader, writer = known.server.token("artefacts:read"), known.server.token("artefacts:write")
    problem(httpx.put(url, content=DOCUMENT), 401, "unauthenticated")
    problem(httpx.put(url, content=DOCUMENT, headers=reader), 403, "forbidden")
    wrong = {"Authorization": "Bearer dl_wrong"}
    problem(httpx.put(url, content=DOCUMENT, headers=wrong), 401, "unauthenticated")
    problem(httpx.get(url, headers=reader), 404, "not-found")
    detail = problem(
        httpx.put(url, content=DOCUMENT + b" ", headers=writer), 409, "digest-mismatch"
    )
    assert hashlib.sha256(DOCUMENT + b" ").hexdigest() in detail
    problem(httpx.get(url, headers=reader), 404, "not-found")
    assert httpx.put(url, content=DOCUMENT, headers=writer).status_code == 201
    assert httpx.put(url, content=DOCUMENT, headers=writer).status_code == 204
    problem(httpx.get(url, headers=writer), 403, "forbidden")
    assert httpx.get(url, headers=reader).content == DOCUMENT
    problem(
        httpx.get(f"{known.server.url}/v1/artefacts/..%2Ftokens.sqlite", headers=reader),
        404,
        "not-found",
    )


@pytest.mark.slow
def test_expired_and_revoked_tokens_are_refused(known: Ledger) -> None:
    headers = known.server.token("artefacts:read")
    url = f"{known.server.url}/v1/artefacts/{'00' * 32}"
    problem(httpx.get(url, headers=headers), 404, "not-found")
    with sqlite3.connect(known.server.config.parent / "api-data" / "tokens.sqlite") as database:
        (newest,) = database.execute("SELECT max(id) FROM tokens").fetchone()
    done = known.server.run(
        "api", "token", "revoke", str(newest), "--config", str(known.server.config)
    )
    assert done.returncode == 0
    problem(httpx.get(url, headers=headers), 401, "unauthenticated")
    listed = known.server.run("api", "token", "list", "--config", str(known.server.config)).stdout
    assert "revoked" in listed
    assert headers["Authorization"].split()[1] not in listed


@pytest.mark.slow
def test_neither_log_nor_list_shows_a_secret(known: Ledger) -> None:
    headers = known.server.token("artefacts:read")
    token = headers["Authorization"].split()[1]
    httpx.get(f"{known.server.url}/v1/artefacts/{NAME}?token={token}", headers=headers)
    time.sleep(0.2)
    log = known.server.log.read_text()
    assert f"/v1/artefacts/{NAME}" in log
    assert token not in log


@pytest.mark.slow
def test_a_body_that_is_too_large_is_refused_and_gone(ledger: Ledger) -> None:
    ledger.server.stop()
    ledger.server.configure("spool_bytes = 8589934592", "spool_bytes = 100000")
    ledger.server.start()
    answer = httpx.post(f"{ledger.server.url}/v1/verdicts", content=b"x" * 300_000)
    assert "100000" in problem(answer, 413, "too-large")
    assert list((ledger.server.config.parent / "api-data" / "spool").iterdir()) == []
    problem(httpx.post(f"{ledger.server.url}/v1/verdicts", content=b""), 422, "invalid-request")


@pytest.mark.slow
def test_who_hangs_up_leaves_nothing_behind(known: Ledger) -> None:
    spool = known.server.config.parent / "api-data" / "spool"
    with socket.create_connection(known.server.address()) as upload:
        upload.sendall(b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
        upload.sendall(b"x" * 1_500_000)
        wait_for(lambda: any(spool.iterdir()))
    wait_for(lambda: not any(spool.iterdir()))
    assert "Traceback" not in known.server.log.read_text()


@pytest.mark.slow
def test_a_file_is_private_while_it_arrives_and_gone_after_a_crash(ledger: Ledger) -> None:
    spool = ledger.server.config.parent / "api-data" / "spool"
    with socket.create_connection(ledger.server.address()) as upload:
        upload.sendall(b"POST /v1/verdicts HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
        upload.sendall(b"x" * 2_000_000)
        wait_for(lambda: any(file.stat().st_size for file in spool.iterdir()))
        (body,) = spool.iterdir()
        assert body.stat().st_mode & 0o077 == 0
        ledger.server.stop(signal.SIGKILL)
    assert body.exists()
    ledger.server.start()
    assert not body.exists()


@pytest.mark.slow
def test_the_service_refuses_to_start_unprotected(known: Ledger) -> None:
    command = ["api", "serve", "--config", str(known.server.config), "--host", "0.0.0.0"]  # noqa: S104 - what must be refused
    done = known.server.run(*command)
    assert done.returncode == 3
    assert "without TLS" in done.stderr


@pytest.mark.slow
def test_the_service_names_what_it_cannot_start_with(known: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    missing = tmp_path / "none.json"
    known.server.run("api", "init", str(folder), "--network", str(missing))
    done = known.server.run("api", "serve", "--config", str(folder / "api.toml"))
    assert done.returncode == 3
    assert str(missing) in done.stderr
    assert "Traceback" not in done.stderr
    again = known.server.run("api", "init", str(folder), "--network", str(missing))
    assert again.returncode == 3


@pytest.mark.slow
def test_a_second_filler_is_a_state_and_no_failure(known: Ledger, tmp_path: Path) -> None:
    """Two services on one index: the second answers, and says why it does not follow."""
    second = Server(tmp_path, tmp_path / "api" / "api.toml")
    second.run("api", "init", str(tmp_path / "api"), "--network", str(known.network), "--port", "0")
    index = known.server.config.parent / "index.sqlite"
    second.configure('index = "index.sqlite"', f'index = "{index}"')
    second.start()
    try:
        ready = httpx.get(f"{second.url}/readyz")
        assert "follow = false" in problem(ready, 503, "not-ready")
        second.stop()
        second.configure("follow = true", "follow = false")
        second.start()
        second.wait_for_block(known.world.client.block().number)
    finally:
        second.stop()


@pytest.mark.slow
def test_unknown_paths_and_methods_are_problems_too(known: Ledger) -> None:
    url = known.server.url
    problem(httpx.get(f"{url}/v1/nothing"), 404, "not-found")
    problem(httpx.delete(f"{url}/v1/runs"), 405, "method-not-allowed")
    problem(httpx.get(f"{url}/v1/verdicts/xyz"), 422, "invalid-request")
    problem(httpx.get(f"{url}/v1/runs?cursor=abc"), 422, "invalid-request")
    assert {kind for kind in KINDS if not re.fullmatch("[a-z-]+", kind)} == set()


@pytest.mark.slow
def test_tls_is_spoken_when_configured(ledger: Ledger, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    self_signed(certificate, key)
    ledger.server.stop()
    ledger.server.configure('tls_certificate = ""', f'tls_certificate = "{certificate}"')
    ledger.server.configure('tls_key = ""', f'tls_key = "{key}"')
    ledger.server.start()
    assert ledger.server.url.startswith("https://")
    trust = ssl.create_default_context(cafile=certificate)
    answer = httpx.get(f"{ledger.server.url}/healthz", verify=trust)
    assert answer.json() == {"status": "ok"}
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{ledger.server.url}/healthz")


def self_signed(certificate: Path, key: Path) -> None:
    """A certificate for 127.0.0.1."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
