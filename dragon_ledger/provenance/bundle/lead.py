"""Which headers lead from the validators of the network file to a block."""

from __future__ import annotations

from collections.abc import Mapping

from dragon_ledger.provenance.qbft.header import encode_rpc_header, parse_header
from dragon_ledger.provenance.qbft.light_client import (
    TrustPolicy,
    missing_header,
    select_headers,
)
from dragon_ledger.provenance.qbft.trust_root import TrustRoot

RpcHeaders = Mapping[int, Mapping[str, object]]


def next_header(headers: RpcHeaders, block: int, root: TrustRoot | None, now: int) -> int | None:
    """Which header is still needed beside these to trust the block; None when they suffice.

    Args:
        headers: answers of `eth_getBlockByNumber` by number, that of the block included.
        block: the block to be trusted.
        root: the network file's validators; None where blocks carry no seals.
        now: the clock, seconds since the epoch.

    Raises:
        ProofError: a header is bad, or no header in between can help.
    """
    if root is None:
        return None
    parsed = {number: parse_header(encode_rpc_header(raw)) for number, raw in headers.items()}
    return missing_header(root.block, parsed, block, TrustPolicy(now, root.epoch_length))


def leading_headers(
    headers: RpcHeaders, block: int, root: TrustRoot | None, now: int
) -> list[bytes]:
    """The headers that a bundle carries, the block's last; arguments and errors as above."""
    last = encode_rpc_header(headers[block])
    if root is None or block == root.block.number:
        return [last]
    parsed = {number: parse_header(encode_rpc_header(raw)) for number, raw in headers.items()}
    policy = TrustPolicy(now, root.epoch_length)
    return [header.data for header in select_headers(root.block, parsed, block, policy)]
