"""docker-compose.yml against the compose specification's own schema; no engine is needed."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from dragon_ledger.chain.qbft.creation import Choices, create

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE = CHECKOUT / "docker-compose.yml"
VALIDATORS = ("validator-1", "validator-2", "validator-3", "validator-4")
CHECK = Path(sys.executable).with_name("check-jsonschema")


def validate(file: Path) -> subprocess.CompletedProcess[str]:
    command = [str(CHECK), "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    document = yaml.safe_load(COMPOSE.read_text("utf-8"))
    found: dict[str, Any] = document["services"]
    return found


def test_follows_the_compose_specification() -> None:
    done = validate(COMPOSE)
    assert done.returncode == 0, done.stdout


def test_the_schema_does_refuse(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE.read_text("utf-8").replace("profiles: [dev]", "profiles: dev", 1))
    assert validate(wrong).returncode != 0


def test_profile_dev_has_node_database_and_service(services: dict[str, Any]) -> None:
    dev = {name for name, service in services.items() if "dev" in service.get("profiles", [])}
    assert dev == {"ganache", "postgres", "api"}


def test_profile_consortium_has_four_validators_database_and_service(
    services: dict[str, Any],
) -> None:
    found = {
        name for name, service in services.items() if "consortium" in service.get("profiles", [])
    }
    assert found == {*VALIDATORS, "postgres", "api"}
    for name in VALIDATORS:
        assert services[name]["image"].startswith("hyperledger/besu:")


def test_no_service_of_a_profile_needs_one_that_the_profile_has_not(
    services: dict[str, Any],
) -> None:
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            missing = set(service["profiles"]) - set(services[other]["profiles"])
            assert not missing or how["required"] is False, (name, other)


def test_validators_run_on_what_network_create_writes(
    services: dict[str, Any], tmp_path: Path
) -> None:
    """Each has one member's folder, and the address and port that its besu.toml names."""
    hosts = [services[name]["networks"]["consortium"]["ipv4_address"] for name in VALIDATORS]
    names = [f"member-{number}" for number in range(1, 5)]
    layout = create(tmp_path / "consortium", Choices(names, hosts))
    for service, member in zip(VALIDATORS, layout.members, strict=True):
        (mounted,) = services[service]["volumes"]
        assert mounted == f"./.dragon/consortium/{member.name}:{services[service]['working_dir']}"
        (option,) = services[service]["command"]
        file = layout.home(member) / option.removeprefix("--config-file=")
        besu = tomllib.loads(file.read_text("utf-8"))
        set_here = services[service]["environment"]
        assert set_here["BESU_RPC_HTTP_HOST"] == besu["rpc-http-host"]
        assert int(set_here["BESU_RPC_HTTP_PORT"]) == besu["rpc-http-port"]
        (published,) = services[service]["ports"]
        assert published == f"127.0.0.1:{besu['rpc-http-port']}:{besu['rpc-http-port']}"
        for needed in ("genesis-file", "node-private-key-file", "static-nodes-file"):
            assert (layout.home(member) / besu[needed]).is_file()
        assert besu["min-gas-price"] == 0


def test_operators_are_told_the_same_addresses(services: dict[str, Any]) -> None:
    """The command in docs/operate.md makes the network that the file runs."""
    told = (CHECKOUT / "docs" / "operate.md").read_text("utf-8")
    for name in VALIDATORS:
        assert f"--host {services[name]['networks']['consortium']['ipv4_address']}" in told


def test_every_service_needs_a_profile_and_publishes_on_loopback_only(
    services: dict[str, Any],
) -> None:
    for name, service in services.items():
        assert service["profiles"], name
        for port in service.get("ports", []):
            assert str(port).startswith("127.0.0.1:"), (name, port)


def test_every_service_tells_whether_it_is_well(services: dict[str, Any]) -> None:
    for name, service in services.items():
        check = service["healthcheck"]["test"]
        assert check[0] in {"CMD", "CMD-SHELL"}, name


def test_what_reads_keys_and_passwords_runs_as_their_owner(services: dict[str, Any]) -> None:
    for name in (*VALIDATORS, "api"):
        assert services[name]["user"] == "${DRAGON_UID:-1000}:${DRAGON_GID:-1000}"


def test_the_validators_check_reads_the_status_line(services: dict[str, Any]) -> None:
    """Its words, run by bash against a server of this test: well at 200, not well at 503."""
    script = services[VALIDATORS[0]]["healthcheck"]["test"][-1].replace("$$", "$")
    for status, well in ((200, True), (503, False)):
        with answering(status) as port:
            environment = {"BESU_RPC_HTTP_HOST": "127.0.0.1", "BESU_RPC_HTTP_PORT": str(port)}
            bash = ["/bin/bash", "-c", script]
            done = subprocess.run(bash, env=environment, check=False, timeout=20)
        assert (done.returncode == 0) is well


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server that gives every request this status, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readiness" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing of it is of interest."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def test_images_have_tags_and_no_invented_digests(services: dict[str, Any]) -> None:
    images = [service["image"] for service in services.values() if "image" in service]
    assert images
    for image in images:
        assert re.fullmatch(r"[a-z/-]+:[A-Za-z0-9.-]+", image), image


def test_no_secret_stands_in_the_file() -> None:
    assert not re.search(r"(?i)(password|secret|token)\s*[:=]\s*['\"]?\w+['\"]?\s*$", _values())


def _values() -> str:
    lines = COMPOSE.read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if "_FILE" not in line and "file:" not in line)
