"""What the verifier knows beforehand: the network file's word, and the published code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_hash.auto import keccak

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.entries import Settings
from dragon_ledger.provenance.qbft.light_client import DEFAULT_TRUSTING_PERIOD
from dragon_ledger.provenance.qbft.trust_root import TrustRoot

# Name of an immutable that holds an address -> contract whose address it must be.
WIRING = {
    "consortium": "Consortium",
    "registry": "DatasetRegistry",
    "training": "TrainingLedger",
}


@dataclass(frozen=True, slots=True)
class CodeTemplate:
    """Published runtime code with zeros where immutables go, and their places (start, length)."""

    code: bytes
    immutables: Mapping[str, tuple[tuple[int, int], ...]]

    def filled(self, values: Mapping[str, int]) -> bytes:
        """The code that a deployment with these immutables has.

        Raises:
            KeyError: an immutable has no value.
        """
        code = bytearray(self.code)
        for name, places in self.immutables.items():
            for start, length in places:
                code[start : start + length] = values[name].to_bytes(length)
        return bytes(code)


@dataclass(frozen=True, slots=True)
class KnownContract:
    """A contract as the network file names it, and the published template of its code."""

    address: bytes
    code_hash: bytes
    template: CodeTemplate


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """The auditor's trust root; `validators` is None where blocks carry no seals."""

    chain_id: int
    genesis_hash: bytes
    contracts: Mapping[str, KnownContract]
    validators: TrustRoot | None = None

    @property
    def addresses(self) -> dict[str, bytes]:
        """Address of every contract by name."""
        return {name: contract.address for name, contract in self.contracts.items()}

    def check_code(self, settings: Settings) -> None:
        """Check that the network file's code hashes are of the published code, wired together.

        Raises:
            ProofError: they are not; the message names the contract.
        """
        values = {key: int.from_bytes(self.contracts[name].address) for key, name in WIRING.items()}
        values["requiredApprovals"] = settings.required_approvals
        values["rootDelay"] = settings.root_delay
        for name, contract in self.contracts.items():
            if keccak(contract.template.filled(values)) != contract.code_hash:
                raise ProofError(
                    f"contract {name}: the published code, wired as the network file says and with"
                    " the bundle's settings, has another hash than the network file names"
                )


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
