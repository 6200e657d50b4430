"""Lists over HTTP: pages stay right while the chain grows, and answers are spared who has them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api import models
from tests.api.conftest import AGGREGATOR, REVIEWER, SITES, Ledger
from tests.chain.world import digest

pytestmark = pytest.mark.slow
NAMES = ("datasets", "decisions", "runs", "rounds", "updates", "notes", "releases", "events")
MODELS: dict[str, Any] = {
    "datasets": models.Dataset,
    "decisions": models.Decision,
    "runs": models.Run,
    "rounds": models.Round,
    "updates": models.Update,
    "notes": models.Note,
    "releases": models.Release,
    "events": models.Event,
    "organisations": models.Organisation,
}


def page(ledger: Ledger, name: str, **query: str) -> dict[str, Any]:
    answer = httpx.get(f"{ledger.server.url}/v1/{name}", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def place(item: dict[str, Any]) -> tuple[int, int]:
    return item["act"]["block"], item["act"]["log_index"]


@pytest.mark.parametrize("name", MODELS)
def test_every_list_is_as_documented(known: Ledger, name: str) -> None:
    body = page(known, name, limit="3")
    for item in body["items"]:
        MODELS[name].model_validate(item)
    models.AsOf.model_validate(body["as_of"])
    assert body["items"] or name == "notes"


def test_pages_stay_right_while_the_chain_grows(ledger: Ledger) -> None:
    """A new version and its approval between any two pages: nothing twice, nothing left out."""
    before = page(ledger, "events", limit="500")["items"]
    seen: list[dict[str, Any]] = []
    query = {"limit": "7"}
    for number in range(1000):
        body = page(ledger, "events", **query)
        seen += body["items"]
        if body["next"] is None:
            break
        query["cursor"] = body["next"]
        if number < 4:
            ledger.world.register(SITES[0], f"meanwhile {number}")
            ledger.world.approve(REVIEWER, SITES[0], f"meanwhile {number}")
            ledger.settle()
    places = [place(item) for item in seen]
    assert places == sorted(set(places))
    assert seen[: len(before)] == before
    assert seen == page(ledger, "events", limit="500")["items"]
    assert len(seen) == len(before) + 8


def test_a_cursor_stays_good_when_its_own_item_is_not_in_the_filter(ledger: Ledger) -> None:
    first = page(ledger, "datasets", limit="2", in_standing="true")
    last = first["items"][-1]
    site = next(s for s in SITES if ledger.versions[s].hex() == last["id"][2:])
    ledger.world.send(
        *(ledger.world.members[site], "DatasetRegistry", "revoke"),
        *(ledger.versions[site], 1, digest("consent withdrawn")),
    )
    ledger.settle()
    second = page(ledger, "datasets", limit="2", in_standing="true", cursor=first["next"])
    assert [item["id"] for item in second["items"]] == ["0x" + ledger.versions[3].hex()]


@pytest.mark.parametrize("name", [*NAMES, "organisations"])
def test_a_page_has_an_etag_that_spares_it(known: Ledger, name: str) -> None:
    url = f"{known.server.url}/v1/{name}?limit=2"
    etag = httpx.get(url).headers["etag"]
    for known_tag in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = httpx.get(url, headers={"If-None-Match": known_tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    assert httpx.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_filters_over_http(known: Ledger) -> None:
    run = "0x" + known.run.hex()
    aggregator = "0x" + known.world.members[AGGREGATOR].address.hex()
    assert len(page(known, "updates", run=run, organisation="1")["items"]) == 1
    assert page(known, "updates", run=run, organisation="3")["items"] == []
    assert len(page(known, "datasets", in_standing="true")["items"]) == len(SITES)
    assert page(known, "datasets", in_standing="false")["items"] == []
    acts = page(known, "events", account=aggregator, limit="500")["items"]
    assert {"RunOpened", "RoundClosed"} <= {item["name"] for item in acts}
    assert {item["act"]["account"] for item in acts} == {aggregator}
    members = page(known, "organisations", role="REVIEWER")["items"]
    assert [item["number"] for item in members] == [REVIEWER]
