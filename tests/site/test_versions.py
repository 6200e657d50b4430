"""What a site keeps of its versions, and what it destroys."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from dragon_ledger.chain import reader
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.digests.documents import open_document
from dragon_ledger.digests.qc_report import open_qc_report
from dragon_ledger.errors import StorageError
from dragon_ledger.quality.rules import built_in
from dragon_ledger.records import VersionFlag
from dragon_ledger.samples.subjects import pseudonym
from dragon_ledger.site.agent import open_agent, open_records, open_site
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.decisions import erase, queue_decision
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.views import version_files
from tests.site.conftest import REVIEWER, populate
from tests.site.place import PASSWORD, Stage, deliver
from tests.site.test_agent import work

pytestmark = pytest.mark.slow


def versions(config: SiteConfig) -> list[bytes]:
    with open_records(config, PASSWORD) as (database, _):
        return [identifier for identifier, _ in database.versions()]


def take_in(config: SiteConfig, name: str, subjects: int, done: int) -> bytes:
    deliver(config, name, subjects=subjects)
    with open_agent(config, PASSWORD, built_in()) as agent:
        work(agent, config, done)
    return versions(config)[-1]


@pytest.fixture(scope="module")
def stage(node: EmbeddedNode, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = Stage.build(populate(node.url), tmp_path_factory.mktemp("stage"))
    stage.accept_rules()
    return stage


@dataclass(frozen=True, slots=True)
class Kept:
    """A site with two versions, the second with a subject more; for tests that change nothing."""

    config: SiteConfig
    first: bytes
    second: bytes


@pytest.fixture(scope="module")
def kept(stage: Stage) -> Kept:
    config = stage.site(1)
    return Kept(config, take_in(config, "1", 2, done=1), take_in(config, "2", 3, done=2))


def test_a_new_version_names_its_predecessor_and_reuses_what_did_not_change(
    kept: Kept, stage: Stage
) -> None:
    client = stage.world.client
    old, new = (reader.read(client, reader.version(one)) for one in (kept.first, kept.second))
    assert new.predecessor == old.number
    with open_records(kept.config, PASSWORD) as (database, _):
        before, after = database.members(kept.first), database.members(kept.second)
    same = {tag for tag, member in after.items() if before.get(tag) == member}
    # Two subjects are unchanged; the tables, which hang under no subject, are not.
    assert (len(before), len(after), len(same)) == (3, 4, 2)


def test_the_disk_shows_no_identifier_to_who_has_no_key(kept: Kept) -> None:
    config = kept.config
    subject = pseudonym(config.partner, 1).encode()
    files = [
        path
        for path in config.folder.rglob("*")
        if path.is_file() and path.relative_to(config.folder).parts[0] not in ("inbox", "views")
    ]
    plain = [path for path in files if subject in path.read_bytes()]
    # Files of the transfer itself are what the training reads; all else is encrypted.
    assert {path.relative_to(config.folder).parts[:2] for path in plain} == {("store", "files")}


def test_another_key_opens_nothing(kept: Kept, stage: Stage) -> None:
    with open_site(stage.site(2), PASSWORD) as (place, _):
        database = RecordsDatabase(kept.config.folder / "records.sqlite", place.vault)
        with pytest.raises(StorageError, match="does not open"):
            database.versions()
        database.close()


def test_report_and_statement_are_what_the_chain_binds(kept: Kept) -> None:
    config = kept.config
    with open_records(config, PASSWORD) as (database, store):
        facts = database.version(kept.second)
        assert facts is not None
        act = facts["registration"]
        report = open_qc_report(
            store.get(bytes.fromhex(act["qc_report"])),
            bytes.fromhex(act["qc_report"]),
            store.get(bytes.fromhex(facts["summary"])),
            store.get(bytes.fromhex(facts["annex"])),
            bytes.fromhex(facts["annex_salt"]),
        )
        statement = open_document(
            store.get(bytes.fromhex(act["statement"])),
            bytes.fromhex(act["statement"]),
            "registration-statement/1",
        )
        page = store.get(bytes.fromhex(facts["html"]))
    assert report.outcome == "PASS"
    assert isinstance(statement, dict)
    assert statement["commitment"] == act["commitment"]
    assert b"<html" in page
    published = {path.name for path in (config.folder.parent / "exchange").iterdir()}
    assert {act["qc_report"], facts["summary"], act["ethics"], act["statement"]} <= published
    assert facts["annex"] not in published


def test_a_superseded_version_is_erased_and_the_other_one_stays_whole(stage: Stage) -> None:
    config = stage.site(3)
    first, second = take_in(config, "1", 2, done=1), take_in(config, "2", 3, done=2)
    records = config.folder / "records.sqlite"
    with open_site(config, PASSWORD) as (place, database):
        queue_decision(place, first, second, 9, "more subjects")
        queue_decision(place, first, None, 10, "")
        facts = database.version(first)
        assert facts is not None
        manifests = set(database.manifests(second))
        erase(config, place, database, first)
        assert database.version(first) is None
        assert set(database.manifests(second)) == manifests
        place.to_chain()
    flags = VersionFlag(reader.read(stage.world.client, reader.version(first)).flags)
    assert flags == VersionFlag.SUPERSEDED | VersionFlag.RETIRED
    assert versions(config) == [second]
    assert not (config.folder / "views" / first.hex()).exists()
    view = config.folder / "views" / second.hex()
    assert all(path.stat().st_size for path in view.rglob("*.dcm"))
    assert bytes.fromhex(facts["randomness"]) not in records.read_bytes()
    # The next transfer builds on the version that is left.
    assert take_in(config, "3", 4, done=5) not in (first, second)


def test_a_transfer_without_a_subject_is_put_aside_with_the_reason(stage: Stage) -> None:
    config = stage.site(4)
    folder = config.inbox / "empty"
    folder.mkdir()
    (folder / "TRANSFER_COMPLETE").touch()
    deliver(config, "good")
    with open_agent(config, PASSWORD, built_in()) as agent:
        work(agent, config, 1)
        assert agent.knows(folder)
    with open_records(config, PASSWORD) as (database, _):
        facts = database.transfer("empty")
    assert facts is not None
    assert "holds no subject" in facts["unusable"]


def test_a_view_is_read_only(kept: Kept) -> None:
    view = kept.config.folder / "views" / kept.first.hex()
    modes = {path.stat().st_mode & 0o777 for path in view.rglob("*") if path.is_file()}
    assert modes == {0o444}
    assert {path.stat().st_mode & 0o777 for path in [view, *view.rglob("*")] if path.is_dir()} == {
        0o555
    }


def test_the_next_version_is_built_on_the_last_one_that_was_not_rejected(stage: Stage) -> None:
    config = stage.site(5)
    first = take_in(config, "1", 1, done=1)
    second = take_in(config, "2", 2, done=2)
    stage.world.send(stage.world.members[REVIEWER], "DatasetRegistry", "reject", second, 3, second)
    third = take_in(config, "3", 2, done=3)
    client = stage.world.client
    numbers = [reader.read(client, reader.version(one)).number for one in (first, second)]
    states = [reader.read(client, reader.version(one)) for one in (second, third)]
    assert [state.predecessor for state in states] == [numbers[0], numbers[0]]
    with open_records(config, PASSWORD) as (database, _):
        tables = {
            record.path.split("/")[1]
            for record in version_files(database, third)
            if record.path.startswith("tables/")
        }
    assert tables == {"1", "3"}
