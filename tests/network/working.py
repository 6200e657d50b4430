"""A federated training under way on four validators: agents and aggregator are real processes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.chain.events import ChainEvent, RoundClosed, UpdateCommitted
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.records import Role
from dragon_ledger.site.outbox import State
from dragon_ledger.site.status import read_status
from tests.chain.history import AGGREGATOR, RELEASER, REVIEWER
from tests.federation.training import Training
from tests.network.place import Place, wait_until
from tests.site.place import Stage
from tests.site.running import Processes

TRAINERS = (1, 2)
AGENTS = ("agent1", "agent2", "agent3", "centre")
ROUNDS = 10_000


@dataclass
class Working:
    """The network, the processes, and the run that they work on."""

    place: Place
    training: Training
    run: bytes

    @staticmethod
    def build(place: Place, folder: Path, processes: Processes) -> Working:
        for number in (2, 3):
            place.world.add(number, Role.SITE)
        place.world.add(REVIEWER, Role.REVIEWER)
        place.world.add(AGGREGATOR, Role.AGGREGATOR)
        place.world.add(RELEASER, Role.RELEASER)
        training = Training(Stage.build(place.world, folder), processes)
        for number in TRAINERS:
            training.approve(number)
        run = training.open_run(ROUNDS)
        training.train(ROUNDS)
        working = Working(place, training, run)
        working.goes_on(rounds=1)
        return working

    def events(self) -> list[ChainEvent]:
        client = self.place.client()
        found = logs_between(client, client.network.first_block, client.block().number)
        client.close()
        return found

    def closed(self) -> int:
        """How many rounds are closed; each of them once and in order."""
        rounds = [one.round for one in self.closings()]
        assert rounds == list(range(1, len(rounds) + 1))
        return len(rounds)

    def closings(self) -> list[RoundClosed]:
        """Every closing on chain, in order."""
        return [one for one in self.events() if isinstance(one, RoundClosed)]

    def goes_on(self, rounds: int = 2) -> None:
        """Further rounds are committed to and closed by the processes that were there before."""
        first = self.closed()
        wait_until(
            lambda: self.closed() >= first + rounds, f"no round after {first}: {self.told()}"
        )
        for name in AGENTS:
            assert self.training.processes.running[name].poll() is None, name

    def told(self) -> str:
        """What the processes said last."""
        logs = self.training.processes.log
        return "\n".join(line for name in AGENTS for line in logs(name).splitlines()[-4:])

    def waiting(self) -> int:
        """How many acts of all folders are on their way to the chain."""
        sites = [self.training.sites[number].folder for number in TRAINERS]
        found = [read_status(folder) for folder in (*sites, self.training.centre.folder)]
        return sum(one.count(State.SENT) + one.count(State.QUEUED) for one in found)

    def requires_everything_once(self) -> None:
        """What was dropped for a closed round is on chain, and nothing is there twice."""
        closed = self.closed()
        commits = Counter(
            (one.organisation, one.round)
            for one in self.events()
            if isinstance(one, UpdateCommitted)
        )
        assert set(commits.values()) == {1}
        for number in TRAINERS:
            dropped = {one for one in self._dropped(number) if one <= closed}
            assert dropped == set(range(1, closed + 1))
            assert dropped <= {one for site, one in commits if site == number}
            assert not read_status(self.training.sites[number].folder).count(State.REFUSED)

    def _dropped(self, number: int) -> set[int]:
        folder = self.training.sites[number].folder
        (run_file,) = folder.glob("drop/*/run.json")
        assert json.loads(run_file.read_text())["run"] == self.run.hex()
        return {int(path.parent.name) for path in run_file.parent.glob("*/statement.json")}
