from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from dragon_ledger.digests.canonical_json import JsonValue, canonical_json
from dragon_ledger.digests.documents import (
    MAX_ENVELOPE_LENGTH,
    open_document,
    read_envelope,
    seal_document,
)
from dragon_ledger.digests.ethics_file import (
    DECLARATIONS,
    EthicsDocument,
    open_ethics_file,
    seal_ethics_file,
)
from dragon_ledger.digests.qc_report import (
    annex_digest,
    open_qc_report,
    open_qc_summary,
    seal_qc_report,
)
from dragon_ledger.errors import InputError, ProofError

SALT = bytes(range(32))
OTHER_SALT = bytes(range(1, 33))
VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "documents.json"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda v: v["name"])
def test_vectors(vector: dict[str, str]) -> None:
    data = vector["envelope"].encode()
    assert sha256(data).hex() == vector["digest"]
    content = open_document(data, bytes.fromhex(vector["digest"]), vector["schema"])
    sealed = seal_document(content, vector["schema"], bytes.fromhex(vector["salt"]))
    assert sealed.data == data
    assert sealed.digest.hex() == vector["digest"]


def test_sha256sum_repeats_the_digest(tmp_path: Path) -> None:
    sealed = seal_document({"reason": "naïve"}, "decision-statement/1", SALT)
    file = tmp_path / "statement.json"
    file.write_bytes(sealed.data)
    answer = subprocess.run(["sha256sum", file], capture_output=True, check=True, text=True)  # noqa: S607 (the reviewer's own tool)
    assert answer.stdout.split()[0] == sealed.digest.hex()


def test_equal_content_under_another_salt_has_another_digest() -> None:
    first = seal_document("yes", "decision-statement/1", SALT)
    assert first.digest != seal_document("yes", "decision-statement/1", OTHER_SALT).digest


def test_refuses_a_document_with_one_byte_changed() -> None:
    sealed = seal_document({"weight": 31}, "update-statement/1", SALT)
    for position in range(len(sealed.data)):
        changed = bytearray(sealed.data)
        changed[position] ^= 1
        with pytest.raises(ProofError, match="SHA-256"):
            open_document(bytes(changed), sealed.digest, "update-statement/1")


def test_a_bound_document_of_another_schema_is_not_the_one_asked_for() -> None:
    sealed = seal_document({}, "plan/1", SALT)
    with pytest.raises(ProofError, match="plan/1"):
        open_document(sealed.data, sealed.digest, "model-card/1")


@pytest.mark.parametrize("salt", [b"", bytes(32), SALT[:31], SALT + b"\x00"])
def test_refuses_what_cannot_be_a_drawn_salt(salt: bytes) -> None:
    with pytest.raises(InputError, match="salt"):
        seal_document({}, "plan/1", salt)


@pytest.mark.parametrize("schema", ["", "plan", "plan/0", "Plan/1", "plan/1\n", "a b/1", "plan/01"])
def test_refuses_schema_names_of_another_form(schema: str) -> None:
    with pytest.raises(InputError, match="schema"):
        seal_document({}, schema, SALT)


@pytest.mark.parametrize(
    "envelope",
    [
        [],
        {"content": 1, "schema": "plan/1"},
        {"content": 1, "salt": SALT.hex(), "schema": "plan/1", "x": 1},
        {"content": 1, "salt": SALT.hex().upper(), "schema": "plan/1"},
        {"content": 1, "salt": "00", "schema": "plan/1"},
        {"content": 1, "salt": 7, "schema": "plan/1"},
        {"content": 1, "salt": SALT.hex(), "schema": 1},
    ],
)
def test_refuses_malformed_envelopes(envelope: object) -> None:
    with pytest.raises(InputError, match="envelope"):
        read_envelope(canonical_json(envelope))  # type: ignore[arg-type]  # malformed on purpose


def test_bounds_the_size_before_parsing() -> None:
    with pytest.raises(InputError, match="longer"):
        read_envelope(b"[" * (MAX_ENVELOPE_LENGTH + 1))
    with pytest.raises(InputError, match="longer"):
        seal_document("x" * MAX_ENVELOPE_LENGTH, "plan/1", SALT)


SUMMARY = canonical_json({"outcome": "PASS", "checks": 12})
ANNEX = canonical_json({"subjects": [{"USUBJID": "DRAGON-1"}]})
RULES = sha256(b"rules")
MADE: dict[str, JsonValue] = {"time": 1_795_000_000, "machine": "site-1", "software": "0.1.0"}
REPORT = seal_qc_report(
    SUMMARY,
    ANNEX,
    outcome="PASS",
    rule_set=RULES,
    made=MADE,
    annex_salt=OTHER_SALT,
    salt=SALT,
)


def test_a_qc_report_opens_with_its_summary_alone_or_with_its_annex() -> None:
    shown = open_qc_summary(REPORT.data, REPORT.digest, SUMMARY)
    assert shown == open_qc_report(REPORT.data, REPORT.digest, SUMMARY, ANNEX, OTHER_SALT)
    assert (shown.outcome, shown.rule_set, shown.made) == ("PASS", RULES, MADE)
    assert shown.summary == sha256(SUMMARY)
    assert shown.annex == sha256(OTHER_SALT + ANNEX)


def test_a_qc_report_refuses_another_summary_annex_or_salt() -> None:
    with pytest.raises(ProofError, match="summary"):
        open_qc_summary(REPORT.data, REPORT.digest, SUMMARY + b" ")
    with pytest.raises(ProofError, match="annex"):
        open_qc_report(REPORT.data, REPORT.digest, SUMMARY, ANNEX + b" ", OTHER_SALT)
    with pytest.raises(ProofError, match="annex"):
        open_qc_report(REPORT.data, REPORT.digest, SUMMARY, ANNEX, SALT)


def test_the_shown_part_of_a_qc_report_does_not_confirm_a_guessed_annex() -> None:
    shown = REPORT.data + SUMMARY
    assert sha256(ANNEX).hex().encode() not in shown
    assert OTHER_SALT.hex().encode() not in shown
    assert annex_digest(ANNEX, OTHER_SALT) != annex_digest(ANNEX, SALT)


@pytest.mark.parametrize(
    "change",
    [{"outcome": "ok"}, {"rule_set": b"short"}, {"annex_salt": SALT}, {"annex_salt": b""}],
)
def test_refuses_to_seal_a_malformed_qc_report(change: dict[str, object]) -> None:
    arguments: dict[str, object] = {
        "outcome": "PASS",
        "rule_set": RULES,
        "made": MADE,
        "annex_salt": OTHER_SALT,
        "salt": SALT,
    }
    with pytest.raises(InputError):
        seal_qc_report(SUMMARY, ANNEX, **(arguments | change))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    "content",
    [
        "text",
        {},
        {"summary": "0" * 64, "annex": "0" * 64, "outcome": "PASS", "rule_set": 1, "made": {}},
        {"summary": "0" * 64, "annex": "0" * 64, "outcome": 1, "rule_set": "0" * 64, "made": {}},
        {"summary": "0" * 64, "annex": "0", "outcome": "PASS", "rule_set": "0" * 64, "made": {}},
        {
            "summary": "0" * 64,
            "annex": "0" * 64,
            "outcome": "PASS",
            "rule_set": "0" * 64,
            "made": 1,
        },
    ],
)
def test_a_bound_but_malformed_qc_report_is_named(content: dict[str, object]) -> None:
    sealed = seal_document(content, "qc-report/1", SALT)  # type: ignore[arg-type]  # malformed
    with pytest.raises(InputError, match="qc-report/1"):
        open_qc_summary(sealed.data, sealed.digest, SUMMARY)


LETTERS = (
    EthicsDocument("opinion.pdf", sha256(b"opinion")),
    EthicsDocument("consent.pdf", sha256(b"consent")),
)


def test_an_ethics_file_lists_declarations_and_documents_in_one_order() -> None:
    sealed = seal_ethics_file(DECLARATIONS, LETTERS, SALT)
    assert sealed == seal_ethics_file(DECLARATIONS[::-1], LETTERS[::-1], SALT)
    opened = open_ethics_file(sealed.data, sealed.digest)
    assert set(opened.declarations) == set(DECLARATIONS)
    assert opened.documents == (LETTERS[1], LETTERS[0])


@pytest.mark.parametrize(
    ("declarations", "documents"),
    [
        (["consent"], LETTERS),
        ([DECLARATIONS[0]] * 2, LETTERS),
        (DECLARATIONS, [LETTERS[0]] * 2),
        (DECLARATIONS, [EthicsDocument("", sha256(b""))]),
        (DECLARATIONS, [EthicsDocument("a.pdf", b"short")]),
    ],
)
def test_refuses_malformed_ethics_files(
    declarations: list[str], documents: list[EthicsDocument]
) -> None:
    with pytest.raises(InputError, match="ethics-file/1"):
        seal_ethics_file(declarations, documents, SALT)


def test_an_ethics_file_whose_lists_are_no_lists_is_named() -> None:
    sealed = seal_document({"declarations": "all", "files": []}, "ethics-file/1", SALT)
    with pytest.raises(InputError, match="declarations is no list"):
        open_ethics_file(sealed.data, sealed.digest)
