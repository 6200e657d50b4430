"""What the verifier knows beforehand: the network file's word, and the published code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.entries import Settings
from dragon_ledger.provenance.bundle.published import PublishedCode
from dragon_ledger.provenance.qbft.light_client import DEFAULT_TRUSTING_PERIOD
from dragon_ledger.provenance.qbft.trust_root import TrustRoot

# Name of an immutable that holds an address -> contract whose address it must be.
WIRING = {
    "consortium": "Consortium",
    "registry": "DatasetRegistry",
    "training": "TrainingLedger",
}


@dataclass(frozen=True, slots=True)
class KnownContract:
    """A contract as the network file names it."""

    address: bytes
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """The auditor's trust root.

    Attributes:
        published: the contracts of every known release, the one to be tried first at the head.
        validators: None where blocks carry no seals.
        fingerprint: SHA-256 of the network file; None when there was no file.
    """

    chain_id: int
    genesis_hash: bytes
    contracts: Mapping[str, KnownContract]
    published: Sequence[PublishedCode]
    validators: TrustRoot | None = None
    fingerprint: bytes | None = None

    @property
    def addresses(self) -> dict[str, bytes]:
        """Address of every contract by name."""
        return {name: contract.address for name, contract in self.contracts.items()}

    def code_version(self, settings: Settings) -> str:
        """The release whose code, wired together, has the network file's code hashes.

        Raises:
            ProofError: no known release's has; the message names the contract.
        """
        values = {key: int.from_bytes(self.contracts[name].address) for key, name in WIRING.items()}
        values["requiredApprovals"] = settings.required_approvals
        values["rootDelay"] = settings.root_delay
        others = {one.version: self._others(one, values) for one in self.published}
        for version, names in others.items():
            if not names:
                return version
        closest = min(others.values(), key=len)
        raise ProofError(
            f"contract {closest[0]}: the published code, wired as the network file says and with"
            " the bundle's settings, has another hash than the network file names (releases"
            f" known here: {', '.join(others)})"
        )

    def _others(self, published: PublishedCode, values: Mapping[str, int]) -> list[str]:
        """The contracts that are not this release's."""
        return [
            name
            for name, contract in self.contracts.items()
            if keccak(published.templates[name].filled(values)) != contract.code_hash
        ]


@dataclass(frozen=True, slots=True)
class Demands:
    """What the verifier asks of a bundle.

    Attributes:
        now: the verifier's clock, seconds since the epoch.
        max_age: how many seconds old the proved block may be.
        at_least_block: which block the proved one must not be before.
        accepted_checkpoint: a block's hash that the verifier takes on the operator's word.
        trusting_period: for how many seconds a set of validators is trusted.
    """

    now: int
    max_age: int | None = None
    at_least_block: int | None = None
    accepted_checkpoint: bytes | None = None
    trusting_period: int = DEFAULT_TRUSTING_PERIOD
