"""Block headers sealed by QBFT: fields, block hash, commit hash (docs/spec/qbft-headers.md).

Extra fields of later forks are kept in the order that execution clients give them: baseFeePerGas
(EIP-1559), withdrawalsRoot (EIP-4895), blobGasUsed and excessBlobGas (EIP-4844),
parentBeaconBlockRoot (EIP-4788), requestsHash (EIP-7685).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import rlp
from eth_utils.crypto import keccak

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.qbft.extra_data import (
    MAX_EXTRA_DATA_LENGTH,
    ExtraData,
    parse_extra_data,
)
from dragon_ledger.provenance.rlp_items import (
    RlpItem,
    as_bytes,
    as_integer,
    as_list,
    decode_item,
)

MAX_HEADER_LENGTH = MAX_EXTRA_DATA_LENGTH + 2048

# Field name of JSON-RPC, kind, length: "bytes" exactly so long, "int" at most so long.
_FIELDS = (
    ("parentHash", "bytes", 32),
    ("sha3Uncles", "bytes", 32),
    ("miner", "bytes", 20),
    ("stateRoot", "bytes", 32),
    ("transactionsRoot", "bytes", 32),
    ("receiptsRoot", "bytes", 32),
    ("logsBloom", "bytes", 256),
    ("difficulty", "int", 32),
    ("number", "int", 8),
    ("gasLimit", "int", 8),
    ("gasUsed", "int", 8),
    ("timestamp", "int", 8),
    ("extraData", "any", MAX_EXTRA_DATA_LENGTH),
    ("mixHash", "bytes", 32),
    ("nonce", "bytes", 8),
    ("baseFeePerGas", "int", 32),
    ("withdrawalsRoot", "bytes", 32),
    ("blobGasUsed", "int", 8),
    ("excessBlobGas", "int", 8),
    ("parentBeaconBlockRoot", "bytes", 32),
    ("requestsHash", "bytes", 32),
)
_QUANTITY = re.compile(r"0x[0-9a-fA-F]*", re.ASCII)
_NAMES = tuple(name for name, _, _ in _FIELDS)
_EXTRA = _NAMES.index("extraData")
_REQUIRED = _NAMES.index("nonce") + 1
_COUNTS = frozenset(range(_REQUIRED, len(_FIELDS) + 1)) - {_NAMES.index("blobGasUsed") + 1}

ISTANBUL_DIGEST = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""mixHash of every block that an Istanbul BFT protocol made."""

_EMPTY_UNCLES = keccak(rlp.encode([]))


@dataclass(frozen=True, slots=True)
class PlainHeader:
    """A header that nobody sealed, as a chain with a single operator has it.

    Its hash is keccak256 of `data`; whether to believe it is the operator's word.
    """

    data: bytes
    number: int
    timestamp: int
    parent_hash: bytes
    state_root: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class QbftHeader:
    """A header's fields that verification reads, and its two hashes.

    Attributes:
        data: the header as it was given, RLP.
        hash: block hash; over round 0 and no seals, so it does not depend on who sealed.
        commit_hash: what a committed seal signs; over the real round and no seals.
    """

    data: bytes
    number: int
    timestamp: int
    parent_hash: bytes
    state_root: bytes
    proposer: bytes
    extra: ExtraData
    hash: bytes
    commit_hash: bytes

    @property
    def validators(self) -> tuple[bytes, ...]:
        """The set that must seal this block, as the header says."""
        return self.extra.validators


def parse_header(data: bytes) -> QbftHeader:
    """Read a header and compute its hashes. Seals are for `check_sealed` to judge.

    Raises:
        ProofError: it is no QBFT header; the message names the field.
    """
    items, values = _read(data)
    _check_istanbul(values)
    extra = parse_extra_data(values["extraData"])
    return QbftHeader(
        data=data,
        number=int.from_bytes(values["number"]),
        timestamp=int.from_bytes(values["timestamp"]),
        parent_hash=values["parentHash"],
        state_root=values["stateRoot"],
        proposer=values["miner"],
        extra=extra,
        hash=_hash_with(items, extra.encode(0, ())),
        commit_hash=_hash_with(items, extra.encode(extra.round, ())),
    )


def parse_plain_header(data: bytes) -> PlainHeader:
    """Read a header of any Ethereum chain, whatever consensus made it.

    Raises:
        ProofError: it is no block header; the message names the field.
    """
    _, values = _read(data)
    return PlainHeader(
        data=data,
        number=int.from_bytes(values["number"]),
        timestamp=int.from_bytes(values["timestamp"]),
        parent_hash=values["parentHash"],
        state_root=values["stateRoot"],
        hash=keccak(data),
    )


def encode_rpc_header(block: Mapping[str, object]) -> bytes:
    """The header of a block as `eth_getBlockByNumber` gives it, as RLP.

    Raises:
        ProofError: a field is missing or no hexadecimal text.
    """
    items: list[bytes] = []
    for name, kind, _ in _FIELDS:
        text = block.get(name)
        if text is None and len(items) >= _REQUIRED:
            break
        items.append(_from_rpc(text, name, kind))
    encoded: bytes = rlp.encode(items)
    return encoded


def _read(data: bytes) -> tuple[list[RlpItem], dict[str, bytes]]:
    """The fields in order and by name, each of its form."""
    items = as_list(decode_item(data, "header", MAX_HEADER_LENGTH), "header")
    if len(items) not in _COUNTS:
        raise ProofError(f"header: {len(items)} fields; known are {sorted(_COUNTS)}")
    values = {
        name: _checked(item, name, kind, length)
        for item, (name, kind, length) in zip(items, _FIELDS, strict=False)
    }
    return items, values


def _from_rpc(text: object, name: str, kind: str) -> bytes:
    if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
        raise ProofError(f"block {name}: expected 0x and hexadecimal digits, found {text!r:.80}")
    digits = text[2:]
    if kind == "int":
        return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)).lstrip(b"\x00")
    if len(digits) % 2:
        raise ProofError(f"block {name}: an odd number of hexadecimal digits")
    return bytes.fromhex(digits)


def _checked(item: RlpItem, name: str, kind: str, length: int) -> bytes:
    if kind == "int":
        as_integer(item, f"header {name}", length)
    return as_bytes(item, f"header {name}", length if kind == "bytes" else None)


def _check_istanbul(values: Mapping[str, bytes]) -> None:
    expected = {
        "mixHash": ISTANBUL_DIGEST,
        "sha3Uncles": _EMPTY_UNCLES,
        "difficulty": b"\x01",
        "nonce": bytes(8),
    }
    for name, value in expected.items():
        if values[name] != value:
            raise ProofError(f"header {name}: {values[name].hex()} is not what a QBFT block has")


def _hash_with(items: list[RlpItem], extra_data: bytes) -> bytes:
    return keccak(rlp.encode([*items[:_EXTRA], extra_data, *items[_EXTRA + 1 :]]))
