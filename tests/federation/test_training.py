"""A whole training over processes of their own; the training code knows nothing of the ledger."""

from __future__ import annotations

import pytest

from dragon_ledger.chain import reader
from dragon_ledger.digests.hdf5 import hdf5_content_digest
from dragon_ledger.site.outbox import State
from dragon_ledger.site.status import read_status
from tests.federation.training import Training
from tests.site.running import eventually


@pytest.mark.slow
def test_rounds_close_by_themselves_and_a_refused_site_is_absent(training: Training) -> None:
    rounds = 2
    for number in (1, 2):
        training.approve(number)
    run = training.open_run(rounds)
    training.train(rounds)
    eventually(training.published(rounds).exists, lambda: training.processes.log("centre"))
    client = training.stage.world.client
    closed = reader.read(client, reader.round_(run, rounds))
    assert hdf5_content_digest(training.published(rounds)).value == closed.aggregate
    assert reader.read(client, reader.leaf(run, 1, 3)) == bytes(32)
    refused = [
        entry
        for entry in read_status(training.sites[3].folder).entries
        if entry.state is State.REFUSED
    ]
    assert [entry.error and entry.error["name"] for entry in refused] == ["NotApproved"] * rounds
    for number in (1, 2):
        status = read_status(training.sites[number].folder)
        assert status.count(State.FINAL) == 1 + rounds
        assert not status.unpublished
