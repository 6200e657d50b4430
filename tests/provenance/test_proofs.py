from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.proofs import (
    EMPTY_CODE_HASH,
    EMPTY_ROOT,
    MAX_NODE_LENGTH,
    AccountState,
    ProofNodes,
    account_state,
    storage_word,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "state_proofs.json").read_text()
)


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def nodes_of(vector: dict[str, Any]) -> list[bytes]:
    lists = [vector["account_proof"], *(slot["proof"] for slot in vector["slots"])]
    return [raw(node) for nodes in lists for node in nodes]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"block {v['block']}")
def test_vectors(vector: dict[str, Any]) -> None:
    nodes = ProofNodes.of(nodes_of(vector))
    account = account_state(nodes, raw(vector["state_root"]), raw(vector["address"]))
    assert account == AccountState(
        vector["nonce"],
        vector["balance"],
        raw(vector["storage_root"]),
        raw(vector["code_hash"]),
    )
    assert account.code_hash == keccak(raw(vector["code"]))
    for slot in vector["slots"]:
        assert storage_word(nodes, account.storage_root, raw(slot["slot"])) == raw(slot["value"])


def test_the_vectors_hold_values_and_absent_slots() -> None:
    values = [raw(slot["value"]) for vector in VECTORS for slot in vector["slots"]]
    assert bytes(32) in values
    assert any(value != bytes(32) for value in values)


def test_another_blocks_root_is_not_answered() -> None:
    nodes = ProofNodes.of(nodes_of(VECTORS[0]))
    with pytest.raises(ProofError, match="lacks the node"):
        account_state(nodes, raw(VECTORS[1]["state_root"]), raw(VECTORS[1]["address"]))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"block {v['block']}")
def test_a_missing_node_is_an_error_and_never_an_absence(vector: dict[str, Any]) -> None:
    every = nodes_of(vector)
    for left_out in set(every):
        nodes = ProofNodes.of(node for node in every if node != left_out)
        with pytest.raises(ProofError, match="lacks the node"):
            _read_all(nodes, vector)


def _read_all(nodes: ProofNodes, vector: dict[str, Any]) -> list[bytes]:
    account = account_state(nodes, raw(vector["state_root"]), raw(vector["address"]))
    assert account is not None
    return [storage_word(nodes, account.storage_root, raw(s["slot"])) for s in vector["slots"]]


def test_no_changed_bit_of_a_node_changes_an_answer() -> None:
    vector = VECTORS[1]
    every = sorted(set(nodes_of(vector)))
    for index, node in enumerate(every):
        for bit in range(0, len(node) * 8, 7):
            changed = bytearray(node)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ProofError):
                _read_all(
                    ProofNodes.of([*every[:index], bytes(changed), *every[index + 1 :]]), vector
                )


def storage_trie(words: dict[bytes, int]) -> HexaryTrie:
    """A storage trie as a client builds it, by another implementation (PyPI trie)."""
    trie = HexaryTrie({})
    for slot, word in words.items():
        trie[keccak(slot)] = rlp.encode(word)
    return trie


def proof_of(trie: HexaryTrie, slot: bytes) -> list[Any]:
    return list(trie.get_proof(keccak(slot)))  # type: ignore[no-untyped-call]  # trie is half typed


slots = st.integers(0, 2**256 - 1).map(lambda number: number.to_bytes(32))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(slots, st.integers(1, 2**256 - 1), max_size=40),
    st.lists(slots, max_size=8),
)
def test_proofs_of_another_implementation_verify(
    words: dict[bytes, int], absent: list[bytes]
) -> None:
    trie = storage_trie(words)
    asked = [*words, *absent]
    proof = [rlp.encode(node) for slot in asked for node in proof_of(trie, slot)]
    nodes = ProofNodes.of(proof)
    for slot in asked:
        assert int.from_bytes(storage_word(nodes, trie.root_hash, slot)) == words.get(slot, 0)


def test_short_nodes_stand_inside_their_parents() -> None:
    """The keys of these two slots share 32 bits, so their leaves are shorter than a hash."""
    near = [number.to_bytes(32) for number in (40364, 105566)]
    trie = storage_trie(dict.fromkeys(near, 1))
    for slot in near:
        proof = proof_of(trie, slot)
        assert any(isinstance(part, list) for part in proof[-2])
        nodes = ProofNodes.of(rlp.encode(node) for node in proof[:-1])
        assert storage_word(nodes, trie.root_hash, slot) == (1).to_bytes(32)


def test_an_extension_that_leads_elsewhere_proves_absence() -> None:
    trie = storage_trie(dict.fromkeys((number.to_bytes(32) for number in (40364, 105566)), 1))
    absent = (7).to_bytes(32)
    proof = proof_of(trie, absent)
    assert len(proof) == 1
    assert storage_word(ProofNodes.of(map(rlp.encode, proof)), trie.root_hash, absent) == bytes(32)


def test_an_empty_trie_holds_nothing_and_needs_no_node() -> None:
    nodes = ProofNodes.of([])
    assert account_state(nodes, EMPTY_ROOT, bytes(20)) is None
    assert storage_word(nodes, EMPTY_ROOT, bytes(32)) == bytes(32)
    assert keccak(b"") == EMPTY_CODE_HASH
    with pytest.raises(ProofError, match="lacks the node"):
        account_state(nodes, keccak(b"unknown"), bytes(20))


def test_an_absent_account_is_proved_by_where_its_path_ends() -> None:
    vector = VECTORS[0]
    nodes = ProofNodes.of(nodes_of(vector))
    root = raw(vector["state_root"])
    answers = []
    for number in range(64):
        try:
            answers.append(account_state(nodes, root, number.to_bytes(20)))
        except ProofError:
            continue
    assert answers
    assert set(answers) == {None}


def leaf(path: bytes, value: bytes) -> bytes:
    encoded: bytes = rlp.encode([b"\x20" + path, value])
    return encoded


SLOT = bytes(32)
KEY = keccak(SLOT)
MALFORMED = {
    "a node of three members": rlp.encode([b"", b"", b""]),
    "an empty node": rlp.encode([]),
    "a path flag of 4": rlp.encode([b"\x40" + KEY, b"\x01"]),
    "a path flag of 15": rlp.encode([b"\xff" + KEY, b"\x01"]),
    "an even path that is padded with a nibble": rlp.encode([b"\x21" + KEY, b"\x01"]),
    "an empty path": rlp.encode([b"", b"\x01"]),
    "a list as path": rlp.encode([[b"\x20"], b"\x01"]),
    "a list as value": rlp.encode([b"\x20" + KEY, [b"\x01"]]),
    "an extension without a path": rlp.encode([b"\x00", [b"\x20" + KEY, b"\x01"]]),
    "a branch below the end of the key": rlp.encode([b"\x00" + KEY, [b""] * 16 + [b"\x01"]]),
    "a reference of 31 bytes": rlp.encode([bytes(31)] * 16 + [b""]),
    "a word with a leading zero": leaf(KEY, rlp.encode(b"\x00\x01")),
    "a word of 33 bytes": leaf(KEY, rlp.encode(b"\x01" * 33)),
    "a word that is a list": leaf(KEY, rlp.encode([b"\x01"])),
    "an empty value": leaf(KEY, b""),
    "inline nodes without end": rlp.encode(
        [b"\x11", [b"\x11", [b"\x11", [b"\x11", [b"\x00", []]]]]]
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_nodes_under_a_root_that_binds_them_are_refused(name: str) -> None:
    """An attacker who also chooses the state root: nothing but ProofError, or a proved absence."""
    nodes = ProofNodes.of([MALFORMED[name]])
    try:
        answer = storage_word(nodes, keccak(MALFORMED[name]), SLOT)
    except ProofError:
        return
    assert name == "inline nodes without end"
    assert answer == bytes(32)


def test_a_zero_in_the_trie_means_zero() -> None:
    """Anvil keeps zeros that other clients do not store."""
    node = leaf(KEY, rlp.encode(b""))
    assert storage_word(ProofNodes.of([node]), keccak(node), SLOT) == bytes(32)


@pytest.mark.parametrize(
    "account",
    [
        [b"\x01", b"", bytes(32)],
        [b"\x01", b"", bytes(31), bytes(32)],
        [b"\x00", b"", SLOT, SLOT],
        b"x",
    ],
)
def test_malformed_accounts_are_refused(account: object) -> None:
    address = bytes(20)
    node = leaf(keccak(address), rlp.encode(account))
    with pytest.raises(ProofError, match="account"):
        account_state(ProofNodes.of([node]), keccak(node), address)


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(st.binary(max_size=34), lambda inner: st.lists(inner, max_size=17), max_leaves=30)
)
def test_any_node_under_any_root_gives_an_answer_or_a_proof_error(item: object) -> None:
    data = rlp.encode(item)
    try:
        word = storage_word(ProofNodes.of([data]), keccak(data), SLOT)
    except ProofError:
        return
    assert len(word) == 32


def test_sizes_are_bounded_before_anything_is_parsed() -> None:
    with pytest.raises(ProofError, match="more than"):
        ProofNodes.of([bytes(MAX_NODE_LENGTH + 1)])
    with pytest.raises(ProofError, match="no valid RLP"):
        ProofNodes.of([b"\xfb\x3b\x9a\xca\x00" + bytes(40)])
    with pytest.raises(ProofError, match="32 bytes"):
        storage_word(ProofNodes.of([]), EMPTY_ROOT, b"\x01")
