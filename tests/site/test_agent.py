from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dragon_ledger.chain import reader
from dragon_ledger.errors import ConfigurationError, InputError
from dragon_ledger.quality.rules import built_in
from dragon_ledger.site.agent import SiteAgent, open_agent
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.intake import Interrupted
from dragon_ledger.site.outbox import State
from dragon_ledger.site.status import read_status
from tests.site.place import PASSWORD, Stage, deliver

pytestmark = pytest.mark.slow


def work(agent: SiteAgent, config: SiteConfig, done: int, seconds: float = 200.0) -> None:
    """Tick until so many entries of the outbox are concluded."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        agent.tick()
        status = read_status(config.folder)
        if status.count(State.FINAL) + status.count(State.REFUSED) >= done:
            return
        time.sleep(0.05)
    raise AssertionError(read_status(config.folder).to_json())


def states(folder: Path) -> dict[Path, tuple[int, ...]]:
    """Everything but the time of the last reading."""
    return {
        path: (found.st_ino, found.st_size, found.st_mode, found.st_nlink, found.st_mtime_ns)
        for path in folder.rglob("*")
        if (found := path.stat())
    }


def test_a_transfer_becomes_a_registered_version(stage: Stage) -> None:
    stage.accept_rules()
    config = stage.site(1)
    transfer = deliver(config)
    before = states(transfer)
    with open_agent(config, PASSWORD, built_in()) as agent:
        work(agent, config, 1)
    (entry,) = read_status(config.folder).entries
    assert entry.state is State.FINAL, entry.note
    version = bytes.fromhex(str(entry.act["version"]))
    found = reader.read(stage.world.client, reader.version(version))
    assert (found.organisation, found.qc_passed) == (1, True)
    view = config.folder / "views" / version.hex()
    names = {path.relative_to(view) for path in view.rglob("*") if path.is_file()}
    sent = {path.relative_to(transfer) for path in transfer.rglob("*") if path.is_file()}
    tables = {Path("tables", "first", path) for path in sent if len(path.parts) == 1}
    images = {path for path in sent if len(path.parts) > 1}
    assert names == images | tables - {Path("tables", "first", "TRANSFER_COMPLETE")}
    assert states(transfer) == before


def test_a_folder_works_on_one_chain(stage: Stage) -> None:
    """On another one, all that is final would look as if a reorganisation had undone it."""
    config = stage.site(1)
    with open_agent(config, PASSWORD, built_in()):
        pass
    ours = stage.world.client.network
    replace(ours, genesis_hash=bytes(32)).save(stage.network)
    with (
        pytest.raises(ConfigurationError, match=f"acts are on chain {ours.chain_id}"),
        open_agent(config, PASSWORD, built_in()),
    ):
        pass
    ours.save(stage.network)
    with open_agent(config, PASSWORD, built_in()):
        pass


def test_a_transfer_with_a_name_that_is_no_utf_8_is_put_aside(stage: Stage) -> None:
    stage.accept_rules()
    config = stage.site(1)
    transfer = deliver(config)
    image = min(transfer.rglob("*.dcm"))
    os.rename(os.fsencode(image), os.fsencode(image.parent) + b"/\xff.dcm")  # noqa: PTH104 (bytes)
    deliver(config, "second")
    with open_agent(config, PASSWORD, built_in()) as agent:
        work(agent, config, 1)
        with pytest.raises(InputError, match=r"is not UTF-8: rename the file"):
            agent.version_of(transfer)


def test_an_agent_that_stops_ends_the_copy_of_a_transfer(stage: Stage) -> None:
    stage.accept_rules()
    config = stage.site(1)
    transfer = deliver(config)
    with open_agent(config, PASSWORD, built_in()) as agent:
        checked = agent._checker(transfer)
        agent.close()
        with pytest.raises(Interrupted):
            agent._check(transfer)
    assert len(checked.files) > 50
    assert not list((config.folder / "store" / "files").rglob("*"))
    with open_agent(config, PASSWORD, built_in()) as agent:
        work(agent, config, 1)
