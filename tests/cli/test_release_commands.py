from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from dragon_ledger.chain import reader
from dragon_ledger.digests.file import file_digest
from dragon_ledger.digests.hdf5 import hdf5_content_digest
from tests.chain.history import AGGREGATOR, RELEASER, REVIEWER
from tests.chain.world import World, digest
from tests.cli.command_line import CommandLine


def write_model(path: Path, weight: float) -> Path:
    with h5py.File(path, "w") as file:
        file["weights"] = np.full(8, weight)
    return path


@pytest.fixture
def model(world: World, cli: CommandLine) -> Path:
    """The aggregate of a closed round."""
    file = write_model(cli.folder / "model.h5", 0.5)
    version = world.register(1, "v1")
    world.approve(REVIEWER, 1, "v1")
    run = world.open_run(AGGREGATOR, "run", [1])
    world.commit(1, run, 1, version)
    leaves = reader.read(world.client, reader.leaves_hash(run, 1, 2))
    aggregate = hdf5_content_digest(file).value
    close = (run, 1, aggregate, 2, leaves, digest("closed"))
    world.send(world.members[AGGREGATOR], "TrainingLedger", "closeRound", *close)
    (cli.folder / "card.json").write_text('{"intended use": "tests"}')
    return file


@pytest.fixture
def releaser(world: World, cli: CommandLine) -> list[object]:
    card = ("--model-card", cli.folder / "card.json")
    return [*card, *cli.acting(cli.keystore("releaser", world.members[RELEASER]))]


@pytest.mark.slow
def test_a_model_is_released_and_withdrawn_once(
    cli: CommandLine, world: World, model: Path, releaser: list[object]
) -> None:
    ended = cli("release", "create", model, *releaser)
    assert (ended.code, ended.err) == (0, "")
    assert "Nothing was sent" in cli("release", "create", model, *releaser).out
    network = ("--network", cli.folder / "network.json")
    for wanted in (model, hdf5_content_digest(model), file_digest(model).value.hex()):
        found = json.loads(cli("release", "show", wanted, "--json", *network).out)
        assert found["status"] == "valid"
        (release,) = found["releases"]
        assert release["file_digest"] == "0x" + file_digest(model).value.hex()
    assert "valid" in cli("release", "show", model, *network).out
    withdraw = ("release", "withdraw", release["id"], "--reason", 3, *releaser[2:])
    assert cli(*withdraw).code == 0
    assert "Nothing was sent" in cli(*withdraw).out
    state = reader.read(world.client, reader.release(bytes.fromhex(release["id"][2:])))
    assert (state.withdrawal_reason, state.organisation) == (3, RELEASER)


@pytest.mark.slow
def test_what_is_no_rounds_aggregate_is_refused(
    cli: CommandLine, world: World, model: Path, releaser: list[object]
) -> None:
    other = write_model(cli.folder / "other.h5", np.nextafter(0.5, 1))
    ended = cli("release", "create", other, *releaser)
    assert ended.code == 3
    assert "no closed round's aggregate" in ended.err
    (origin,) = reader.read(world.client, reader.origins(hdf5_content_digest(model).value))
    named = ("--run", origin.run.hex(), "--round")
    ended = cli("release", "create", other, *named, 1, *releaser)
    assert ended.code == 1
    assert "is not the aggregate of round 1" in ended.err
    ended = cli("release", "create", other, *named, 2, *releaser)
    assert ended.code == 1
    assert "is not closed (1 rounds are)" in ended.err


@pytest.mark.slow
def test_who_aggregated_does_not_release(cli: CommandLine, world: World, model: Path) -> None:
    aggregator = cli.acting(cli.keystore("aggregator", world.members[AGGREGATOR]))
    card = ("--model-card", cli.folder / "card.json")
    ended = cli("release", "create", model, *card, *aggregator)
    assert ended.code == 1
    assert "RELEASER" in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("text", [b"", b"no json", b"\xff"])
def test_a_model_card_must_be_json(
    cli: CommandLine, model: Path, releaser: list[object], text: bytes
) -> None:
    (cli.folder / "card.json").write_bytes(text)
    ended = cli("release", "create", model, *releaser)
    assert ended.code == 3
    assert "card.json" in ended.err
