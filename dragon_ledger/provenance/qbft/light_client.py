"""Moving trust from one set of validators to a later block, by proof only.

The rule is that of light clients (Tendermint's skipping verification, carried over to QBFT): a
header is trusted when a quorum of its own set sealed it, and more than a third of a set that is
already trusted is among those who sealed. Assumption: of every set, fewer than a third misuse its
keys until the trusting period has passed. Then one who sealed is honest, and the honest seal
nothing but blocks of the one chain with the right set in them; and a quorum of the right set makes
the block final. The argument at length: docs/spec/qbft-headers.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.qbft.header import QbftHeader
from dragon_ledger.provenance.qbft.seals import check_sealed
from dragon_ledger.provenance.qbft.votes import ValidatorSet

DEFAULT_TRUSTING_PERIOD = 180 * 24 * 3600
DEFAULT_CLOCK_DRIFT = 300


class NotEnoughTrust(ProofError):
    """Too few of the trusted validators sealed this header; a header in between may be missing."""


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """What the verifier decides.

    Attributes:
        now: the verifier's clock, seconds since the epoch.
        epoch_length: blocks after which votes are forgotten, from the genesis configuration.
        trusting_period: for how many seconds a set's keys are believed not to be misused, counted
            from the time for which the set is vouched.
        clock_drift: how many seconds a header may be ahead of the verifier's clock.
    """

    now: int
    epoch_length: int
    trusting_period: int = DEFAULT_TRUSTING_PERIOD
    clock_drift: int = DEFAULT_CLOCK_DRIFT


@dataclass(frozen=True, slots=True)
class TrustedBlock:
    """A block that is trusted, with the set that sealed it.

    Attributes:
        number: block number.
        hash: block hash.
        time: since when the set is vouched for: a header's timestamp, or for a trust root the time
            that `network.json` states (a genesis block's timestamp is often 0).
        validators: the set that must seal this block (of a genesis block: the next one).
        following: the set of the next block, where it is known from votes; None where earlier votes
            are not.
        signers: who sealed this block; empty for a trust root.
    """

    number: int
    hash: bytes
    time: int
    validators: frozenset[bytes]
    following: ValidatorSet | None = None
    signers: tuple[bytes, ...] = ()


def trust_root(
    number: int, block_hash: bytes, time: int, validators: Iterable[bytes]
) -> TrustedBlock:
    """What `network.json` vouches for; only at a genesis block no vote can be pending."""
    members = frozenset(validators)
    following = ValidatorSet(members) if number == 0 else None
    return TrustedBlock(number, block_hash, time, members, following)


def advance(trusted: TrustedBlock, header: QbftHeader, policy: TrustPolicy) -> TrustedBlock:
    """Trust a later header because of an earlier trusted block.

    Raises:
        NotEnoughTrust: the header may be good, but not from this block alone.
        ProofError: the header does not follow, is not sealed, or trust has expired; says which.
    """
    where = f"header {header.number}"
    if header.number <= trusted.number:
        raise ProofError(f"{where}: not after the trusted block {trusted.number}")
    _check_times(trusted, header, policy)
    adjacent = header.number == trusted.number + 1
    if adjacent and header.parent_hash != trusted.hash:
        raise ProofError(f"{where}: its parent is not the trusted block {trusted.number}")
    signers = check_sealed(header, header.validators)
    known = trusted.following if adjacent else None
    if known is not None and known.validators != frozenset(header.validators):
        raise ProofError(f"{where}: its set of validators is not the one that the votes gave")
    overlap = len(trusted.validators.intersection(signers))
    if 3 * overlap <= len(trusted.validators):
        raise NotEnoughTrust(
            f"{where}: sealed by {overlap} of the {len(trusted.validators)} validators trusted at"
            f" block {trusted.number}; more than a third is needed"
        )
    return _trusted(header, known, signers, policy)


def advance_all(
    root: TrustedBlock, headers: Iterable[QbftHeader], policy: TrustPolicy
) -> TrustedBlock:
    """Trust the last of a chain of headers; each one has to be trusted because of the one before.

    Headers of the root's own height must be the root's block, and move nothing.

    Raises:
        ProofError: the chain is broken; the message names header and reason.
    """
    return [root, *trusted_blocks(root, headers, policy)][-1]


def trusted_blocks(
    root: TrustedBlock, headers: Iterable[QbftHeader], policy: TrustPolicy
) -> Iterator[TrustedBlock]:
    """Every block of such a chain, trusted; errors as for `advance_all`."""
    trusted = root
    for header in headers:
        if header.number == trusted.number and header.hash == trusted.hash:
            trusted = _sealed_root(trusted, header, policy)
        else:
            trusted = advance(trusted, header, policy)
        yield trusted


def missing_header(
    root: TrustedBlock, headers: Mapping[int, QbftHeader], target: int, policy: TrustPolicy
) -> int | None:
    """Which header is still needed to trust the block `target`; None when `headers` suffice.

    Called again and again, each time with the header that it asked for, it finds by bisection
    the few headers that an evidence bundle has to carry. `select_headers` then lists them.

    Raises:
        ProofError: a header that was given is bad, or no header in between can help.
    """
    trusted = root
    while trusted.number < target:
        step = _longest_step(trusted, headers, target, policy)
        if isinstance(step, int):
            return step
        trusted = step
    return None


def select_headers(
    root: TrustedBlock, headers: Mapping[int, QbftHeader], target: int, policy: TrustPolicy
) -> list[QbftHeader]:
    """The headers, in order, that lead from the root to the block `target`.

    Raises:
        ProofError: one is missing, or as for `missing_header`.
    """
    trusted, chosen = root, list[QbftHeader]()
    while trusted.number < target:
        step = _longest_step(trusted, headers, target, policy)
        if isinstance(step, int):
            raise ProofError(f"header {step}: is needed to trust block {target}, and is missing")
        trusted = step
        chosen.append(headers[trusted.number])
    return chosen


def _longest_step(
    trusted: TrustedBlock, headers: Mapping[int, QbftHeader], target: int, policy: TrustPolicy
) -> TrustedBlock | int:
    """As far towards the target as one step carries, or the number of the header to try next."""
    goal = target
    while goal > trusted.number:
        if goal not in headers:
            return goal
        try:
            return advance(trusted, headers[goal], policy)
        except NotEnoughTrust:
            if goal == trusted.number + 1:
                raise
            goal = trusted.number + (goal - trusted.number) // 2
    raise ProofError(f"block {target}: not after the trusted block {trusted.number}")


def _check_times(trusted: TrustedBlock, header: QbftHeader, policy: TrustPolicy) -> None:
    if policy.now >= trusted.time + policy.trusting_period:
        raise ProofError(
            f"block {trusted.number}: its validators were vouched for at {trusted.time}, longer ago"
            f" than the trusting period of {policy.trusting_period} s; get a newer network.json"
        )
    # Vouched for in milliseconds, a set would be trusted for thousands of years.
    if trusted.time > policy.now + policy.clock_drift:
        raise ProofError(
            f"block {trusted.number}: its validators were vouched for at {trusted.time}, a time in"
            " the future; check the clock and validators.time in network.json"
        )
    if header.timestamp > policy.now + policy.clock_drift:
        raise ProofError(f"header {header.number}: its time {header.timestamp} is in the future")


def _sealed_root(trusted: TrustedBlock, header: QbftHeader, policy: TrustPolicy) -> TrustedBlock:
    _check_times(trusted, header, policy)
    if header.number == 0 and trusted.validators != frozenset(header.validators):
        raise ProofError("header 0: names other validators than the network file")
    signers = check_sealed(header, trusted.validators) if header.number else ()
    return TrustedBlock(
        trusted.number,
        trusted.hash,
        trusted.time,
        trusted.validators,
        trusted.following,
        signers,
    )


def _trusted(
    header: QbftHeader,
    known: ValidatorSet | None,
    signers: tuple[bytes, ...],
    policy: TrustPolicy,
) -> TrustedBlock:
    members = frozenset(header.validators)
    if known is None and header.number % policy.epoch_length == 0:
        known = ValidatorSet(members)
    following = known.after(header, policy.epoch_length) if known is not None else None
    return TrustedBlock(header.number, header.hash, header.timestamp, members, following, signers)
