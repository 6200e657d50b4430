"""Which documents a bundle may carry: docs/spec/evidence-bundle.md, *Attachments*."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Members of canonical JSON are in order, so every sealed QC report ends in these bytes.
_END_OF_REPORT = re.compile(
    rb'"summary":"([0-9a-f]{64})"\},"salt":"[0-9a-f]{64}","schema":"qc-report/1"\}\Z'
)
_LENGTH_OF_END = 175


def summary_of(document: bytes) -> bytes | None:
    """SHA-256 of the summary that a sealed QC report names; None for any other document."""
    found = _END_OF_REPORT.search(document[-_LENGTH_OF_END:])
    return bytes.fromhex(found[1].decode()) if found else None


def allowed(named: Iterable[bytes], attachments: Mapping[bytes, bytes]) -> set[bytes]:
    """Digests of the documents that may be attached where facts name these."""
    direct = set(named)
    reports = (attachments[digest] for digest in direct & attachments.keys())
    return direct | {digest for digest in map(summary_of, reports) if digest is not None}
