"""Agents and aggregator are killed (SIGKILL) over and over; every act is on chain exactly once."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.events import RoundClosed, RunOpened, UpdateCommitted, VersionRegistered
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.site.lock import holder
from dragon_ledger.site.outbox import State
from dragon_ledger.site.status import read_status
from tests.federation.training import Training
from tests.site.running import eventually

SITES = (1, 2)
COMMANDS = {1: "agent1", 2: "agent2", 20: "centre"}


class Reaper:
    """Starts the three processes so that each ends itself at a random step or a random moment."""

    def __init__(self, training: Training, seed: int) -> None:
        self.training = training
        self.random = random.Random(seed)
        self.kills = 0
        self.deadlines: dict[int, float] = {}

    def start(self, number: int) -> None:
        processes = self.training.processes
        group, folder = ("site", self.folder(number))
        if number not in self.training.sites:
            group = "aggregator"
        steps = self.random.randint(1, 60) if self.random.random() < 0.5 else 10**9
        processes.module(COMMANDS[number], "tests.site.killed", steps, group, "run", folder)
        wait = self.random.uniform(0.9, 3.5) if steps == 10**9 else 20.0
        self.deadlines[number] = time.monotonic() + wait

    def folder(self, number: int) -> Path:
        sites = self.training.sites
        return sites[number].folder if number in sites else self.training.centre.folder

    def tend(self) -> None:
        """Kill whom the time has come for, and start everybody who is dead."""
        for number, name in COMMANDS.items():
            process = self.training.processes.running.get(name)
            if process is not None and process.poll() is None:
                if time.monotonic() < self.deadlines[number]:
                    continue
                self.training.processes.kill(name)
            elif process is not None:
                assert process.returncode == -9, self.training.processes.log(name)
            self.kills += process is not None
            self.start(number)


def kill_over_a_training(training: Training, kills: int, seed: int) -> None:
    for number in SITES:
        training.approve(number)
        training.processes.kill(f"agent{number}")
    run = training.open_run(rounds=10_000)
    training.processes.kill("centre")
    training.train(rounds=10_000)
    reaper = Reaper(training, seed)
    while reaper.kills < kills:
        reaper.tend()
        time.sleep(0.02)
    _let_everybody_finish(training)
    _require_everything_once(training, run)


def _let_everybody_finish(training: Training) -> None:
    """Let agents and aggregator work undisturbed; end the training code; wait until all is done."""
    processes = training.processes
    for name in COMMANDS.values():
        if name in processes.running:
            processes.kill(name)
    for number in SITES:
        processes.command(f"agent{number}", "site", "run", training.sites[number].folder)
    processes.command("centre", "aggregator", "run", training.centre.folder)
    eventually(training.published(1).exists, lambda: processes.log("centre"))
    for name in (*(f"train{number}" for number in training.sites), "average"):
        if name in processes.running:
            processes.kill(name)
    folders = [training.sites[number].folder for number in SITES] + [training.centre.folder]
    eventually(
        lambda: all(_done(folder) for folder in folders),
        lambda: str([read_status(folder).to_json() for folder in folders]),
    )


def _done(folder: Path) -> bool:
    """Whether an agent works here, has taken up every drop, and nothing waits."""
    status = read_status(folder)
    taken_up = {(entry.act.get("run"), entry.act.get("round")) for entry in status.entries}
    waiting = status.count(State.QUEUED) + status.count(State.SENT) + len(status.unpublished)
    runs = {path: json.loads(path.read_bytes())["run"] for path in folder.glob("drop/*/run.json")}
    dropped = {(run, number) for path, run in runs.items() for number in _dropped(path.parent)}
    return bool(status.process) and not waiting and dropped <= taken_up


def _dropped(run_folder: Path) -> set[int]:
    return {int(path.parent.name) for path in run_folder.glob("*/statement.json")}


def _require_everything_once(training: Training, run: bytes) -> None:
    network = training.stage.world.client.network
    client = Client(network)
    events = logs_between(client, network.first_block, client.block().number)
    registered = Counter(e.organisation for e in events if isinstance(e, VersionRegistered))
    assert [registered[number] for number in SITES] == [1, 1]
    assert sum(isinstance(event, RunOpened) for event in events) == 1
    commits = Counter(
        (event.round, event.organisation) for event in events if isinstance(event, UpdateCommitted)
    )
    assert set(commits.values()) == {1}
    closed = [event.round for event in events if isinstance(event, RoundClosed)]
    assert closed == list(range(1, len(closed) + 1))
    assert len(closed) >= 1
    for number in SITES:
        folder = training.sites[number].folder
        (run_folder,) = folder.glob("drop/*")
        dropped = _dropped(run_folder)
        assert {round_number for round_number, site in commits if site == number} == dropped
        assert not read_status(folder).count(State.REFUSED)
        assert holder(folder)
    assert run in {event.run for event in events if isinstance(event, RunOpened)}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_few_kills_lose_and_repeat_nothing(training: Training) -> None:
    kill_over_a_training(training, kills=8, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_hundred_kills_lose_and_repeat_nothing(training: Training) -> None:
    kill_over_a_training(training, kills=200, seed=2)
