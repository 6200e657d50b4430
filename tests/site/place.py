"""Folders of agents on a real chain, for tests: made as a person makes them, driven in process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account

from dragon_ledger.chain.accounts import Keystore
from dragon_ledger.federation.config import AggregatorConfig
from dragon_ledger.federation.setup import init_aggregator
from dragon_ledger.quality.rules import built_in
from dragon_ledger.records import Role
from dragon_ledger.samples.transfer import make_transfer
from dragon_ledger.site.config import DECLARATIONS, SiteChoices, SiteConfig
from dragon_ledger.site.setup import init_site
from tests.chain.world import PURPOSE, World

PASSWORD = "only for tests"
POLL_SECONDS = 0.2


def write_password(folder: Path) -> Path:
    path = folder / "password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@dataclass(frozen=True, slots=True)
class Stage:
    """A consortium on a chain, a network file, a shared exchange folder, and a password file."""

    world: World
    folder: Path
    network: Path
    exchange: Path
    password_file: Path

    @staticmethod
    def build(world: World, folder: Path) -> Stage:
        network = folder / "network.json"
        world.client.network.save(network)
        exchange = folder / "exchange"
        exchange.mkdir()
        return Stage(world, folder, network, exchange, write_password(folder))

    def choices(self, number: int, purpose: bytes = PURPOSE) -> SiteChoices:
        return SiteChoices(
            partner=f"HOSP{number}",
            organisation=number,
            network=str(self.network),
            exchange=str(self.exchange),
            purpose=purpose.hex(),
            password_file=str(self.password_file),
            poll_seconds=POLL_SECONDS,
            declarations=tuple(DECLARATIONS),
        )

    def site(self, number: int, *, purpose: bytes = PURPOSE, enrol: bool = True) -> SiteConfig:
        folder = self.folder / f"site{number}"
        init_site(folder, self.choices(number, purpose), PASSWORD)
        config = SiteConfig.load(folder)
        soften(config.connection.account)
        if enrol:
            self.enrol(number, config.connection.account, Role.SITE)
        return config

    def aggregator(self, number: int) -> AggregatorConfig:
        folder = self.folder / f"aggregator{number}"
        init_aggregator(folder, self.choices(number), PASSWORD)
        config = AggregatorConfig.load(folder)
        soften(config.connection.account)
        self.enrol(number, config.connection.account, Role.AGGREGATOR)
        return config

    def enrol(self, number: int, keystore: Path, role: Role) -> None:
        """Enrol a second account of an organisation that the world has."""
        signer = Keystore(keystore).unlock(PASSWORD)
        root = self.world.roots[number]
        said = bytes(31) + b"\x01"
        self.world.send(root, "Consortium", "enrol", number, signer.address, int(role), said)
        self.world.send(signer, "Consortium", "accept", number, int(role))

    def accept_rules(self) -> None:
        self.world.accept_rules(built_in().digest.value)


def deliver(config: SiteConfig, name: str = "first", *, seed: int = 7, subjects: int = 2) -> Path:
    """Put a small transfer into a site's inbox."""
    folder = config.inbox / name
    make_transfer(folder, partner=config.partner, seed=seed, subjects=subjects, slices=25, size=64)
    return folder


def soften(keystore: Path) -> None:
    """Make a keystore cheap to open; its cost is the attacker's, and tests start many agents."""
    key = Account.decrypt(keystore.read_text(encoding="utf-8"), PASSWORD)
    document = Account.encrypt(key, PASSWORD, kdf="pbkdf2", iterations=2)
    keystore.write_text(json.dumps(document), encoding="utf-8")
