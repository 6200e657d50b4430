"""What the software seals keeps to the published schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dragon_ledger.digests.documents import read_envelope
from dragon_ledger.digests.ethics_file import EthicsDocument, seal_ethics_file
from dragon_ledger.errors import InputError
from dragon_ledger.federation.example.model import seeded
from dragon_ledger.federation.plan import read_plan_file
from dragon_ledger.federation.requests import Origin, discard, waiting_requests, write_request
from dragon_ledger.records import Digest, InitialKind
from dragon_ledger.site.config import DECLARATIONS
from dragon_ledger.site.drop_folder import (
    AggregateStatement,
    UpdateStatement,
    read_aggregate_statement,
    read_update_statement,
)
from dragon_ledger.site.statements import (
    LedgerAddress,
    seal_aggregate,
    seal_decision,
    seal_registration,
    seal_update,
)
from tests.federation.training import plan_file

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "spec" / "statements"
LEDGER = LedgerAddress(1337, bytes(range(20)))
ID = bytes(range(32))
MODEL = Digest("hdf5-content-v1", ID)
UPDATE = UpdateStatement(ID, 4, {"loss": 0.5}, "plain", "1.0")
AGGREGATE = AggregateStatement((1, 2), {}, "1.0")

SEALED = {
    "update-statement": seal_update(
        LEDGER, run=ID, round_number=1, organisation=3, update=MODEL, base=MODEL, said=UPDATE
    ),
    "aggregate-statement": seal_aggregate(
        LEDGER, run=ID, round_number=2, aggregate=MODEL, said=AGGREGATE
    ),
    "registration-statement": seal_registration(
        LEDGER,
        organisation=3,
        commitment=ID,
        predecessor=None,
        rule_set=ID,
        qc_outcome="NOT VERIFIABLE",
        software="dragon-ledger 0",
    ),
    "decision-statement": seal_decision(
        LEDGER, organisation=3, version=ID, decision="supersede", reason=9, words="", successor=ID
    ),
    "ethics-file": seal_ethics_file(tuple(DECLARATIONS), [EthicsDocument("a.pdf", ID)], ID),
}


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_schema_is_one(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_bytes()))


@pytest.mark.parametrize("name", SEALED)
def test_what_is_sealed_keeps_to_its_schema(name: str) -> None:
    envelope = read_envelope(SEALED[name].data)
    assert envelope.schema == f"{name}/1"
    validator(name).validate(envelope.content)


def test_a_request_holds_plan_and_opening_as_their_schemas_say(tmp_path: Path) -> None:
    seeded(tmp_path / "m.h5", 1)
    plan = read_plan_file(plan_file(tmp_path, ID, 3))
    origin = Origin(InitialKind.SEEDED)
    written = write_request(
        tmp_path / "requests", LEDGER, 20, plan, tmp_path / "m.h5", (1, 2), origin
    )
    for data, name in zip(written.documents, ("plan", "run-opening"), strict=True):
        envelope = read_envelope(data)
        assert envelope.schema == f"{name}/1"
        validator(name).validate(envelope.content)
    (read,) = waiting_requests(tmp_path / "requests")
    assert read == written
    with pytest.raises(InputError, match="asks for 2 participants"):
        write_request(tmp_path / "requests", LEDGER, 20, plan, tmp_path / "m.h5", (1,), origin)
    (read.folder / "request.json").write_text("{}")
    with pytest.raises(InputError, match="remove the folder"):
        list(waiting_requests(tmp_path / "requests"))
    discard(read)
    assert not list(waiting_requests(tmp_path / "requests"))


GOOD_UPDATE = {
    "dataset_version": "ab" * 32,
    "weight": 3,
    "metrics": {"loss": 0.1},
    "digested": "delta",
    "code_version": "x",
}
GOOD_AGGREGATE = {"included": [4, 2], "metrics": {}, "code_version": "x"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"dataset_version": "ab"}, "dataset_version"),
        ({"dataset_version": None}, "dataset_version"),
        ({"weight": -1}, "weight"),
        ({"weight": True}, "weight"),
        ({"weight": "3"}, "weight"),
        ({"metrics": {"loss": "low"}}, "metrics"),
        ({"metrics": [1]}, "metrics"),
        ({"digested": "encrypted"}, "digested"),
        ({"code_version": ""}, "code_version"),
        ({"more": 1}, "more"),
    ],
)
def test_code_and_schema_refuse_the_same_updates(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    good, bad = GOOD_UPDATE, {**GOOD_UPDATE, **change}
    (tmp_path / "statement.json").write_text(json.dumps(good))
    read_update_statement(tmp_path)
    validator("drop-update").validate(good)
    (tmp_path / "statement.json").write_text(json.dumps(bad))
    with pytest.raises(InputError, match=field):
        read_update_statement(tmp_path)
    assert not validator("drop-update").is_valid(bad)


@pytest.mark.parametrize(
    "change",
    [{"included": []}, {"included": [1, 1]}, {"included": [256]}, {"included": ["1"]}, {"more": 1}],
)
def test_code_and_schema_refuse_the_same_aggregates(tmp_path: Path, change: dict[str, Any]) -> None:
    bad = {**GOOD_AGGREGATE, **change}
    (tmp_path / "statement.json").write_text(json.dumps(GOOD_AGGREGATE))
    assert read_aggregate_statement(tmp_path).included == (2, 4)
    validator("drop-aggregate").validate(GOOD_AGGREGATE)
    (tmp_path / "statement.json").write_text(json.dumps(bad))
    with pytest.raises(InputError, match=next(iter(change))):
        read_aggregate_statement(tmp_path)
    assert not validator("drop-aggregate").is_valid(bad)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"weight": NaN}'])
def test_garbage_in_a_statement_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "statement.json").write_text(text)
    with pytest.raises(InputError, match=r"statement\.json"):
        read_update_statement(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Upper"},
        {"name": "../escape"},
        {"purpose": "text"},
        {"purpose": {"text": "x", "digest": "00"}},
        {"seed": 1.5},
        {"seed": True},
        {"hyperparameters": []},
        {"code_digest": "x"},
        {"minimum_participants": 0},
        {"rounds": 65_536},
        {"aggregation": None},
        {"more": 1},
    ],
)
def test_code_and_schema_refuse_the_same_plans(tmp_path: Path, change: dict[str, Any]) -> None:
    path = plan_file(tmp_path, ID, 3)
    good = json.loads(path.read_bytes())
    assert read_plan_file(path).name == good["name"]
    validator("plan").validate(good)
    path.write_text(json.dumps({**good, **change}))
    with pytest.raises(InputError, match=next(iter(change))):
        read_plan_file(path)
    assert not validator("plan").is_valid({**good, **change})
