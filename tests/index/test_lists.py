"""Pages of lists against all that happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from dragon_ledger.errors import InputError
from dragon_ledger.index import lists
from dragon_ledger.index.database import bind_network
from dragon_ledger.index.follower import Reached, set_progress, store
from dragon_ledger.records import DecisionKind, NoteKind, Role
from tests.provenance.events import events_of
from tests.provenance.histories import (
    ADDRESSES,
    CHAIN_ID,
    REVIEWER,
    SECOND_REVIEWER,
    History,
    honest,
)

SEED = 11


@pytest.fixture
def history() -> History:
    history, release = honest(SEED)
    site = history.site_numbers()[0]
    history.decide(history.newest(site), DecisionKind.REVOKE, REVIEWER, reason=1)
    history.note(release.run, NoteKind.DISPUTE, site, reason=2)
    return history


@pytest.fixture
def filled(engine: Engine, history: History) -> Engine:
    facts = history.facts(history.releases[0].aggregate)
    with engine.begin() as connection:
        bind_network(connection, CHAIN_ID, b"\xaa" * 32, ADDRESSES)
        store(connection, events_of(facts))
        set_progress(connection, Reached(history.block, b"\x01" * 32, history.now))
    return engine


def everything(
    connection: Connection, read: Callable[..., lists.Page], limit: int, **filters: Any
) -> list[dict[str, Any]]:
    """All pages."""
    items, cursor = [], None
    while True:
        page = read(connection, cursor, limit, **filters)
        assert len(page.items) <= limit
        items += page.items
        cursor = page.next
        if cursor is None:
            return items


@pytest.mark.parametrize(
    "name",
    ["datasets", "decisions", "runs", "rounds", "updates", "notes", "releases", "events"],
)
def test_pages_together_are_the_list_in_the_order_of_the_chain(filled: Engine, name: str) -> None:
    read = getattr(lists, name)
    with filled.connect() as connection:
        whole = everything(connection, read, 500)
        assert whole
        for limit in (1, 2, 3):
            assert everything(connection, read, limit) == whole
    places = [(item["act"]["block"], item["act"]["log_index"]) for item in whole]
    assert places == sorted(set(places))


def test_datasets_show_their_present_state(filled: Engine, history: History) -> None:
    with filled.connect() as connection:
        shown = {item["id"]: item for item in everything(connection, lists.datasets, 500)}
        standing = everything(connection, lists.datasets, 2, in_standing=True)
        fallen = everything(connection, lists.datasets, 2, in_standing=False)
    assert len(shown) == len(history.versions)
    for version in history.versions.values():
        item = shown["0x" + version.id.hex()]
        assert item["flags"] == [flag.name for flag in version.flags]
        assert item["in_standing"] == version.in_standing
    assert {item["id"] for item in standing} | {item["id"] for item in fallen} == set(shown)
    assert all(item["in_standing"] for item in standing)
    assert not any(item["in_standing"] for item in fallen)
    assert fallen


def test_filters_leave_what_they_name(filled: Engine, history: History) -> None:
    site, run = history.site_numbers()[0], history.releases[0].run
    own = [v for v in history.versions.values() if v.act.organisation == site]
    with filled.connect() as connection:
        found = everything(connection, lists.datasets, 1, organisation=site)
        rounds = everything(connection, lists.rounds, 1, run=run)
        named = everything(connection, lists.events, 3, name="RoundClosed")
        early = everything(connection, lists.events, 3, to_block=10)
        late = everything(connection, lists.events, 3, from_block=11)
        whole = everything(connection, lists.events, 500)
        released = everything(connection, lists.releases, 5, digest=history.releases[0].file_digest)
        disputes = everything(connection, lists.notes, 5, kind=int(NoteKind.DISPUTE))
    assert len(found) == len(own)
    assert [item["round"] for item in rounds] == [r.number for r in history.runs[run].rounds]
    assert len(named) == sum(len(r.rounds) for r in history.runs.values())
    assert early + late == whole
    assert [item["id"] for item in released] == ["0x" + history.releases[0].id.hex()]
    assert disputes[-1]["reason"] == 2


def test_organisations_come_with_their_accounts(filled: Engine, history: History) -> None:
    with filled.connect() as connection:
        shown = everything(connection, lists.organisations, 2)
        reviewers = everything(connection, lists.organisations, 1, role=Role.REVIEWER)
        suspended = everything(connection, lists.organisations, 1, suspended=True)
    assert [item["number"] for item in shown] == [o.number for o in history.organisations]
    for item in shown:
        account = history.accounts[item["number"]]
        assert [a["address"] for a in item["accounts"]] == ["0x" + account.address.hex()]
    assert [item["number"] for item in reviewers] == [REVIEWER, SECOND_REVIEWER]
    assert suspended == []


@pytest.mark.parametrize(
    "cursor", ["", "1", "1.", ".1", "1.2.3", "-1.2", "a.b", "1.2\n", "\u0663.\u0661"]
)
def test_a_cursor_that_no_list_gave_is_refused(filled: Engine, cursor: str) -> None:
    with filled.connect() as connection, pytest.raises(InputError, match="cursor"):
        lists.runs(connection, cursor)
