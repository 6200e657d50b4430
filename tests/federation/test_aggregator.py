"""The aggregator hands out what is committed, and closes a round only over that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import h5py
import numpy as np
import pytest

from dragon_ledger.chain import reader
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.digests.hdf5 import Hdf5Worker
from dragon_ledger.federation.aggregator import Aggregator, open_aggregator
from dragon_ledger.federation.config import AggregatorConfig
from dragon_ledger.federation.opening import request_run
from dragon_ledger.federation.recompute import WeightedUpdate, weighted_average
from dragon_ledger.site.drop_folder import UpdateStatement
from dragon_ledger.site.exchange import FolderExchange
from dragon_ledger.site.outbox import State
from dragon_ledger.site.statements import LedgerAddress, seal_update
from dragon_ledger.site.status import read_status
from tests.chain.world import NONE, PURPOSE
from tests.federation.training import plan_file
from tests.site.conftest import AGGREGATOR, REVIEWER, populate
from tests.site.place import PASSWORD, Stage

NAMES = (f"run-{number}" for number in count(1))
WEIGHTS = {1: 3.0, 2: 1.0}

pytestmark = pytest.mark.slow


def write_model(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["kernel"] = np.random.default_rng(seed).normal(size=4).astype(np.float32)
    return path


@dataclass
class Centre:
    """An aggregator at work on one run, and two sites that commit by hand."""

    stage: Stage
    config: AggregatorConfig
    aggregator: Aggregator
    worker: Hdf5Worker
    name: str
    run: bytes
    versions: dict[int, bytes]
    seeds: Iterator[int] = field(default_factory=lambda: count(100))

    @property
    def folder(self) -> Path:
        return self.config.folder

    def tick(self) -> None:
        """Twice, so that what the first one sent is seen by the second."""
        self.aggregator.tick()
        self.aggregator.tick()

    def arrive(self, site: int, seed: int) -> Path:
        return write_model(self.folder / "incoming" / self.name / "1" / f"{site}.h5", seed)

    def commit(self, site: int, model: Path) -> None:
        """What a site's agent does with an update."""
        world = self.stage.world
        update = self.worker.digest(model)
        base = self.worker.digest(self.folder / "global" / self.name / "0" / "model.h5")
        said = UpdateStatement(self.versions[site], WEIGHTS[site], {}, "plain", "test")
        contract = world.client.network.contracts["TrainingLedger"].address
        statement = seal_update(
            LedgerAddress(world.client.network.chain_id, contract),
            run=self.run,
            round_number=1,
            organisation=site,
            update=update,
            base=base,
            said=said,
        )
        FolderExchange(self.stage.exchange).put(statement.data)
        replaces = reader.read(world.client, reader.leaf(self.run, 1, site))
        world.send(
            world.members[site],
            "TrainingLedger",
            "commitUpdate",
            *(self.run, 1, update.value, base.value, said.dataset_version),
            *(statement.digest, replaces),
        )

    def ready(self) -> set[str]:
        return {path.name for path in (self.folder / "ready" / self.name / "1").glob("*.h5")}

    def aggregate(self, sites: tuple[int, ...], weights: dict[int, float]) -> None:
        """What aggregation code does."""
        ready = self.folder / "ready" / self.name / "1"
        drop = self.folder / "drop" / self.name / "1"
        drop.mkdir(parents=True, exist_ok=True)
        weighted_average(
            {site: WeightedUpdate(ready / f"{site}.h5", weights[site]) for site in sites},
            drop / "aggregate.h5",
        )
        statement = {"included": list(sites), "metrics": {}, "code_version": "test"}
        (drop / ".statement.json").write_text(json.dumps(statement))
        (drop / ".statement.json").replace(drop / "statement.json")

    def closed(self) -> int:
        return reader.read(self.stage.world.client, reader.run(self.run)).rounds

    def troubles(self) -> str:
        return json.dumps(read_status(self.folder).to_json()["troubles"])


@pytest.fixture(scope="module")
def stage(node: EmbeddedNode, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage.build(populate(node.url), tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def versions(stage: Stage) -> dict[int, bytes]:
    world = stage.world
    found = {site: world.register(site, "data") for site in WEIGHTS}
    for site in WEIGHTS:
        world.approve(REVIEWER, site, "data")
    return found


@pytest.fixture(scope="module")
def config(stage: Stage) -> AggregatorConfig:
    return stage.aggregator(AGGREGATOR)


@pytest.fixture
def centre(
    stage: Stage, config: AggregatorConfig, versions: dict[int, bytes], tmp_path: Path
) -> Iterator[Centre]:
    name = next(NAMES)
    plan = plan_file(tmp_path, PURPOSE, 1)
    plan.write_text(plan.read_text().replace("covid-opacity-1", name))
    model = write_model(tmp_path / "initial.h5", 0)
    request = request_run(config, plan, model, (1, 2), "", None)
    with open_aggregator(config, PASSWORD) as aggregator, Hdf5Worker() as worker:
        centre = Centre(stage, config, aggregator, worker, name, request.act.run, versions)
        centre.tick()
        yield centre


def test_an_update_is_handed_out_only_as_committed(centre: Centre) -> None:
    first = centre.arrive(1, seed=1)
    centre.tick()
    assert centre.ready() == set()
    assert "has committed no update" in centre.troubles()
    centre.commit(1, first)
    centre.arrive(2, seed=2)
    centre.commit(2, write_model(centre.stage.folder / "other.h5", 3))
    centre.tick()
    assert centre.ready() == {"1.h5"}
    assert "is not the update that this site committed" in centre.troubles()


def test_a_replaced_update_is_taken_back(centre: Centre) -> None:
    centre.commit(1, centre.arrive(1, seed=1))
    centre.tick()
    assert centre.ready() == {"1.h5"}
    second = write_model(centre.stage.folder / "second.h5", 5)
    centre.commit(1, second)
    centre.tick()
    assert centre.ready() == set()
    centre.arrive(1, seed=5)
    centre.tick()
    assert centre.ready() == {"1.h5"}


def test_a_round_is_closed_and_its_model_published(centre: Centre) -> None:
    centre.arrive(2, seed=7)
    centre.commit(1, centre.arrive(1, seed=1))
    centre.tick()
    assert "2.h5" in centre.troubles()
    centre.aggregate((1,), WEIGHTS)
    centre.tick()
    assert centre.closed() == 1
    assert f"{centre.name}/1/2.h5" not in centre.troubles()
    published = centre.folder / "global" / centre.name / "1" / "model.h5"
    recorded = reader.read(centre.stage.world.client, reader.round_(centre.run, 1)).aggregate
    assert centre.worker.digest(published).value == recorded


def test_a_wrong_aggregate_closes_nothing_until_it_is_made_again(centre: Centre) -> None:
    for site in WEIGHTS:
        centre.commit(site, centre.arrive(site, seed=site))
    centre.tick()
    centre.aggregate((1, 2), {1: 1.0, 2: 1.0})
    centre.tick()
    assert centre.closed() == 0
    assert "gives hdf5-content-v1" in centre.troubles()
    centre.aggregate((1, 2), WEIGHTS)
    centre.tick()
    assert centre.closed() == 1


def test_an_aggregate_over_an_update_that_was_replaced_meanwhile_is_not_closed(
    centre: Centre,
) -> None:
    for site in WEIGHTS:
        centre.commit(site, centre.arrive(site, seed=site))
    centre.tick()
    centre.aggregate((1, 2), WEIGHTS)
    centre.commit(2, write_model(centre.stage.folder / "late.h5", 9))
    centre.tick()
    assert centre.closed() == 0
    assert "included names organisation 2" in centre.troubles()
    centre.aggregate((1,), WEIGHTS)
    centre.tick()
    assert centre.closed() == 1
    closed = [
        entry
        for entry in read_status(centre.folder).entries
        if entry.key.startswith(f"close:{centre.run.hex()}")
    ]
    assert [entry.state for entry in closed] == [State.FINAL]
    assert closed[0].act["included"] == 1 << 1
    assert closed[0].act["leaves_hash"] != NONE.hex()


def test_two_runs_of_one_plan_name_have_folders_of_their_own(
    stage: Stage, config: AggregatorConfig, tmp_path: Path
) -> None:
    plan = plan_file(tmp_path, PURPOSE, 1)
    model = write_model(tmp_path / "initial.h5", 0)
    runs = []
    for _ in range(2):
        runs.append(request_run(config, plan, model, (1, 2), "", None).act.run)
        with open_aggregator(config, PASSWORD) as aggregator:
            aggregator.tick()
            aggregator.tick()
    first, second = (config.folder / "drop" / name for name in _names(runs[1]))
    assert json.loads((first / "run.json").read_bytes())["run"] == runs[0].hex()
    assert json.loads((second / "run.json").read_bytes())["run"] == runs[1].hex()
    for folder in (first, second):
        assert (config.folder / "global" / folder.name / "0" / "model.h5").exists()
    assert stage.exchange.is_dir()


def _names(second: bytes) -> tuple[str, str]:
    return "covid-opacity-1", f"covid-opacity-1-{second.hex()[:8]}"
