"""What one running service holds together."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import CapacityLimiter

from api.artefacts import ArtefactStore
from api.evidence import EvidenceStore
from api.ledger import Ledger
from api.readers import Readers
from api.settings import Settings
from api.spool import Spool
from api.tokens import TokenStore


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that the endpoints use.

    The lines are for what takes long: uploaded files that wait for a reader, questions to a node
    that may hang, large traces. The threads that answer from the index stay free of them.
    """

    settings: Settings
    ledger: Ledger
    spool: Spool
    artefacts: ArtefactStore
    tokens: TokenStore
    readers: Readers
    evidence: EvidenceStore
    file_line: CapacityLimiter
    node_line: CapacityLimiter
    large_line: CapacityLimiter
