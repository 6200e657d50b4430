"""Who takes part: seven organisations, each with a root account and one working account."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.records import Role


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation of the demonstration. `partner` is its identifier in transfers."""

    number: int
    name: str
    roles: Role
    partner: str = ""
    seed: int = 0


HOSPITALS = (
    Party(1, "Hospital Liège", Role.SITE, "LIEGE", 11),
    Party(2, "Hospital Firenze", Role.SITE, "UNIFI", 22),
    Party(3, "Hospital Maastricht", Role.SITE, "MAASTRO", 33),
    Party(4, "Hospital Poznań", Role.SITE, "POZNAN", 44),
)
REVIEWER = Party(5, "Reviewing authority", Role.REVIEWER)
# It may release, too, so that its attempt meets the rule that it may not release its own model.
AGGREGATOR = Party(6, "Coordinating centre", Role.AGGREGATOR | Role.RELEASER)
RELEASER = Party(7, "Release authority", Role.RELEASER)
EVERYONE = (*HOSPITALS, REVIEWER, AGGREGATOR, RELEASER)

# What is wrong with the last hospital's transfer, by the generator's names.
DEFECTS = ("missing-slice", "name-in-description", "missing-required-value")


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything of one demonstration lies."""

    root: Path

    @property
    def chain(self) -> Path:
        """The embedded node's state."""
        return self.root / "chain"

    @property
    def validators(self) -> Path:
        """The validators' folder, where the chain is a network of them."""
        return self.root / "validators"

    @property
    def network(self) -> Path:
        """The consortium's network file."""
        return self.root / "network.json"

    @property
    def keys(self) -> Path:
        """Keystores of people's accounts."""
        return self.root / "keys"

    @property
    def password(self) -> Path:
        """One password for all keystores of the demonstration, mode 0600."""
        return self.root / "password"

    @property
    def token(self) -> Path:
        """The members' bearer token for the service, mode 0600."""
        return self.root / "members-token"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    @property
    def transfers(self) -> Path:
        """Transfers as the hospitals' data managers prepared them."""
        return self.root / "transfers"

    @property
    def service(self) -> Path:
        """The service's index, artefacts and tokens."""
        return self.root / "service"

    @property
    def aggregator(self) -> Path:
        """The aggregator's folder."""
        return self.root / "aggregator"

    @property
    def models(self) -> Path:
        """Copies of the released model, as an auditor would hold them."""
        return self.root / "models"

    def site(self, hospital: Party) -> Path:
        """A hospital's site folder."""
        return self.root / f"site-{hospital.number}"
