"""A part of a trace is a trace: its edges end in it, and parts together are the whole."""

from __future__ import annotations

import httpx
import pytest

from api.part_of_trace import OF_ROUNDS, Part, part_of
from dragon_ledger.provenance.trace import Trace, trace
from tests.api.conftest import Ledger, content_digest
from tests.provenance.histories import History, honest

SEEDS = range(20)


def made(seed: int) -> tuple[History, Trace]:
    history, release = honest(seed)
    return history, trace(history.facts(release.aggregate))


def ids(part: Trace) -> set[str]:
    return {node.id for node in part.nodes}


@pytest.mark.parametrize("seed", SEEDS)
def test_rounds_together_are_the_whole_trace(seed: int) -> None:
    history, whole = made(seed)
    together: set[str] = set()
    for run in history.runs:
        for number in range(len(history.runs[run].rounds) + 1):
            part = part_of(whole, Part(run, number, number))
            assert all({edge.source, edge.target} <= ids(part) for edge in part.edges)
            assert {n.fields["round"] for n in part.nodes if n.type == "round"} <= {number}
            together |= ids(part)
    assert together == ids(whole)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_overview_leaves_out_updates_and_nothing_else(seed: int) -> None:
    _, whole = made(seed)
    overview = part_of(whole, Part(updates=False))
    left_out = [node for node in whole.nodes if node.id not in ids(overview)]
    assert left_out
    assert {node.type for node in left_out} == {"update"}
    assert overview.root == whole.root


def test_a_part_without_rounds_keeps_what_flowed_in() -> None:
    _, whole = made(3)
    part = part_of(whole, Part(from_round=60_000))
    assert {node for node in ids(whole) if node not in ids(part)}
    assert [n for n in whole.nodes if n.type not in OF_ROUNDS] == list(part.nodes)
    assert part_of(whole, Part()) is whole


@pytest.mark.slow
def test_parts_over_http(known: Ledger) -> None:
    url = f"{known.server.url}/v1/traces/{content_digest(known.model).hex()}"

    def types(**query: str) -> dict[str, int]:
        nodes = httpx.get(url, params=query).json()["nodes"]
        kinds = [node["type"] for node in nodes]
        return {kind: kinds.count(kind) for kind in ("round", "update", "version")}

    assert types() == {"round": 2, "update": 2, "version": 2}
    assert types(updates="false") == {"round": 2, "update": 0, "version": 2}
    assert types(from_round="1") == {"round": 1, "update": 2, "version": 2}
    assert types(to_round="0") == {"round": 1, "update": 0, "version": 2}
    assert types(run=known.run.hex()) == types()
    assert types(run="00" * 32) == {"round": 0, "update": 0, "version": 2}
    assert httpx.get(url, params={"from_round": "-1"}).status_code == 422
