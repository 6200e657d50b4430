"""A federated training that knows nothing of the ledger, with a power cut in the middle."""

from __future__ import annotations

import json
from collections.abc import Mapping

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.events import UpdateCommitted
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.chain.network import Network
from dragon_ledger.federation.config import AggregatorConfig
from dragon_ledger.federation.opening import request_run
from dragon_ledger.federation.setup import init_aggregator
from dragon_ledger.site.config import SiteChoices
from dragon_ledger.site.outbox import State
from scripts.demonstration.cast import AGGREGATOR, HOSPITALS, Party, Places
from scripts.demonstration.ground import Ground
from scripts.demonstration.hospitals import POLL_SECONDS, entries, start_agent
from scripts.demonstration.processes import Troupe

EXAMPLE = "dragon_ledger.federation.example"
PLAN = "covid-opacity-1"
ROUNDS = 3
PURPOSE = "Tell a positive SARS-CoV-2 test from a chest CT scan and a few clinical values."


def write_plan(places: Places, purpose: bytes, code_digest: bytes) -> None:
    """What the members agreed to train."""
    plan = {
        "name": PLAN,
        "purpose": {"text": PURPOSE, "digest": purpose.hex()},
        "algorithm": "logistic regression, federated averaging",
        "seed": 2026,
        "hyperparameters": {"steps": 200, "rate": 0.5},
        "code_digest": code_digest.hex(),
        "aggregation": "weighted-average/1",
        "minimum_participants": 3,
        "rounds": ROUNDS,
    }
    (places.root / "plan.json").write_text(json.dumps(plan, indent=2), "utf-8")


def make_aggregator(places: Places, exchange: str) -> bytes:
    """Make the aggregator's folder and keys; the account that its root is to enrol."""
    choices = SiteChoices(
        partner="",
        organisation=AGGREGATOR.number,
        network=str(places.network),
        exchange=exchange,
        purpose="",
        token_file=str(places.token),
        password_file=str(places.password),
        poll_seconds=POLL_SECONDS,
    )
    password = places.password.read_text("utf-8").strip()
    return init_aggregator(places.aggregator, choices, password, light=True)


def open_run(troupe: Troupe, places: Places) -> bytes:
    """The coordinating centre opens a run from a model that anyone can make from the seed."""
    model = places.root / "initial.h5"
    troupe.module("initial", f"{EXAMPLE}.initial", "--seed", 2026, "--output", model)
    troupe.finish("initial")
    config = AggregatorConfig.load(places.aggregator)
    participants = tuple(hospital.number for hospital in HOSPITALS)
    request = request_run(config, places.root / "plan.json", model, participants, "", None)
    troupe.ledger("aggregator", "aggregator", "run", places.aggregator)
    published = places.aggregator / "global" / PLAN / "0" / "model.h5"
    troupe.wait_until("the run is open", published.exists)
    return request.act.run


def train_round(troupe: Troupe, places: Places, versions: Mapping[int, bytes], number: int) -> None:
    """Every hospital trains; the coordinating centre averages what it is handed."""
    centre = places.aggregator
    for hospital in HOSPITALS:
        folder = places.site(hospital)
        troupe.module(
            f"training-{hospital.number}", f"{EXAMPLE}.site",
            "--view", folder / "views" / versions[hospital.number].hex(),
            "--drop", folder / "drop" / PLAN,
            "--global", centre / "global" / PLAN,
            "--incoming", centre / "incoming" / PLAN,
            "--organisation", hospital.number, "--round", number,
        )  # fmt: skip
    troupe.module(
        "averaging", f"{EXAMPLE}.aggregate",
        "--ready", centre / "ready" / PLAN,
        "--incoming", centre / "incoming" / PLAN,
        "--drop", centre / "drop" / PLAN,
        "--minimum", 3, "--expected", 3, "--round", number,
    )  # fmt: skip


def wait_for_round(troupe: Troupe, places: Places, number: int) -> None:
    """The round is closed on chain and its global model is published."""
    published = places.aggregator / "global" / PLAN / str(number) / "model.h5"
    troupe.wait_until(f"round {number} is closed", published.exists)
    for name in [*troupe.visitors]:
        troupe.finish(name)


def kill_between_sending_and_receipt(
    troupe: Troupe, places: Places, victim: Party, ground: Ground
) -> int:
    """Kill the victim's agent when its update is sent and in no block; start it again.

    Returns the process id that was killed.
    """
    troupe.wait_until(f"{victim.name} has sent its update", lambda: is_sent(places, victim))
    killed = troupe.members[f"agent-{victim.number}"].kill()
    ground.release()
    start_agent(troupe, places, victim)
    return killed


def is_sent(places: Places, hospital: Party) -> bool:
    """The agent sent its latest update and has no receipt yet."""
    commits = entries(places, hospital, "commit")
    return bool(commits) and commits[-1].state is State.SENT


def commits_on_chain(places: Places, run: bytes, number: int, hospital: Party) -> int:
    """How many updates of a hospital the chain holds in a round, replaced ones included."""
    client = Client(Network.load(places.network))
    try:
        events = logs_between(client, client.network.first_block, client.block().number)
    finally:
        client.close()
    return sum(
        isinstance(event, UpdateCommitted)
        and (event.run, event.round, event.organisation) == (run, number, hospital.number)
        for event in events
    )


def refused_updates(places: Places, hospital: Party) -> list[str]:
    """What the contract said to the hospital's updates, in words."""
    return [
        entry.note for entry in entries(places, hospital, "commit") if entry.state is State.REFUSED
    ]
