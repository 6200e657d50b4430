"""The extraData field of a QBFT block header (docs/spec/qbft-headers.md).

RLP[vanity, [validators], vote or [], round, [committed seals]]. Hyperledger Besu
(QbftExtraDataCodec) and GoQuorum write the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import rlp

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.rlp_items import (
    RlpItem,
    as_bytes,
    as_integer,
    as_list,
    decode_item,
)

MAX_EXTRA_DATA_LENGTH = 2**16
MAX_VALIDATORS = 512

_MEMBERS = 5
_VANITY = 32
_ADDRESS = 20
_SEAL = 65
_ROUND = 4
_ADD, _DROP = b"\xff", b""


@dataclass(frozen=True, slots=True)
class Vote:
    """The proposer's vote to add (or else drop) a validator."""

    recipient: bytes
    add: bool


@dataclass(frozen=True, slots=True)
class ExtraData:
    """What extraData says; `validators` is the set that must seal this very block."""

    vanity: bytes
    validators: tuple[bytes, ...]
    vote: Vote | None
    round: int
    seals: tuple[bytes, ...]

    def encode(self, round_number: int, seals: tuple[bytes, ...]) -> bytes:
        """The same extraData with another round and other seals, as the hashes need it."""
        vote = [] if self.vote is None else [self.vote.recipient, _ADD if self.vote.add else _DROP]
        members = [self.vanity, list(self.validators), vote, round_number, list(seals)]
        encoded: bytes = rlp.encode(members)
        return encoded


def parse_extra_data(data: bytes) -> ExtraData:
    """Read extraData.

    Raises:
        ProofError: it is not QBFT's, names a validator twice, or names none.
    """
    members = as_list(decode_item(data, "extraData", MAX_EXTRA_DATA_LENGTH), "extraData")
    if len(members) != _MEMBERS:
        raise ProofError(f"extraData: expected {_MEMBERS} members as QBFT has, got {len(members)}")
    extra = ExtraData(
        as_bytes(members[0], "extraData vanity"),
        _strings(members[1], "extraData validator", _ADDRESS),
        _vote(as_list(members[2], "extraData vote")),
        as_integer(members[3], "extraData round", _ROUND),
        _strings(members[4], "extraData committed seal", _SEAL),
    )
    if len(extra.vanity) > _VANITY:
        raise ProofError(f"extraData vanity: longer than {_VANITY} bytes")
    if not extra.validators or len(set(extra.validators)) != len(extra.validators):
        raise ProofError("extraData: no validators, or one of them twice")
    return extra


def _strings(item: RlpItem, what: str, length: int) -> tuple[bytes, ...]:
    entries = as_list(item, f"{what}s")
    if len(entries) > MAX_VALIDATORS:
        raise ProofError(f"{what}s: {len(entries)}, more than {MAX_VALIDATORS}")
    return tuple(as_bytes(entry, what, length) for entry in entries)


def _vote(members: list[RlpItem]) -> Vote | None:
    if not members:
        return None
    if len(members) != 2 or members[1] not in (_ADD, _DROP):  # noqa: PLR2004 (recipient, kind)
        raise ProofError("extraData vote: expected a recipient and 0xff (add) or nothing (drop)")
    return Vote(as_bytes(members[0], "extraData vote recipient", _ADDRESS), members[1] == _ADD)
