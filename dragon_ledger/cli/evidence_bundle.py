"""Puts chain and provenance together for evidence bundles; shared by the commands and the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dragon_ledger.chain import evidence
from dragon_ledger.chain.artifacts import artifact
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network
from dragon_ledger.errors import ConfigurationError, InputError
from dragon_ledger.provenance.bundle.build import Proof, build
from dragon_ledger.provenance.bundle.entries import Settings
from dragon_ledger.provenance.bundle.fields import MAX_BUNDLE_BYTES
from dragon_ledger.provenance.bundle.known import (
    CodeTemplate,
    Demands,
    KnownContract,
    KnownNetwork,
)
from dragon_ledger.provenance.bundle.lead import leading_headers, next_header
from dragon_ledger.provenance.bundle.places import slots_for
from dragon_ledger.provenance.bundle.scope import bound_digests, closed_only
from dragon_ledger.provenance.bundle.verify import Evidence, verify
from dragon_ledger.provenance.qbft.trust_root import TrustRoot, read_trust_root
from dragon_ledger.records import Facts

Fetch = Callable[[bytes], bytes | None]


def validators_of(network: Network) -> TrustRoot | None:
    """The validators that the network file vouches for; None where blocks carry no seals.

    Raises:
        ConfigurationError: the member `validators` is not as specified.
    """
    return None if network.validators is None else read_trust_root(network.validators)


def known_network(network: Network) -> KnownNetwork:
    """What a verifier takes from the network file and the published contracts.

    Raises:
        ConfigurationError: the file names no contracts, or its validators are not as specified.
    """
    if not network.contracts:
        raise ConfigurationError("the network file names no contracts: nothing can be verified")
    contracts = {}
    for name, contract in network.contracts.items():
        published = artifact(name)
        template = CodeTemplate(published.runtime, published.immutables)
        contracts[name] = KnownContract(contract.address, contract.code_hash, template)
    return KnownNetwork(network.chain_id, network.genesis_hash, contracts, validators_of(network))


def read_bundle(path: Path) -> bytes:
    """The bytes of a bundle file; never more than a bundle may have.

    Raises:
        InputError: the file cannot be read, or is larger than any bundle.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BUNDLE_BYTES:
        raise InputError(f"{path}: larger than {MAX_BUNDLE_BYTES} bytes; this is no bundle")
    return data


def export(
    client: Client,
    digests: Sequence[bytes],
    block: int | None = None,
    fetch: Fetch | None = None,
) -> tuple[bytes, Evidence]:
    """Export a bundle about digests, and verify it before anyone gets it.

    Args:
        client: of the chain.
        digests: content digests and file digests.
        block: None for the newest final one.
        fetch: gives documents to attach by their SHA-256; None attaches nothing.

    Raises:
        StaleState: the node does not prove this block.
        ProofError: what the node gave does not verify; the message names the part.
        ChainError: as `evidence.collect`.
    """
    now = int(time.time())
    root = validators_of(client.network)
    found = evidence.collect(
        client, digests, slots_for, lambda have, goal: next_header(have, goal, root, now), block
    )
    headers = leading_headers(found.headers, found.facts[0].as_of.block, root, now)
    settings = Settings(found.required_approvals, found.root_delay)
    data = build(
        found.facts,
        Proof(headers, found.nodes, settings),
        [] if fetch is None else _documents(found.facts, fetch),
    )
    return data, verify(data, known_network(client.network), Demands(now))


def _documents(every: Sequence[Facts], fetch: Fetch) -> Iterator[bytes]:
    named = {digest for facts in every for digest in bound_digests(closed_only(facts))}
    for digest in sorted(named):
        document = fetch(digest)
        if document is not None:
            yield document
