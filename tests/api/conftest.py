from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import h5py
import httpx
import numpy as np
import pytest

from dragon_ledger.chain import reader
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.digests.file import file_digest
from dragon_ledger.digests.hdf5.worker import Hdf5Worker
from dragon_ledger.records import Role
from tests.chain.world import World, digest, new_signer

SITES = (1, 2, 3)
REVIEWER, AGGREGATOR, RELEASER = 10, 20, 30
PATIENCE = 30.0


@dataclass
class Server:
    """A verdict service in a process of its own."""

    folder: Path
    config: Path
    process: subprocess.Popen[str] | None = None
    url: str = ""
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "api.log"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of `dragon-ledger`."""
        program = str(Path(sys.executable).with_name("dragon-ledger"))
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=60, check=False
        )

    def configure(self, old: str, new: str) -> None:
        """Change a line of its configuration."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = str(Path(sys.executable).with_name("dragon-ledger"))
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [program, "api", "serve", "--config", str(self.config)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), self.log.read_text()
        self.url = line.split()[-1]

    def address(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def wait_for_block(self, block: int) -> None:
        """Wait until it has read this block."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = httpx.get(f"{self.url}/readyz")
            if answer.status_code == 200 and answer.json()["block"] >= block:
                return
            time.sleep(0.05)
        raise AssertionError(f"block {block} was not read: {self.log.read_text()}")

    def wait_until_stale(self) -> httpx.Response:
        """Wait until it knows that it may be behind the chain; what it says then."""
        deadline = time.monotonic() + PATIENCE
        while (answer := httpx.get(f"{self.url}/readyz")).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return answer

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None:
            os.kill(self.process.pid, how)
            self.process.wait(timeout=PATIENCE)
            self.process = None

    @property
    def spool(self) -> Path:
        """Where its uploads lie."""
        return self.config.parent / "api-data" / "spool"

    def token(self, *scopes: str) -> dict[str, str]:
        """Headers with a fresh token that has these scopes."""
        options = [part for scope in scopes for part in ("--scope", scope)]
        made = self.run(
            "api", "token", "create", "--config", str(self.config), "--name", "t", *options
        )
        assert made.returncode == 0, made.stderr
        return {"Authorization": f"Bearer {made.stdout.strip()}"}


@dataclass
class Ledger:
    """A chain with a released model, the model's file, and a service that knows them."""

    world: World
    node: EmbeddedNode
    server: Server
    network: Path
    model: Path
    run: bytes
    versions: dict[int, bytes]

    def settle(self) -> None:
        """Wait until the service has read everything."""
        self.server.wait_for_block(self.world.client.block().number)


def write_model(
    path: Path, weights: np.ndarray, *, track_order: bool = False, **options: Any
) -> Path:
    """A model file."""
    with h5py.File(path, "w", track_order=track_order) as file:
        dataset = file.create_dataset("layer/weights", data=weights, **options)
        dataset.attrs["units"] = "none"
        file.attrs["purpose"] = "test"
    return path


def content_digest(path: Path) -> bytes:
    """The content digest of a model file."""
    with Hdf5Worker() as worker:
        return worker.digest(path).value


def build_world(node: EmbeddedNode) -> World:
    admin = new_signer()
    network = deploy([node.url], new_signer(), admin=admin.address, root_delay=60)
    world = World(Client(network), admin)
    for number in SITES:
        world.add(number, Role.SITE)
    world.add(REVIEWER, Role.REVIEWER)
    world.add(AGGREGATOR, Role.AGGREGATOR)
    world.add(RELEASER, Role.RELEASER)
    world.accept_rules()
    return world


def train_and_release(world: World, model: Path) -> tuple[bytes, dict[int, bytes]]:
    """One round, site 3 absent, whose aggregate is this file's content."""
    versions = {site: world.register(site, "v1") for site in SITES}
    for site in SITES:
        world.approve(REVIEWER, site, "v1")
    run = world.open_run(AGGREGATOR, "first", list(SITES))
    for site in (1, 2):
        world.commit(site, run, 1, versions[site])
    aggregate = content_digest(model)
    included = 0b110
    leaves = reader.read(world.client, reader.leaves_hash(run, 1, included))
    said = (digest("card"), digest("released"))
    aggregator, releaser = world.members[AGGREGATOR], world.members[RELEASER]
    world.send(
        aggregator, "TrainingLedger", "closeRound", run, 1, aggregate, included, leaves, said[1]
    )
    file = file_digest(model).value
    world.send(releaser, "ModelRegistry", "release", run, 1, aggregate, file, *said)
    return run, versions


@contextmanager
def running(folder: Path) -> Iterator[Ledger]:
    """A chain, a released model, and a service that has read all of it."""
    with EmbeddedNode(folder / "node") as node:
        world = build_world(node)
        model = write_model(folder / "model.h5", np.arange(12.0).reshape(3, 4))
        run, versions = train_and_release(world, model)
        network = folder / "network.json"
        world.client.network.save(network)
        server = Server(folder, folder / "api" / "api.toml")
        options = ("--network", str(network), "--port", "0")
        made = server.run("api", "init", str(folder / "api"), *options)
        assert made.returncode == 0, made.stderr
        server.configure("poll_seconds = 1.0", "poll_seconds = 0.1")
        server.start()
        try:
            ledger = Ledger(world, node, server, network, model, run, versions)
            ledger.settle()
            yield ledger
        finally:
            server.stop()


@contextmanager
def beside(known: Ledger, folder: Path, *changes: tuple[str, str]) -> Iterator[Server]:
    """Another service on the same index, with some lines of its configuration changed."""
    server = Server(folder, folder / "api" / "api.toml")
    options = ("--network", str(known.network), "--port", "0")
    made = server.run("api", "init", str(folder / "api"), *options)
    assert made.returncode == 0, made.stderr
    index = known.server.config.parent / "index.sqlite"
    same = (
        ('index = "index.sqlite"', f'index = "{index}"'),
        ("follow = true", "follow = false"),
        ("poll_seconds = 1.0", "poll_seconds = 0.1"),
    )
    for old, new in (*same, *changes):
        server.configure(old, new)
    server.start()
    try:
        server.wait_for_block(known.world.client.block().number)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """One service for all tests that change nothing."""
    with running(tmp_path_factory.mktemp("known")) as ledger:
        yield ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A service of the test's own, with a chain that it may change or stop."""
    with running(tmp_path) as made:
        yield made
