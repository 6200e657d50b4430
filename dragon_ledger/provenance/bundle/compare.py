"""Do two bundles contradict each other? Then their validators broke the protocol."""

from __future__ import annotations

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.provenance.bundle.known import Demands, KnownNetwork
from dragon_ledger.provenance.bundle.parse import parse
from dragon_ledger.provenance.bundle.sealed import ascending_headers
from dragon_ledger.provenance.bundle.verify import check_identity
from dragon_ledger.provenance.qbft.faults import Fault, find_fault
from dragon_ledger.provenance.qbft.header import QbftHeader
from dragon_ledger.provenance.qbft.light_client import TrustPolicy


def contradiction(
    first: bytes, second: bytes, network: KnownNetwork, demands: Demands
) -> Fault | None:
    """Two sealed blocks of one height in two bundles of one network; None when there are none.

    Only headers are looked at: what the bundles prove from them is for `verify`.

    Raises:
        ConfigurationError: the network's blocks carry no seals.
        ProofError: a bundle is malformed, of another network, or its headers are not sealed.
    """
    root = network.validators
    if root is None:
        raise ConfigurationError(
            "the network has a single operator: its blocks carry no seals that could be evidence"
        )
    policy = TrustPolicy(demands.now, root.epoch_length, demands.trusting_period)
    return find_fault(root.block, _headers(first, network), _headers(second, network), policy)


def _headers(data: bytes, network: KnownNetwork) -> list[QbftHeader]:
    bundle = parse(data)
    check_identity(bundle, network)
    return ascending_headers(bundle.headers)
