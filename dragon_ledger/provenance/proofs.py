"""Account and storage proofs against a state root (EIP-1186, Yellow Paper appendix D).

`ProofNodes` holds the distinct trie nodes of a whole bundle, hashed and decoded once; every lookup
then follows references from a root. A key's absence is proved by the node at which its path ends. A
node that a lookup needs and does not find makes the proof incomplete, which is an error, never an
absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import rlp
from eth_utils.crypto import keccak

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.rlp_items import (
    RlpItem,
    as_bytes,
    as_integer,
    as_list,
    decode_item,
)

MAX_NODE_LENGTH = 1024
"""A branch with 16 references has 532 bytes; no node of an Ethereum state is longer than 600."""

EMPTY_ROOT = keccak(rlp.encode(b""))
EMPTY_CODE_HASH = keccak(b"")

_WORD = 32
_BRANCH, _PAIR = 17, 2
_ODD, _LEAF = 1, 2

Nibbles: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProofNodes:
    """Trie nodes by their keccak256."""

    by_hash: Mapping[bytes, list[RlpItem]]

    @classmethod
    def of(cls, nodes: Iterable[bytes]) -> ProofNodes:
        """Hash and decode nodes; the same node may come several times.

        Raises:
            ProofError: a node is too long, or no RLP list.
        """
        by_hash: dict[bytes, list[RlpItem]] = {}
        for data in nodes:
            node = as_list(decode_item(data, "proof node", MAX_NODE_LENGTH), "proof node")
            by_hash[keccak(data)] = node
        return cls(by_hash)


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account as the state trie holds it."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def account_state(nodes: ProofNodes, state_root: bytes, address: bytes) -> AccountState | None:
    """The account at an address; None when its absence is proved.

    Raises:
        ProofError: the nodes do not lead from the root to an answer, or hold no account.
    """
    what = f"account {address.hex()}"
    value = _lookup(nodes, state_root, keccak(address), what)
    if value is None:
        return None
    members = as_list(decode_item(value, what, MAX_NODE_LENGTH), what)
    if len(members) != 4:  # noqa: PLR2004 (nonce, balance, storage root, code hash)
        raise ProofError(f"{what}: expected 4 members, found {len(members)}")
    return AccountState(
        as_integer(members[0], f"{what} nonce", 8),
        as_integer(members[1], f"{what} balance", _WORD),
        as_bytes(members[2], f"{what} storage root", _WORD),
        as_bytes(members[3], f"{what} code hash", _WORD),
    )


def storage_word(nodes: ProofNodes, storage_root: bytes, slot: bytes) -> bytes:
    """The 32 bytes in a storage slot; zero when the slot's absence is proved.

    Anvil's tries hold zeros, where those of other clients hold nothing; both mean zero.

    Raises:
        ProofError: the nodes do not lead from the root to an answer, or hold no storage word.
    """
    if len(slot) != _WORD:
        raise ProofError(f"slot {slot.hex()}: expected {_WORD} bytes")
    what = f"slot {slot.hex()}"
    value = _lookup(nodes, storage_root, keccak(slot), what)
    if value is None:
        return bytes(_WORD)
    return as_integer(decode_item(value, what, _WORD + 1), what, _WORD).to_bytes(_WORD)


def _lookup(nodes: ProofNodes, root: bytes, key: bytes, what: str) -> bytes | None:
    """The value at a key, or None where the path provably ends before it."""
    if root == EMPTY_ROOT:
        return None
    path = _nibbles(key)
    reference: RlpItem = root
    while True:
        node = _resolve(nodes, reference, what)
        if len(node) == _BRANCH:
            if not path:
                raise ProofError(f"{what}: the trie is deeper than its keys are long")
            reference, path = node[path[0]], path[1:]
        elif len(node) == _PAIR:
            part, is_leaf = _unpack(node[0], what)
            if is_leaf:
                return as_bytes(node[1], what) if part == path else None
            if path[: len(part)] != part:
                return None
            reference, path = node[1], path[len(part) :]
        else:
            raise ProofError(f"{what}: a trie node has {len(node)} members")
        if reference == b"":
            return None


def _resolve(nodes: ProofNodes, reference: RlpItem, what: str) -> list[RlpItem]:
    """The node that a reference names by hash, or that stands in its place when it is short."""
    if isinstance(reference, list):
        return reference
    node = nodes.by_hash.get(as_bytes(reference, f"{what}: reference", _WORD))
    if node is None:
        raise ProofError(f"{what}: the proof lacks the node {reference.hex()}")
    return node


def _unpack(item: RlpItem, what: str) -> tuple[Nibbles, bool]:
    """Hex-prefix decoding (Yellow Paper, appendix C): the partial path, and whether of a leaf."""
    nibbles = _nibbles(as_bytes(item, f"{what}: partial path"))
    if not nibbles or nibbles[0] > (_LEAF | _ODD) or (not nibbles[0] & _ODD and nibbles[1]):
        raise ProofError(f"{what}: a partial path in the trie is malformed")
    part, is_leaf = nibbles[1 if nibbles[0] & _ODD else 2 :], bool(nibbles[0] & _LEAF)
    if not part and not is_leaf:
        raise ProofError(f"{what}: an extension node in the trie leads nowhere")
    return part, is_leaf


def _nibbles(data: bytes) -> Nibbles:
    return tuple(nibble for byte in data for nibble in (byte >> 4, byte & 0x0F))
