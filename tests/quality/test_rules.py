"""The rule set against the specification's own text, and its digest."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.quality.derivation import derive
from dragon_ledger.quality.rules import RuleSet, built_in, canonical_json

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "rule_sets.json"
NO_LENGTH = {"series_uid": "100", "study_uid": "100"}


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return built_in()


@pytest.fixture(scope="module")
def annex(shared_spec: Path) -> str:
    text = (shared_spec / "D7.1-data-management-plan.txt").read_text("utf-8")
    return text[text.index("Table 1 - DICOM File Requirements") :]


def rows_between(annex: str, start: str, end: str) -> list[list[str]]:
    part = annex[annex.index(start) : annex.index(end)]
    return [line.split("\t") for line in part.splitlines() if line.count("\t") >= 2]


def test_table_1_is_the_specification_s(annex: str, rules: RuleSet) -> None:
    rows = rows_between(annex, "Table 1 -", "Table 2 -")[1:]
    written = [(row[0], row[1].replace(" ", "").upper()) for row in rows]
    assert written == [(rule.keyword, rule.number) for rule in rules.tags]
    limits = {row[0]: re.findall(r"\d+\.\d+", row[3]) for row in rows if "included" in row[3]}
    for keyword, prefix in (
        ("SliceThickness", "slice_thickness"),
        ("PixelSpacing", "pixel_spacing"),
    ):
        low, high = limits[keyword]
        assert rules.document["limits"][f"{prefix}_minimum"] == low
        assert rules.document["limits"][f"{prefix}_maximum"] == high


def test_table_3_is_the_specification_s(annex: str, rules: RuleSet) -> None:
    rows = rows_between(annex, "Table 3 - Metadata", "4.2. CSV files")[1:]
    written = [(row[0], row[2], int(row[3])) for row in rows]
    assert written == [(rule.name, rule.type, rule.length) for rule in rules.columns]


@pytest.mark.parametrize("number", range(4, 10))
def test_tables_4_to_9_are_the_specification_s(annex: str, rules: RuleSet, number: int) -> None:
    end = f"Table {number + 1} - " if number < 9 else "All domain files need"
    rows = rows_between(annex, f"Table {number} - ", end)[1:]
    written = [(row[0], row[2]) for row in rows if not row[0].startswith("-")]
    domain = next(rule for rule in rules.domains if rule.table == str(number))
    assert written == [(rule.name, rule.type) for rule in domain.variables]


def test_required_domains_are_the_specification_s(annex: str, rules: RuleSet) -> None:
    written = re.findall(r"\((\w\w)\), \*(required|optional)\*", annex)
    assert written == [
        (rule.code, "required" if rule.required else "optional") for rule in rules.domains
    ]


def test_slice_limits_and_the_twelve_checks(annex: str, rules: RuleSet) -> None:
    low, high = re.findall(r"at least (\d+) slices and no more than (\d+)", annex)[0]
    assert (
        rules.document["limits"]["slices_minimum"],
        rules.document["limits"]["slices_maximum"],
    ) == (
        low,
        high,
    )
    checks = annex[annex.index("6. Checks Strategies") : annex.index("7. Revision")]
    sentences = re.findall(r'checkbox"/> (Check [^<]+)', checks)
    assert len(sentences) == 12
    assert [rule.number for rule in rules.checks[:12]] == list(range(1, 13))
    for sentence, rule in zip(sentences, rules.checks, strict=False):
        start = sentence.split(".")[0].strip().replace("CDSIC", "CDISC")[:40]
        assert start in rule.source, f"{rule.id} does not quote {start!r}"


def test_digest_is_sha256_of_canonical_json(rules: RuleSet) -> None:
    plain = json.dumps(rules.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert rules.digest.value == hashlib.sha256(plain.encode()).digest()
    assert rules.digest.method == "rule-set-json-sha256"


def test_digest_is_the_vector_s(rules: RuleSet) -> None:
    vector = json.loads(VECTORS.read_text("utf-8"))["hds-1.0"]
    assert len(rules.canonical_json()) == vector["length"]
    assert rules.digest.value.hex() == vector["sha256"]


def test_a_derived_digest_is_the_vector_s() -> None:
    vector = json.loads(VECTORS.read_text("utf-8"))["consortium-1.0"]
    rules = derive(built_in(), tomllib.loads(vector["toml"]), "vector")
    assert len(rules.canonical_json()) == vector["length"]
    assert rules.digest.value.hex() == vector["sha256"]


def test_canonical_json_sorts_by_utf16_and_shows_foreign_bytes() -> None:
    assert canonical_json({"\U00010000": 1, "\uffff": 2, "a": [True, None]}) == (
        '{"a":[true,null],"\U00010000":1,"\uffff":2}'.encode()
    )
    assert canonical_json("na\udcffme") == b'"na\\\\xffme"'


def test_canonical_json_refuses_floating_point_numbers() -> None:
    with pytest.raises(ConfigurationError, match="write it as a text"):
        canonical_json({"limits": {"slices_minimum": 25.0}})


def test_every_decision_names_a_check_and_a_record(rules: RuleSet) -> None:
    records = Path(__file__).resolve().parents[2] / "docs" / "adr"
    checks = {rule.id for rule in rules.checks}
    for decision in rules.decisions:
        assert decision.check in checks
        assert list(records.glob(f"{decision.adr}-*.md")), f"{decision.id}: no {decision.adr}"
