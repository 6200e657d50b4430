"""Three sites and an aggregator as processes of their own, and the example's training code."""

from __future__ import annotations

import json
from pathlib import Path

from dragon_ledger.federation.opening import request_run
from dragon_ledger.site.outbox import State
from dragon_ledger.site.status import read_status
from tests.site.conftest import AGGREGATOR, REVIEWER
from tests.site.place import Stage, deliver
from tests.site.running import Processes, eventually

NAME = "covid-opacity-1"
TRAINERS = "dragon_ledger.federation.example"


def plan_file(folder: Path, purpose: bytes, rounds: int) -> Path:
    path = folder / "plan.json"
    content = {
        "name": NAME,
        "purpose": {"text": "Tell a positive test from a CT scan.", "digest": purpose.hex()},
        "algorithm": "logistic regression, federated averaging",
        "seed": 11,
        "hyperparameters": {"steps": 200, "rate": 0.5},
        "code_digest": "00" * 31 + "01",
        "aggregation": "weighted-average/1",
        "minimum_participants": 2,
        "rounds": rounds,
    }
    path.write_text(json.dumps(content))
    return path


class Training:
    """Three sites and an aggregator; site 3's version is not approved."""

    def __init__(self, stage: Stage, processes: Processes) -> None:
        self.stage = stage
        self.processes = processes
        stage.accept_rules()
        self.sites = {number: stage.site(number) for number in (1, 2, 3)}
        self.centre = stage.aggregator(AGGREGATOR)
        for number, config in self.sites.items():
            deliver(config, seed=number)
            processes.command(f"agent{number}", "site", "run", config.folder)
        self.versions = {number: self._registered(number) for number in self.sites}

    def _registered(self, number: int) -> bytes:
        folder = self.sites[number].folder
        eventually(
            lambda: (
                (folder / "outbox.sqlite").exists() and read_status(folder).count(State.FINAL) == 1
            ),
            lambda: self.processes.log(f"agent{number}"),
        )
        return bytes.fromhex(str(read_status(folder).entries[0].act["version"]))

    def approve(self, number: int) -> None:
        (entry,) = read_status(self.sites[number].folder).entries
        act = entry.act
        self.stage.world.send(
            self.stage.world.members[REVIEWER],
            "DatasetRegistry",
            "approve",
            self.versions[number],
            bytes.fromhex(str(act["qc_report"])),
            bytes.fromhex(str(act["rule_set"])),
            bytes(31) + b"\x02",
        )

    def open_run(self, rounds: int) -> bytes:
        self.processes.module(
            "initial", f"{TRAINERS}.initial", "--seed", 11, "--output", self.stage.folder / "m.h5"
        )
        self.processes.finish("initial")
        plan = plan_file(self.stage.folder, self.sites[1].purpose, rounds)
        model = self.stage.folder / "m.h5"
        request = request_run(self.centre, plan, model, (1, 2, 3), "", None)
        self.processes.command("centre", "aggregator", "run", self.centre.folder)
        return request.act.run

    def train(self, rounds: int) -> None:
        centre = self.centre.folder
        for number, config in self.sites.items():
            self.processes.module(
                f"train{number}", f"{TRAINERS}.site",
                "--view", config.folder / "views" / self.versions[number].hex(),
                "--drop", config.folder / "drop" / NAME,
                "--global", centre / "global" / NAME,
                "--incoming", centre / "incoming" / NAME,
                "--organisation", number, "--rounds", rounds,
            )  # fmt: skip
        self.processes.module(
            "average", f"{TRAINERS}.aggregate",
            "--ready", centre / "ready" / NAME,
            "--incoming", centre / "incoming" / NAME,
            "--drop", centre / "drop" / NAME,
            "--minimum", 2, "--expected", 2, "--rounds", rounds,
        )  # fmt: skip

    def published(self, round_number: int) -> Path:
        return self.centre.folder / "global" / NAME / str(round_number) / "model.h5"
