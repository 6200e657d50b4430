"""The vectors: every case gives what it gave when it was written, offline."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.provenance.bundle.corpus import cases, document
from tests.provenance.bundle.make_vectors import HERE, answer
from tests.provenance.bundle.mutants import apply

SCHEMA = Path(__file__).resolve().parents[3] / "docs/spec/verdict/verdict.schema.json"
NAMES = sorted(json.loads((HERE / "cases.json").read_text())["cases"], key=lambda c: str(c["name"]))
SOCKETS = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.__new__"}


@contextmanager
def no_sockets() -> Iterator[list[str]]:
    """Collects what would open a socket; an audit hook cannot be taken away, only switched off."""
    seen: list[str] = []
    listening = [True]

    def hook(event: str, _: tuple[Any, ...]) -> None:
        if listening[0] and event in SOCKETS:
            seen.append(event)

    sys.addaudithook(hook)
    yield seen
    listening[0] = False


@pytest.mark.parametrize("case", NAMES, ids=lambda case: str(case["name"]))
def test_a_case(case: dict[str, Any]) -> None:
    with no_sockets() as sockets:
        found = answer(case)
    assert sockets == []
    assert found["outcome"] == case["outcome"]
    assert found.get("error") == case.get("error")
    if "verdict" in case:
        assert found["verdict"] == json.loads((HERE / case["verdict"]).read_text())
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(found["verdict"])


def test_the_audit_hook_sees_a_socket() -> None:
    with no_sockets() as sockets:
        socket.socket().close()
    assert sockets == ["socket.__new__"]


@pytest.mark.slow
def test_the_sample_of_mutants_gives_what_it_gave() -> None:
    for line in (HERE / "mutants.ndjson").read_text().splitlines():
        mutant = json.loads(line)
        found = answer(cases()[mutant["case"]], apply(document(mutant["case"]), mutant["steps"]))
        assert found["outcome"] == mutant["outcome"], mutant["name"]
        assert found.get("error") == mutant.get("error"), mutant["name"]


def test_absence_is_proved_and_not_assumed() -> None:
    """Without one of the nodes, a digest that was never recorded is no longer known to be so."""
    case = cases()["never-released"]
    bundle = document("never-released")
    assert case["outcome"] == "not valid"
    for place in range(len(bundle["nodes"])):
        fewer = apply(bundle, [{"op": "remove", "path": ["nodes", place]}])
        found = answer(case, fewer)
        assert found["outcome"] == "refused"
        assert "lacks the node" in found["error"]


def test_the_verdict_says_who_sealed() -> None:
    said = json.loads((HERE / cases()["valid"]["verdict"]).read_text())
    sealed = next(check for check in said["checks"] if check["id"] == "state.sealed")
    assert sealed["found"] == "sealed by 3 of 4 validators: Member 0, Member 1, Member 3"
    assert said["as_of"]["source"] == "bundle"


def test_an_operators_word_is_printed_first() -> None:
    said = json.loads((HERE / cases()["checkpoint-accepted"]["verdict"]).read_text())
    assert said["answer"] == "valid"
    assert [notice["kind"] for notice in said["notices"]][-1] == "CHECKPOINT_ACCEPTED"
    sealed = next(check for check in said["checks"] if check["id"] == "state.sealed")
    assert (sealed["outcome"], sealed["required"]) == ("NOT VERIFIABLE", False)


def test_a_header_that_is_given_twice_is_refused() -> None:
    """Equal evidence has equal bytes."""
    last = document("valid")["headers"][-1]
    doubled = [{"op": "insert", "path": ["headers", 0], "value": last}]
    found = answer(cases()["valid"], apply(document("valid"), doubled))
    assert found["error"] == "headers: not by strictly ascending number"
