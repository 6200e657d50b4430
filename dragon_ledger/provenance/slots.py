"""Where the contracts keep each fact: first storage slot of what a trace node stands for.

The order of the state variables is that of docs/spec/chain-state.md; slots of mappings follow the
Solidity documentation, "Layout of State Variables in Storage": keccak256(key . slot).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from eth_hash.auto import keccak

from dragon_ledger.provenance.layout import word
from dragon_ledger.records import Update, Where

ORGANISATIONS, ACCOUNTS, RULE_SETS = 4, 7, 8  # Consortium
VERSIONS = 1  # DatasetRegistry
RUNS, ROUNDS, LEAVES = 0, 4, 5  # TrainingLedger
RELEASES = 0  # ModelRegistry
HISTORY = 4  # offset of the head of a version's decisions


@lru_cache(maxsize=16_384)
def mapping_slot(base: int | bytes, *keys: int | bytes) -> bytes:
    """Slot of `mapping[key]`, of `mapping[key][key]` and so on, for a mapping at `base`."""
    *outer, last = keys
    slot = mapping_slot(base, *outer) if outer else word(base)
    return bytes(keccak(word(last) + slot))


def organisation_slot(number: int) -> bytes:
    """Consortium: an organisation's record."""
    return mapping_slot(ORGANISATIONS, number)


def account_slot(address: bytes) -> bytes:
    """Consortium: an account's record."""
    return mapping_slot(ACCOUNTS, address)


def rule_set_slot(digest: bytes) -> bytes:
    """Consortium: an accepted rule set."""
    return mapping_slot(RULE_SETS, digest)


def version_slot(version: bytes) -> bytes:
    """DatasetRegistry: a dataset version; its decisions' head is HISTORY slots further."""
    return mapping_slot(VERSIONS, version)


def run_slot(run: bytes) -> bytes:
    """TrainingLedger: a run."""
    return mapping_slot(RUNS, run)


def round_slot(run: bytes, number: int) -> bytes:
    """TrainingLedger: H(r) of a round; its aggregate is one slot further."""
    return mapping_slot(ROUNDS, run, number)


def leaf_slot(run: bytes, number: int, organisation: int) -> bytes:
    """TrainingLedger: the leaf of an organisation's present update of a round."""
    return mapping_slot(LEAVES, run, number, organisation)


def release_slot(release: bytes) -> bytes:
    """ModelRegistry: a release."""
    return mapping_slot(RELEASES, release)


def slot_of(node: str, updates: Mapping[bytes, Update]) -> bytes | None:
    """First slot of what a trace node stands for; None where it is nothing recorded.

    Args:
        node: a node's id (docs/spec/trace.md).
        updates: every update of the trace by its leaf.
    """
    kind, _, key = node.partition(":")
    name, _, number = key.partition("/")
    if kind == "organisation":
        return organisation_slot(int(key))
    if kind == "update":
        update = updates.get(_raw(key))
        if update is None:
            return None
        return leaf_slot(update.run, update.round, update.act.organisation)
    if kind == "round":
        return round_slot(_raw(name), int(number))
    known = {
        "account": account_slot,
        "rule_set": rule_set_slot,
        "version": version_slot,
        "run": run_slot,
        "release": release_slot,
    }
    return known[kind](_raw(key)) if kind in known else None


def _raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def placed(where: Where | None, node: str, updates: Mapping[bytes, Update]) -> Where | None:
    """A place with the slot of the node that it is about."""
    if where is None or where.slot is not None or where.transaction is None:
        return where
    return replace(where, slot=slot_of(node, updates))
