"""A file of 200 000 brackets is an error in words, in every command that reads such files.

The parsers go as deep as the file does: without a bound the process would end with a segmentation
fault.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.chain.history import RELEASER
from tests.chain.world import World
from tests.cli.command_line import CommandLine
from tests.provenance.bundle.make_vectors import HERE

pytestmark = pytest.mark.slow  # an interpreter starts for every test

DEEP = "[" * 200_000
DEEP_TOML = f"[network]\nfile = {DEEP}\n"
SEED = 1_000
IMPORT_ALL = """
import importlib, pkgutil, sys
before = sys.getrecursionlimit()
import dragon_ledger, api
for package in (dragon_ledger, api):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".example." not in module.name and not module.name.endswith((".child", "__main__")):
            importlib.import_module(module.name)
from eth_account import Account  # what keys need is imported when one is opened
assert "py_ecc" in sys.modules, "nothing to test"
print(before, sys.getrecursionlimit())
"""


@pytest.fixture(autouse=True)
def limit_of_the_product() -> Iterator[None]:
    """These tests' own imports have raised the limit; the product keeps the interpreter's."""
    raised = sys.getrecursionlimit()
    sys.setrecursionlimit(SEED)
    yield
    sys.setrecursionlimit(raised)


def test_no_import_raises_the_recursion_limit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.split()
    assert before == after == str(SEED)


def deep(folder: Path, name: str, text: str = DEEP) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    "command",
    [
        ("verify", HERE / "model.h5", "--network", "{}"),
        ("verify", HERE / "model.h5", "--bundle", HERE / "sealed.evidence.json", "--network", "{}"),
        ("evidence", "export", "ab" * 32, "-o", "out.json", "--network", "{}"),
        ("evidence", "refresh", HERE / "sealed.evidence.json", "--network", "{}"),
        ("release", "show", "ab" * 32, "--network", "{}"),
        ("review", "list", "--network", "{}"),
        ("consortium", "show", "--network", "{}"),
        ("chain", "status", "--network", "{}"),
        ("chain", "verify-code", "--network", "{}"),
        ("network", "signers", "{}"),
    ],
    ids=lambda command: " ".join(str(part) for part in command[:2]),
)
def test_a_network_file(cli: CommandLine, command: tuple[object, ...]) -> None:
    file = deep(cli.folder, "network.json")
    ended = cli(*(str(part).format(file) for part in command))
    assert ended.code == 3, ended.err
    assert str(file) in ended.err
    assert "is not JSON" in ended.err


@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("nodes.json", DEEP, ("network", "status", "{folder}")),
        ("node.json", DEEP, ("chain", "node", "--state", "{folder}")),
        ("site.toml", DEEP_TOML, ("site", "run", "{folder}")),
        ("aggregator.toml", DEEP_TOML, ("aggregator", "run", "{folder}")),
        ("api.toml", DEEP_TOML, ("api", "serve", "--config", "{file}")),
        ("rules.toml", DEEP_TOML, ("site", "rules", "{file}")),
    ],
)
def test_a_folders_own_file(
    cli: CommandLine, name: str, text: str, command: tuple[str, ...]
) -> None:
    file = deep(cli.folder, f"place/{name}", text)
    ended = cli(*(part.format(folder=file.parent, file=file) for part in command))
    assert ended.code == 3, ended.err
    assert name in ended.err


def test_signatures_of_a_network_file(cli: CommandLine) -> None:
    network = cli.folder / "network.json"
    network.write_bytes((HERE / "sealed.network.json").read_bytes())
    file = deep(cli.folder, "network.json.signatures")
    ended = cli("network", "signers", network)
    assert (ended.code, str(file) in ended.err) == (3, True), ended.err


def test_a_bundle_is_refused(cli: CommandLine) -> None:
    """A bundle is evidence and no setting: what is wrong with it is a refusal."""
    file = deep(cli.folder, "deep.evidence.json")
    network = ("--network", HERE / "sealed.network.json")
    ended = cli("verify", HERE / "model.h5", "--bundle", file, *network)
    assert (ended.code, "nested deeper than 8" in ended.err) == (1, True), ended.err
    assert cli("evidence", "refresh", file, *network).code == 1


class _Deep(BaseHTTPRequestHandler):
    """A node, or a service, that answers with brackets."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))  # else closing resets it
        self.send_response(200)
        self.send_header("Content-Length", str(len(DEEP)))
        self.end_headers()
        self.wfile.write(DEEP.encode())

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing: what a command prints is looked at."""


@pytest.fixture
def hostile() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Deep) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_answers_of_a_node_and_of_a_service(cli: CommandLine, hostile: str) -> None:
    network = HERE / "single-operator.network.json"
    for command in (
        ("release", "show", "ab" * 32, "--network", network, "--rpc", hostile),
        ("verify", HERE / "model.h5", "--network", network, "--rpc", hostile),
        ("verify", HERE / "model.h5", "--api", hostile),
    ):
        ended = cli(*command)
        assert (ended.code, "recursion" in ended.err) == (2, True), ended.err


def test_a_plan(cli: CommandLine) -> None:
    options: tuple[object, ...] = ("--network", HERE / "single-operator.network.json")
    options += ("--organisation", 20, "--exchange", cli.folder, "--password-file", cli.password)
    made = cli("aggregator", "init", cli.folder / "centre", *options)
    assert made.code == 0, made.err
    file = deep(cli.folder, "plan.json")
    options = ("--model", HERE / "model.h5", "--participants", "1")
    ended = cli("aggregator", "open-run", cli.folder / "centre", file, *options)
    assert (ended.code, str(file) in ended.err) == (3, True), ended.err


@pytest.mark.slow
def test_a_keystore_and_a_model_card(world: World, cli: CommandLine) -> None:
    file = deep(cli.folder, "deep.json")
    ended = cli("consortium", "accept", 1, *cli.acting(file))
    assert (ended.code, str(file) in ended.err) == (3, True), ended.err
    acting = cli.acting(cli.keystore("releaser", world.members[RELEASER]))
    place = ("--run", "ab" * 32, "--round", 1, "--model-card", file)
    ended = cli("release", "create", HERE / "model.h5", *place, *acting)
    assert (ended.code, str(file) in ended.err) == (3, True), ended.err
