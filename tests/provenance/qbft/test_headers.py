from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.qbft.extra_data import MAX_VALIDATORS
from dragon_ledger.provenance.qbft.header import encode_rpc_header, parse_header, parse_plain_header
from dragon_ledger.provenance.qbft.seals import check_sealed, quorum
from tests.provenance.qbft.network import Block

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "qbft_headers.json").read_text()
)
SEALED = VECTORS["sealed"] + [header for block in VECTORS["same_block"] for header in block]


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.mark.parametrize("vector", SEALED, ids=lambda v: f"{v['number']}-{v['source'][-20:]}")
def test_vectors(vector: dict[str, Any]) -> None:
    header = parse_header(raw(vector["rlp"]))
    assert (header.number, header.timestamp) == (vector["number"], vector["timestamp"])
    assert header.extra.round == vector["round"]
    assert header.hash == raw(vector["hash"])
    assert header.commit_hash == raw(vector["commit_hash"])
    assert header.state_root == raw(vector["state_root"])
    assert header.proposer == raw(vector["proposer"])
    assert list(header.validators) == [raw(each) for each in vector["validators"]]
    vote = header.extra.vote
    found = vote and {"recipient": "0x" + vote.recipient.hex(), "add": vote.add}
    assert found == vector["vote"]
    if header.number:
        signers = check_sealed(header, header.validators)
        assert list(signers) == [raw(each) for each in vector["signers"]]


def test_the_vectors_hold_rounds_above_zero_votes_both_ways_and_every_fork() -> None:
    rounds = {vector["round"] for vector in SEALED if "recorded" in vector["source"]}
    votes = {vector["vote"]["add"] for vector in SEALED if vector["vote"]}
    fields = {len(rlp.decode(raw(vector["rlp"]))) for vector in SEALED}
    assert (rounds, votes, fields) == ({0, 1}, {True, False}, {15, 16, 17, 20, 21})


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda v: v["name"])
def test_refused_vectors(vector: dict[str, str]) -> None:
    """`part` is what the message has to name, so that no vector is refused for another reason."""
    with pytest.raises(ProofError, match=vector["part"]):
        _check(raw(vector["rlp"]))


def test_the_number_of_validators_is_bounded() -> None:
    many = Block(7, range(1, MAX_VALIDATORS + 2), [1], 1)
    with pytest.raises(ProofError, match="more than 512"):
        parse_header(many.sealed())


def _check(data: bytes) -> None:
    header = parse_header(data)
    check_sealed(header, header.validators)


@pytest.mark.parametrize("block", VECTORS["same_block"], ids=["5", "45", "made"])
def test_nodes_store_different_seals_of_one_block_and_all_verify(
    block: list[dict[str, Any]],
) -> None:
    headers = [parse_header(raw(vector["rlp"])) for vector in block]
    assert len({header.hash for header in headers}) == 1
    assert len({header.extra.seals for header in headers}) > 1
    for header in headers:
        check_sealed(header, header.validators)


@pytest.mark.parametrize("block", VECTORS["fork_blocks"], ids=lambda b: b["hardfork"])
def test_header_fields_of_later_forks_stand_in_the_order_that_a_client_hashes(
    block: dict[str, Any],
) -> None:
    """Hashes computed by another implementation (Anvil 1.7.1)."""
    header = parse_plain_header(encode_rpc_header(block))
    assert header.hash == raw(block["hash"])
    assert header.state_root == raw(block["stateRoot"])
    assert header.parent_hash == raw(block["parentHash"])
    assert header.number == int(block["number"], 16)
    assert header.timestamp == int(block["timestamp"], 16)
    with pytest.raises(ProofError, match="not what a QBFT block has"):
        parse_header(header.data)


@pytest.mark.parametrize("data", [b"", b"\xc0", rlp.encode([b""] * 15), rlp.encode(b"header")])
def test_a_plain_header_still_has_the_form_of_a_header(data: bytes) -> None:
    with pytest.raises(ProofError, match="header"):
        parse_plain_header(data)


def test_every_recorded_block_verifies(shared_data: Path) -> None:
    lines = (shared_data / "qbft_network" / "blocks.jsonl").read_text().splitlines()
    for block in map(json.loads, lines):
        header = parse_header(encode_rpc_header(block))
        assert header.hash == raw(block["hash"])
        if header.number:
            check_sealed(header, header.validators)


@pytest.mark.parametrize(
    ("validators", "needed"),
    [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (9, 6), (10, 7), (100, 67)],
)
def test_a_quorum_is_two_thirds_rounded_up(validators: int, needed: int) -> None:
    assert quorum(validators) == needed


def test_the_set_that_is_due_is_not_the_headers_to_choose() -> None:
    header = parse_header(raw(VECTORS["sealed"][5]["rlp"]))
    with pytest.raises(ProofError, match="another set"):
        check_sealed(header, header.validators[1:])
    with pytest.raises(ProofError, match="another set"):
        check_sealed(header, [*header.validators, bytes(20)])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", None),
        ("number", 7),
        ("number", "7"),
        ("number", "0x-1"),
        ("number", "0x1_0"),
        ("stateRoot", "0xabc"),
        ("stateRoot", "0xzz"),
        ("stateRoot", "0x 00"),
    ],
)
def test_refuses_answers_of_a_node_that_are_no_header(field: str, value: object) -> None:
    with pytest.raises(ProofError, match=f"block {field}"):
        encode_rpc_header({**VECTORS["fork_blocks"][0], field: value})


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(VECTORS["sealed"][1:]), st.data())
def test_no_changed_byte_keeps_the_block_sealed(
    vector: dict[str, Any], data: st.DataObject
) -> None:
    """Every bit of a header is under the seals, or part of one."""
    original = raw(vector["rlp"])
    bit = data.draw(st.integers(0, len(original) * 8 - 1))
    changed = bytearray(original)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofError):
        _check(bytes(changed))


@given(st.binary(max_size=300))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ProofError):
        _check(data)
