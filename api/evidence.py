"""Evidence bundles as the service makes and keeps them.

Nodes prove recent blocks only, so the last good bundle of each known model stays on disk, and is
what the service gives while no node can prove a newer one.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.chain.client import Client
from dragon_ledger.cli.evidence_bundle import export
from dragon_ledger.errors import LedgerError, StorageError
from dragon_ledger.site.store import write_whole

logger = logging.getLogger("dragon_ledger.api")
KEPT = 256


@dataclass(frozen=True, slots=True)
class Served:
    """A bundle, and why it is not of the newest block when it is not."""

    data: bytes
    stale_reason: str | None = None


class EvidenceStore:
    """Exports bundles, one at a time, and keeps the last of each model that the ledger knows."""

    def __init__(self, folder: Path, client: Client) -> None:
        self._folder = folder
        self._client = client
        self._lock = threading.Lock()

    def bundle(self, digest: bytes) -> Served:
        """A bundle about a digest as of the newest final block, or the last one kept.

        Raises:
            LedgerError: no node gives one, and none is kept.
        """
        try:
            with self._lock:
                return Served(self._newest(digest))
        except LedgerError as error:
            kept = self._kept(digest)
            if kept is None:
                raise
            logger.warning("an older evidence bundle is served: %s", error)
            return Served(kept, f"the node gave no newer proof: {error}")

    def _newest(self, digest: bytes) -> bytes:
        data, evidence = export(self._client, [digest])
        facts = evidence.facts(digest)
        if facts.releases or facts.origins:
            try:
                self._keep(digest, data)
            except (StorageError, OSError) as error:
                # Who asked has what they asked for; only the next outage is worse.
                logger.warning("an evidence bundle could not be kept: %s", error)
        return data

    def _path(self, digest: bytes) -> Path:
        return self._folder / f"{digest.hex()}.evidence.json"

    def _kept(self, digest: bytes) -> bytes | None:
        path = self._path(digest)
        return path.read_bytes() if path.is_file() else None

    def _keep(self, digest: bytes, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self._path(digest), data)
        kept = sorted(self._folder.glob("*.evidence.json"), key=lambda one: one.stat().st_mtime)
        for path in kept[:-KEPT]:
            path.unlink(missing_ok=True)
