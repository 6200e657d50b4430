"""The published specifications against what the code does."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from api import models
from api.problems import KINDS as PROBLEMS
from dragon_ledger.provenance import reasons
from dragon_ledger.provenance.notices import KINDS
from dragon_ledger.provenance.results import Presented
from dragon_ledger.provenance.to_json import verdict_json
from dragon_ledger.provenance.trace import trace
from dragon_ledger.provenance.verdict import RULES, judge
from tests.provenance.histories import honest

SPECIFICATIONS = Path(__file__).resolve().parents[2] / "docs" / "spec"


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    text = (SPECIFICATIONS / "verdict" / "verdict.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def test_the_schema_is_that_of_the_service(schema: dict[str, object]) -> None:
    bare = {
        key: value for key, value in schema.items() if not key.startswith("$") or key == "$defs"
    }
    assert bare == models.Verdict.model_json_schema()


@pytest.mark.parametrize("seed", range(8))
def test_verdicts_obey_the_schema(schema: dict[str, object], seed: int) -> None:
    history, release = honest(seed)
    presented = Presented(release.file_digest, None, "no HDF5 file")
    for digest in (release.aggregate, release.file_digest, b"\x01" * 32):
        facts = history.facts(digest)
        for file in (None, presented):
            body = json.loads(json.dumps(verdict_json(judge(facts, history.now, file))))
            jsonschema.validate(body, schema)


def test_every_check_notice_reason_and_problem_is_documented() -> None:
    verdict = (SPECIFICATIONS / "verdict" / "README.md").read_text(encoding="utf-8")
    api = (SPECIFICATIONS / "api.md").read_text(encoding="utf-8")
    for name in [*(rule.id for rule in RULES), *KINDS]:
        assert f"`{name}`" in verdict, name
    for table in (
        reasons.VERSION_REASONS,
        reasons.ABORT_REASONS,
        reasons.DISPUTE_REASONS,
        reasons.WITHDRAWAL_REASONS,
    ):
        for code, words in table.items():
            assert words.partition(";")[0] in verdict, code
    for kind, problem in PROBLEMS.items():
        assert f"| `{kind}` | {int(problem.status)} |" in api


@pytest.mark.parametrize("seed", range(8))
def test_traces_use_the_documented_types_and_no_loose_edge(seed: int) -> None:
    page = (SPECIFICATIONS / "trace.md").read_text(encoding="utf-8")
    history, release = honest(seed)
    body = trace(history.facts(release.aggregate)).to_json()
    models.Trace.model_validate(body)
    ids = [node["id"] for node in body["nodes"]]
    assert len(ids) == len(set(ids))
    for node in body["nodes"]:
        assert f"`{node['type']}`" in page
        for field in node.keys() - {"id", "type", "label"}:
            assert f"`{field}`" in page, field
    for edge in body["edges"]:
        assert f"| `{edge['type']}` |" in page
        assert {edge["source"], edge["target"]} <= set(ids)
