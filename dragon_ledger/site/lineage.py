"""Which of a site's versions the next one is built on, and what went into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dragon_ledger.records import VersionFlag
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.watch import ChainWatch

_FALLEN = VersionFlag.REJECTED | VersionFlag.REVOKED


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version that the records database has: its id and facts."""

    id: bytes
    facts: Mapping[str, Any]

    @property
    def base(self) -> bytes:
        """The version that it was built on; zero bytes for none."""
        return bytes.fromhex(self.facts["registration"]["predecessor"])


class Lineage:
    """The site's versions, seen with what the chain decided on them.

    Without the chain nothing is known to have fallen; the reviewer decides on the next one, too.
    """

    def __init__(self, database: RecordsDatabase, watch: ChainWatch | None) -> None:
        """Without `watch` the chain is not asked."""
        self._database = database
        self._watch = watch

    def accepted(self) -> list[KeptVersion]:
        """Versions that passed the check and were not rejected or revoked, oldest first."""
        return [
            KeptVersion(identifier, facts)
            for identifier, facts in self._database.versions()
            if facts["outcome"] == "PASS" and not self._fallen(identifier)
        ]

    def transfers_of(self, version: KeptVersion) -> Iterator[KeptVersion]:
        """The versions whose transfers make up a version, oldest first, itself last."""
        if version.facts["adds"] and any(version.base):
            facts = self._database.version(version.base)
            if facts is not None:
                yield from self.transfers_of(KeptVersion(version.base, facts))
        yield version

    def _fallen(self, version: bytes) -> bool:
        state = self._watch.versions.get(version) if self._watch else None
        return state is not None and bool(state.flags & _FALLEN)
