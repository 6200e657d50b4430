"""The genesis block of a QBFT network, in the forms of Besu and GoQuorum.

Both files describe the same block, so nodes of both kinds can share a chain. The header's fields
are those of the Yellow Paper, section 4.4; extraData is RLP[vanity, [validators], vote or [],
round, [seals]] (docs/spec/qbft-headers.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_hash.auto import keccak

# keccak256("Istanbul practical byzantine fault tolerance"), the mark of every such block.
ISTANBUL_DIGEST = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
GAS_LIMIT = 160_000_000
EPOCH_LENGTH = 30_000

# GoQuorum knows the rules up to Berlin; Besu reads `berlinBlock` as all of these.
_FORKS = (
    *("homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock"),
    *("constantinopleBlock", "petersburgBlock", "istanbulBlock", "muirGlacierBlock", "berlinBlock"),
)


@dataclass(frozen=True, slots=True)
class Genesis:
    """What the members agree on before the first block.

    Attributes:
        chain_id: tells this chain's transactions from any other's.
        validators: the first set's addresses.
        block_period: seconds between two blocks.
        request_timeout: seconds of round 0 before the next proposer's turn; doubles each round.
    """

    chain_id: int
    validators: Sequence[bytes]
    block_period: int = 1
    request_timeout: int = 1

    @property
    def extra_data(self) -> bytes:
        """The validators, no vote, round 0, no seals."""
        data: bytes = rlp.encode([bytes(32), sorted(self.validators), [], 0, []])
        return data

    @property
    def hash(self) -> bytes:
        """The block's hash, as every node computes it."""
        empty_list, empty_trie = keccak(rlp.encode([])), keccak(rlp.encode(b""))
        header = [
            *(bytes(32), empty_list, bytes(20)),
            *(empty_trie, empty_trie, empty_trie, bytes(256)),
            *(1, 0, GAS_LIMIT, 0, 0),
            *(self.extra_data, ISTANBUL_DIGEST, bytes(8)),
        ]
        return bytes(keccak(rlp.encode(header)))

    def besu(self) -> dict[str, Any]:
        """The genesis file of Hyperledger Besu."""
        qbft = {
            "epochlength": EPOCH_LENGTH,
            "blockperiodseconds": self.block_period,
            "requesttimeoutseconds": self.request_timeout,
        }
        return self._file({"chainId": self.chain_id, "berlinBlock": 0, "qbft": qbft})

    def goquorum(self) -> dict[str, Any]:
        """The genesis file of GoQuorum."""
        qbft = {
            "epochlength": EPOCH_LENGTH,
            "blockperiodseconds": self.block_period,
            "emptyblockperiodseconds": self.block_period,
            "requesttimeoutseconds": self.request_timeout,
            "policy": 0,
            # From block 0 on a quorum is ceil(2n/3), as Besu has it.
            "ceil2Nby3Block": 0,
        }
        forks = dict.fromkeys(_FORKS, 0)
        return self._file({"chainId": self.chain_id, **forks, "isQuorum": True, "qbft": qbft})

    def _file(self, config: dict[str, Any]) -> dict[str, Any]:
        return {
            "config": config,
            "nonce": "0x0",
            "timestamp": "0x0",
            "extraData": "0x" + self.extra_data.hex(),
            "gasLimit": hex(GAS_LIMIT),
            "difficulty": "0x1",
            "mixHash": "0x" + ISTANBUL_DIGEST.hex(),
            "coinbase": "0x" + bytes(20).hex(),
            "alloc": {},
        }
