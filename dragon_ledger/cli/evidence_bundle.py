"""Makes evidence bundles from a node's answers; shared by the commands and the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from dragon_ledger.chain import evidence
from dragon_ledger.chain.client import Client
from dragon_ledger.cli.evidence_check import known_network, validators_of
from dragon_ledger.provenance.bundle.build import Proof, build
from dragon_ledger.provenance.bundle.documents import summary_of
from dragon_ledger.provenance.bundle.entries import Settings
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.lead import leading_headers, next_header
from dragon_ledger.provenance.bundle.places import slots_for
from dragon_ledger.provenance.bundle.scope import bound_digests, closed_only
from dragon_ledger.provenance.bundle.verify import Evidence, verify
from dragon_ledger.records import Facts

Fetch = Callable[[bytes], bytes | None]


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
            summary = _summary(document, fetch)
            if summary is not None:
                yield summary


def _summary(document: bytes, fetch: Fetch) -> bytes | None:
    """The QC summary that a document names, if it is a QC report and the summary can be had."""
    digest = summary_of(document)
    return None if digest is None else fetch(digest)
