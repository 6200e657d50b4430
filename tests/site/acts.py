"""Acts of sites for tests of the outbox: registrations, which need nothing but an account."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Signer
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.events import VersionRegistered
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.chain.network import Network
from dragon_ledger.site.ids import version_id
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.outbox import Outbox, State
from dragon_ledger.site.pump import Pump
from dragon_ledger.site.site_acts import SITE_ACTS, RegisterVersion
from tests.chain.world import ALL_DECLARATIONS, FAR, PURPOSE, RULES


def registration(network: Network, site: int, label: str) -> RegisterVersion:
    commitment = sha256(label.encode()).digest()
    registry = network.contracts["DatasetRegistry"].address
    return RegisterVersion(
        version=version_id(network.chain_id, registry, site, commitment),
        commitment=commitment,
        predecessor=bytes(32),
        qc_report=sha256(b"qc").digest(),
        ethics=sha256(b"ethics").digest(),
        rule_set=RULES,
        purpose=PURPOSE,
        statement=sha256(b"statement").digest(),
        ethics_expiry=FAR,
        declarations=int(ALL_DECLARATIONS),
        qc_passed=True,
    )


@dataclass
class Desk:
    """One site's outbox on a chain; `reopen` is what a restart after a crash does."""

    path: Path
    network: Network
    signer: Signer
    site: int
    outbox: Outbox
    pump: Pump

    @staticmethod
    def open(path: Path, network: Network, signer: Signer, site: int) -> Desk:
        outbox = Outbox(path)
        ledger = Ledger(Client(network), signer, site)
        return Desk(path, network, signer, site, outbox, Pump(outbox, ledger, SITE_ACTS))

    def reopen(self) -> Desk:
        self.outbox.close()
        return Desk.open(self.path, self.network, self.signer, self.site)

    def put(self, label: str) -> RegisterVersion:
        act = registration(self.network, self.site, label)
        self.outbox.put(act.key, lane=label, kind=act.kind, act=act.to_json())
        return act

    def states(self) -> list[State]:
        return [entry.state for entry in self.outbox.entries()]

    def notes(self) -> list[str]:
        return [entry.note for entry in self.outbox.entries()]

    def registered(self) -> list[bytes]:
        """Commitments of the site in the order in which they were registered, repetitions too."""
        client = Client(self.network)
        events = logs_between(client, self.network.first_block, client.block().number)
        return [
            event.commitment
            for event in events
            if isinstance(event, VersionRegistered) and event.organisation == self.site
        ]

    def exists(self, act: RegisterVersion) -> bool:
        return reader.read(Client(self.network), reader.version(act.version)).number != 0
