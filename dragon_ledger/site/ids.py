"""Identifiers that are known before anything is sent (docs/spec/chain-state.md)."""

from __future__ import annotations

from eth_hash.auto import keccak

_VERSION = b"Version(uint256 chainId,address registry,uint8 organisation,bytes32 commitment)"
_RUN = b"Run(uint256 chainId,address ledger,uint8 organisation,bytes32 plan,bytes32 statement)"


def version_id(chain_id: int, registry: bytes, organisation: int, commitment: bytes) -> bytes:
    """The id that a dataset version has or will have; `registry` is the contract's address."""
    return bytes(keccak(keccak(_VERSION) + _domain(chain_id, registry, organisation) + commitment))


def run_id(
    chain_id: int, training_ledger: bytes, organisation: int, plan: bytes, statement: bytes
) -> bytes:
    """The id that a run has or will have; `training_ledger` is the contract's address."""
    domain = _domain(chain_id, training_ledger, organisation)
    return bytes(keccak(keccak(_RUN) + domain + plan + statement))


def _domain(chain_id: int, contract: bytes, organisation: int) -> bytes:
    return chain_id.to_bytes(32) + contract.rjust(32, b"\0") + organisation.to_bytes(32)
