"""A QBFT network in a few lines: keys, votes and headers that its validators seal.

Written from docs/spec/qbft-headers.md with eth_keys and rlp, not with the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import rlp
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
NO_UNCLES = keccak(rlp.encode([]))


@cache
def key(number: int) -> PrivateKey:
    return PrivateKey(keccak(b"validator %d" % number))


@cache
def address(number: int) -> bytes:
    return key(number).public_key.to_canonical_address()


def addresses(*numbers: int) -> list[bytes]:
    return [address(number) for number in numbers]


@dataclass(frozen=True)
class Block:
    """A header to be; validators, sealers and proposer by number."""

    number: int
    validators: Sequence[int]
    sealers: Sequence[int]
    proposer: int
    parent: bytes = bytes(32)
    timestamp: int = 0
    vote: tuple[bytes, bytes] | None = None
    round: int = 0
    state_root: bytes = bytes(32)
    fork_fields: tuple[bytes, ...] = ()
    vanity: bytes = bytes(32)

    def extra_data(self, round_number: int, seals: Sequence[bytes]) -> bytes:
        vote = list(self.vote) if self.vote else []
        members = [self.vanity, addresses(*self.validators), vote, round_number, list(seals)]
        encoded: bytes = rlp.encode(members)
        return encoded

    def encode(self, extra: bytes) -> bytes:
        encoded: bytes = rlp.encode(
            [
                self.parent,
                NO_UNCLES,
                address(self.proposer),
                self.state_root,
                bytes(32),
                bytes(32),
                bytes(256),
                1,
                self.number,
                0x9896800,
                0,
                self.timestamp,
                extra,
                MIX_HASH,
                bytes(8),
                *self.fork_fields,
            ]
        )
        return encoded

    def hash(self) -> bytes:
        return keccak(self.encode(self.extra_data(0, [])))

    def commit_hash(self) -> bytes:
        return keccak(self.encode(self.extra_data(self.round, [])))

    def seal_of(self, number: int) -> bytes:
        return key(number).sign_msg_hash(self.commit_hash()).to_bytes()

    def sealed(self, seals: Sequence[bytes] | None = None) -> bytes:
        given = [self.seal_of(number) for number in self.sealers] if seals is None else seals
        return self.encode(self.extra_data(self.round, given))


def chain(*blocks: Block) -> list[Block]:
    """The blocks with their parents and growing timestamps filled in."""
    linked: list[Block] = []
    for block in blocks:
        parent = linked[-1].hash() if linked else block.parent
        linked.append(
            replace(block, parent=parent, timestamp=block.timestamp or 1000 + block.number)
        )
    return linked
