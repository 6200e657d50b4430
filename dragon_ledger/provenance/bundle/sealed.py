"""Which block a bundle proves, and on whose word: validators' seals, or one operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.qbft.header import (
    PlainHeader,
    QbftHeader,
    parse_header,
    parse_plain_header,
)
from dragon_ledger.provenance.qbft.light_client import TrustPolicy, advance_all
from dragon_ledger.provenance.qbft.trust_root import TrustRoot
from dragon_ledger.records import Seals


@dataclass(frozen=True, slots=True)
class ProvedBlock:
    """The block that the facts are as of."""

    number: int
    hash: bytes
    time: int
    state_root: bytes
    seals: Seals


def proved_block(
    headers: tuple[bytes, ...], validators: TrustRoot | None, demands: Demands
) -> ProvedBlock:
    """The last of the headers, and who sealed it.

    Raises:
        ProofError: the headers do not lead from the trusted validators to it, or its hash is not
            the checkpoint that the verifier accepts.
    """
    if validators is None:
        block = _unsealed(headers, demands)
    elif demands.now >= validators.block.time + demands.trusting_period:
        block = _expired(headers, demands)
    else:
        block = _sealed(headers, validators, demands)
    accepted = demands.accepted_checkpoint
    if accepted is not None and accepted != block.hash:
        raise ProofError(
            f"headers: block {block.number} is 0x{block.hash.hex()}, not the accepted checkpoint"
            f" 0x{accepted.hex()}"
        )
    return block


def ascending_headers(headers: tuple[bytes, ...]) -> list[QbftHeader]:
    """A bundle's QBFT headers, read; their seals are not looked at.

    Raises:
        ProofError: one is malformed, or they do not strictly ascend.
    """
    # One header given twice would be another bundle of the same evidence.
    parsed = [parse_header(data) for data in headers]
    if any(one.number >= next_.number for one, next_ in pairwise(parsed)):
        raise ProofError("headers: not by strictly ascending number")
    return parsed


def _sealed(headers: tuple[bytes, ...], root: TrustRoot, demands: Demands) -> ProvedBlock:
    policy = TrustPolicy(demands.now, root.epoch_length, demands.trusting_period)
    parsed = ascending_headers(headers)
    trusted = advance_all(root.block, parsed, policy)
    last = parsed[-1]
    if last.number and not trusted.signers:
        raise ProofError(f"headers: block {last.number} carries no seals")
    seals = Seals(
        verified=True,
        signers=trusted.signers,
        validators=tuple(sorted(trusted.validators)),
        detail=_sealers(trusted.signers, len(trusted.validators), root.names),
    )
    return ProvedBlock(last.number, last.hash, last.timestamp, last.state_root, seals)


def _sealers(signers: tuple[bytes, ...], validators: int, names: Mapping[bytes, str]) -> str:
    called = ", ".join(sorted(names.get(one, f"0x{one.hex()}") for one in signers))
    return f"sealed by {len(signers)} of {validators} validators: {called}"


def _expired(headers: tuple[bytes, ...], demands: Demands) -> ProvedBlock:
    last = ascending_headers(headers)[-1]
    days = demands.trusting_period // 86_400
    words = (
        f"the network file's validators were vouched for longer ago than {days} days, and are no"
        " longer believed; get a newer network file"
    )
    plain = PlainHeader(
        last.data, last.number, last.timestamp, last.parent_hash, last.state_root, last.hash
    )
    return _on_word(plain, words, demands)


def _unsealed(headers: tuple[bytes, ...], demands: Demands) -> ProvedBlock:
    words = (
        "the network has a single operator and its blocks carry no validators' seals: the state is"
        " that operator's word"
    )
    return _on_word(parse_plain_header(_only(headers)), words, demands)


def _only(headers: tuple[bytes, ...]) -> bytes:
    if len(headers) != 1:
        raise ProofError(f"headers: {len(headers)}, where blocks carry no seals there is one")
    return headers[0]


def _on_word(header: PlainHeader, words: str, demands: Demands) -> ProvedBlock:
    accepted = demands.accepted_checkpoint == header.hash
    if accepted:
        words += (
            f". Block hash 0x{header.hash.hex()} was accepted on that word by --accept-checkpoint"
        )
    return ProvedBlock(
        header.number,
        header.hash,
        header.timestamp,
        header.state_root,
        Seals(verified=None, detail=words, accepted=accepted),
    )
