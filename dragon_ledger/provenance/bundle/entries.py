"""What a bundle holds, parsed and not yet verified. Names and meanings: evidence-bundle.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FORMAT = "dragon-evidence/1"
CONTRACTS = ("Consortium", "DatasetRegistry", "TrainingLedger", "ModelRegistry")


@dataclass(frozen=True, slots=True)
class Actor:
    """For whom, by which account and when an act was recorded."""

    organisation: int
    account: bytes
    time: int


@dataclass(frozen=True, slots=True)
class UpdateEntry:
    """An update; base and replaced leaf follow from its place."""

    actor: Actor
    update: bytes
    version: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class RoundEntry:
    """A closed round; number, base, leaves and hash follow from its place."""

    actor: Actor
    aggregate: bytes
    participants: int
    included: int
    statement: bytes
    updates: tuple[UpdateEntry, ...]


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """An entry of a run's chain of notes."""

    actor: Actor
    kind: int
    round: int
    reason: int
    subject: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class RunEntry:
    """How a run was opened, its closed rounds in order, its notes."""

    id: bytes
    actor: Actor
    plan: bytes
    purpose: bytes
    participants: int
    initial_model: bytes
    initial_kind: int
    parent_run: bytes | None
    parent_round: int | None
    origin: bytes | None
    statement: bytes
    rounds: tuple[RoundEntry, ...]
    notes: tuple[NoteEntry, ...]


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """A decision on a version; the flags after it follow from all of them."""

    actor: Actor
    kind: int
    reason: int
    successor: bytes | None
    statement: bytes


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """A dataset version as registered, and every decision on it in order."""

    id: bytes
    actor: Actor
    commitment: bytes
    predecessor: bytes | None
    qc_report: bytes
    qc_passed: bool
    ethics: bytes
    ethics_expiry: int
    rule_set: bytes
    declarations: int
    purpose: bytes
    statement: bytes
    decisions: tuple[DecisionEntry, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the consortium was deployed with: immutables of the contracts' code."""

    required_approvals: int
    root_delay: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that an offline verifier needs beside the model and `network.json`."""

    chain_id: int
    genesis_hash: bytes
    addresses: Mapping[str, bytes]
    settings: Settings
    digests: tuple[bytes, ...]
    headers: tuple[bytes, ...]
    nodes: tuple[bytes, ...]
    runs: tuple[RunEntry, ...]
    versions: tuple[VersionEntry, ...]
    attachments: Mapping[bytes, bytes] = field(default_factory=dict)
