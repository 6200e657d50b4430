"""Every verdict and every export prints the network file's fingerprint, whatever its source."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from dragon_ledger.chain.network import Network
from tests.chain.history import tell_history
from tests.chain.world import World
from tests.cli.command_line import CommandLine
from tests.provenance.bundle.make_vectors import HERE

MODEL = HERE / "model.h5"


def fingerprint(file: Path) -> str:
    """What `sha256sum` prints."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network file whose bytes are not those that this software would write."""
    document = json.loads((HERE / "single-operator.network.json").read_text())
    file = tmp_path / "the-members.json"
    file.write_text(json.dumps(document, indent=7) + "\n\n")
    return file


def offline(cli: CommandLine, network: Path, *options: str) -> str:
    bundle = HERE / "single-operator.evidence.json"
    return cli("verify", MODEL, "--bundle", bundle, "--network", network, *options).out


def test_a_verdict_from_a_bundle_prints_it(cli: CommandLine, network: Path) -> None:
    said = words(offline(cli, network))
    assert f"Network file: SHA-256 {fingerprint(network)}" in said
    assert "Contracts: exactly the published code of release 0.1.0" in said
    as_of = json.loads(offline(cli, network, "--json"))["as_of"]
    assert (as_of["network_file"], as_of["code_version"]) == (fingerprint(network), "0.1.0")


def test_another_file_with_the_same_contents_has_another_fingerprint(
    cli: CommandLine, network: Path
) -> None:
    before = json.loads(offline(cli, network, "--json"))["as_of"]["network_file"]
    network.write_bytes(network.read_bytes() + b"\n")
    after = json.loads(offline(cli, network, "--json"))["as_of"]["network_file"]
    assert before != after == fingerprint(network)
    assert Network.load(network) == Network.load(HERE / "single-operator.network.json")


def test_the_services_verdict_prints_the_services(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = json.loads((HERE / "valid.verdict.json").read_text())
    trace: dict[str, Any] = {"nodes": [], "edges": [], "root": None}

    def answer(url: str, **_: Any) -> httpx.Response:
        body = trace if "/v1/traces/" in url else verdict
        return httpx.Response(200, json=body, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", answer)
    ended = cli("verify", MODEL, "--api", "https://ledger.example")
    assert ended.code == 0, ended.err
    assert f"Network file: SHA-256 {verdict['as_of']['network_file']}" in words(ended.out)
    for name in ("network_file", "code_version"):  # as services of the first release answer
        verdict["as_of"].pop(name)
    assert "Network file" not in cli("verify", MODEL, "--api", "https://ledger.example").out


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("chain", "verify-code"), ("chain", "status"), ("consortium", "show"), ("review", "list")],
)
def test_what_is_read_from_the_chain_names_it(
    empty_world: World, cli: CommandLine, command: tuple[str, str]
) -> None:
    file = cli.folder / "network.json"
    ended = cli(*command, "--network", file)
    assert f"Network file: SHA-256 {fingerprint(file)}" in words(ended.out)
    assert empty_world.client.network == Network.load(file)


@pytest.mark.slow
def test_a_verdict_from_a_node_and_an_export_print_it(world: World, cli: CommandLine) -> None:
    aggregate = tell_history(world)
    file = cli.folder / "network.json"
    ended = cli("verify", MODEL, "--network", file)
    assert f"Network file: SHA-256 {fingerprint(file)}" in words(ended.out)
    bundle = cli.folder / "model.evidence.json"
    ended = cli("evidence", "export", aggregate.hex(), "-o", bundle, "--network", file)
    assert f"Network file: SHA-256 {fingerprint(file)}" in words(ended.err)
    ended = cli("evidence", "refresh", bundle, "--network", file)
    assert f"Network file: SHA-256 {fingerprint(file)}" in words(ended.err)
    said = cli("release", "show", aggregate.hex(), "--network", file, "--json").out
    assert json.loads(said)["network_file"] == fingerprint(file)
    said = cli("release", "show", aggregate.hex(), "--network", file).out
    assert f"Network file: SHA-256 {fingerprint(file)}" in words(said)
