"""The network file: which chain, which contracts, how final, at what fee.

Its format is specified in `docs/spec/network-file.md`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from dragon_ledger.errors import ConfigurationError

FORMAT = "dragon-network/1"
CONTRACTS = ("Consortium", "DatasetRegistry", "TrainingLedger", "ModelRegistry")


class FeeKind(StrEnum):
    """The transaction type that the network takes: 0 (legacy) or 2 (EIP-1559)."""

    LEGACY = "legacy"
    EIP1559 = "eip1559"


@dataclass(frozen=True, slots=True)
class Fees:
    """How transactions pay. `gas_price` in wei: a fixed price for legacy, None asks the node."""

    kind: FeeKind = FeeKind.LEGACY
    gas_price: int | None = 0


@dataclass(frozen=True, slots=True)
class Contract:
    """A deployed contract: address, keccak256 of its runtime code, block of its deployment."""

    address: bytes
    code_hash: bytes
    block: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A block of the chain by number and hash, so that a forked history is recognised."""

    block: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Network:
    """What a participant must know of the chain; `finality_blocks` 0 means final at once.

    `fingerprint` is the SHA-256 of the file that this was read from, which people compare; None
    when it was not read from a file.
    """

    chain_id: int
    genesis_hash: bytes
    contracts: dict[str, Contract]
    rpc: tuple[str, ...]
    fees: Fees = field(default_factory=Fees)
    finality_blocks: int = 0
    checkpoint: Checkpoint | None = None
    validators: dict[str, Any] | None = None
    fingerprint: bytes | None = field(default=None, compare=False)

    @property
    def first_block(self) -> int:
        """The block before which no contract of this network existed."""
        return min((contract.block for contract in self.contracts.values()), default=0)

    def contract(self, name: str) -> Contract:
        """Return a contract by name.

        Raises:
            ConfigurationError: none is deployed yet.
        """
        if name not in self.contracts:
            raise ConfigurationError(
                f"the network file names no {name}: the contracts are not deployed yet. "
                "'dragon-ledger chain deploy' does it."
            )
        return self.contracts[name]

    @property
    def addresses(self) -> dict[str, bytes]:
        """Address of every contract by name."""
        return {name: contract.address for name, contract in self.contracts.items()}

    @staticmethod
    def load(path: Path) -> Network:
        """Read a network file.

        Raises:
            ConfigurationError: the file is missing, is no JSON, or a field is not as specified.
        """
        try:
            data = path.read_bytes()
            document = json.loads(data.decode("utf-8"))
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{path}: is not JSON: {error}") from error
        network = _Reader(str(path)).network(document)
        return replace(network, fingerprint=hashlib.sha256(data).digest())

    def save(self, path: Path) -> None:
        """Write the network file; an existing one is replaced in one step.

        Raises:
            ConfigurationError: the folder is missing or cannot be written.
        """
        partial = path.with_name(path.name + ".part")
        try:
            partial.write_text(json.dumps(self.to_json(), indent=2) + "\n", encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error

    def to_json(self) -> dict[str, Any]:
        """Return the document as `docs/spec/network-file.md` specifies it."""
        fees: dict[str, Any] = {"kind": self.fees.kind.value}
        if self.fees.gas_price is not None:
            fees["gas_price"] = self.fees.gas_price
        mark = self.checkpoint
        return {
            "format": FORMAT,
            "chain_id": self.chain_id,
            "genesis_hash": _hex(self.genesis_hash),
            "checkpoint": mark and {"block": mark.block, "hash": _hex(mark.hash)},
            "contracts": {
                name: {
                    "address": _hex(contract.address),
                    "code_hash": _hex(contract.code_hash),
                    "block": contract.block,
                }
                for name, contract in self.contracts.items()
            },
            "finality": {"blocks": self.finality_blocks},
            "fees": fees,
            "rpc": list(self.rpc),
            "validators": self.validators,
        }


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the document field by field; every error names the file and the field."""

    path: str
    within: str = ""

    def at(self, name: str) -> _Reader:
        """Return a reader of what stands under a field."""
        return _Reader(self.path, f"{self.within}{name}.")

    def network(self, document: Any) -> Network:
        """Build the network from a parsed document."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise self._wrong("format", f'"{FORMAT}"')
        contracts = self._mapping(document, "contracts")
        if contracts and set(contracts) != set(CONTRACTS):
            raise self._wrong("contracts", f"exactly {', '.join(CONTRACTS)}, or none")
        return Network(
            chain_id=self.number(document, "chain_id"),
            genesis_hash=self.raw(document, "genesis_hash", 32),
            contracts={
                name: self.at("contracts").contract(contracts, name)
                for name in CONTRACTS
                if contracts
            },
            rpc=self._urls(document),
            fees=self.at("fees").fees(self._mapping(document, "fees")),
            finality_blocks=self.at("finality").number(
                self._mapping(document, "finality"), "blocks"
            ),
            checkpoint=self._checkpoint(document),
            validators=document.get("validators"),
        )

    def contract(self, contracts: dict[str, Any], name: str) -> Contract:
        """Read one contract."""
        entry = self._mapping(contracts, name)
        inner = self.at(name)
        return Contract(
            inner.raw(entry, "address", 20),
            inner.raw(entry, "code_hash", 32),
            inner.number(entry, "block"),
        )

    def _checkpoint(self, document: dict[str, Any]) -> Checkpoint | None:
        if document.get("checkpoint") is None:
            return None
        entry = self._mapping(document, "checkpoint")
        inner = self.at("checkpoint")
        return Checkpoint(inner.number(entry, "block"), inner.raw(entry, "hash", 32))

    def fees(self, entry: dict[str, Any]) -> Fees:
        """Read how transactions pay."""
        try:
            kind = FeeKind(str(entry.get("kind")))
        except ValueError as error:
            raise self._wrong("kind", '"legacy" or "eip1559"') from error
        if "gas_price" not in entry:
            return Fees(kind, None)
        if kind is FeeKind.EIP1559:
            raise self._wrong("gas_price", 'only beside kind "legacy"')
        return Fees(kind, self.number(entry, "gas_price"))

    def _urls(self, document: dict[str, Any]) -> tuple[str, ...]:
        urls = document.get("rpc")
        if not isinstance(urls, list) or not all(
            isinstance(url, str) and url.startswith(("http://", "https://")) for url in urls
        ):
            raise self._wrong("rpc", "a list of http:// or https:// addresses")
        return tuple(urls)

    def _mapping(self, entry: dict[str, Any], name: str) -> dict[str, Any]:
        value = entry.get(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value

    def number(self, entry: dict[str, Any], name: str) -> int:
        """Read a whole number."""
        value = entry.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(name, "a whole number, 0 or more")
        return value

    def raw(self, entry: dict[str, Any], name: str, length: int) -> bytes:
        """Read bytes of a fixed length, in hexadecimal."""
        value = entry.get(name)
        try:
            raw = bytes.fromhex(str(value).removeprefix("0x"))
        except ValueError as error:
            raise self._wrong(name, f'"0x" and {2 * length} hexadecimal digits') from error
        if len(raw) != length:
            raise self._wrong(name, f'"0x" and {2 * length} hexadecimal digits')
        return raw

    def _wrong(self, name: str, expected: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path}: field {self.within + name!r}: expected {expected}. "
            "See docs/spec/network-file.md, or write the file again with "
            "'dragon-ledger chain deploy'."
        )
