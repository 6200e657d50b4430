"""The contracts' events as typed values; their fields are those of `contracts/interfaces/`.

A struct's members stand flat; names are the Solidity names in snake_case. Numbers stay numbers
(roles, flags, kinds), so that a million logs decode fast; `fold` gives them their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Position:
    """Where and when an event was emitted; positions order as the chain does."""

    block: int
    transaction_index: int
    log_index: int
    time: int
    block_hash: bytes
    transaction: bytes


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """Base of every event."""

    contract: ClassVar[str]
    position: Position


@dataclass(frozen=True, slots=True)
class AdminProposed(ChainEvent):
    """IConsortium.AdminProposed."""

    contract = "Consortium"
    admin: bytes
    proposed: bytes


@dataclass(frozen=True, slots=True)
class AdminChanged(ChainEvent):
    """IConsortium.AdminChanged."""

    contract = "Consortium"
    previous: bytes
    admin: bytes


@dataclass(frozen=True, slots=True)
class OrganisationAdmitted(ChainEvent):
    """IConsortium.OrganisationAdmitted."""

    contract = "Consortium"
    organisation: int
    root: bytes
    roles: int
    record: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class RootProposed(ChainEvent):
    """IConsortium.RootProposed."""

    contract = "Consortium"
    organisation: int
    root: bytes
    by: bytes
    effective_at: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class RootProposalCancelled(ChainEvent):
    """IConsortium.RootProposalCancelled."""

    contract = "Consortium"
    organisation: int
    root: bytes
    by: bytes


@dataclass(frozen=True, slots=True)
class RootAccepted(ChainEvent):
    """IConsortium.RootAccepted; `previous` is zero for an organisation's first root."""

    contract = "Consortium"
    organisation: int
    root: bytes
    previous: bytes


@dataclass(frozen=True, slots=True)
class OrganisationSuspended(ChainEvent):
    """IConsortium.OrganisationSuspended."""

    contract = "Consortium"
    organisation: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class OrganisationResumed(ChainEvent):
    """IConsortium.OrganisationResumed."""

    contract = "Consortium"
    organisation: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class AccountEnrolled(ChainEvent):
    """IConsortium.AccountEnrolled: an offer that the account has to accept."""

    contract = "Consortium"
    organisation: int
    account: bytes
    roles: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class EnrolmentWithdrawn(ChainEvent):
    """IConsortium.EnrolmentWithdrawn."""

    contract = "Consortium"
    organisation: int
    account: bytes


@dataclass(frozen=True, slots=True)
class AccountAccepted(ChainEvent):
    """IConsortium.AccountAccepted."""

    contract = "Consortium"
    organisation: int
    account: bytes
    roles: int


@dataclass(frozen=True, slots=True)
class AccountEnded(ChainEvent):
    """IConsortium.AccountEnded."""

    contract = "Consortium"
    organisation: int
    account: bytes
    to: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class AccountCompromised(ChainEvent):
    """IConsortium.AccountCompromised; the account's end is brought forward to the next second."""

    contract = "Consortium"
    organisation: int
    account: bytes
    since: int
    by: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class RuleSetAccepted(ChainEvent):
    """IConsortium.RuleSetAccepted."""

    contract = "Consortium"
    rule_set: bytes
    declarations: int
    from_: int
    to: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class RuleSetEnded(ChainEvent):
    """IConsortium.RuleSetEnded."""

    contract = "Consortium"
    rule_set: bytes
    to: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class VersionRegistered(ChainEvent):
    """IDatasetRegistry.VersionRegistered."""

    contract = "DatasetRegistry"
    id: bytes
    number: int
    organisation: int
    account: bytes
    commitment: bytes
    predecessor: bytes
    qc_report: bytes
    ethics: bytes
    rule_set: bytes
    purpose: bytes
    statement: bytes
    ethics_expiry: int
    declarations: int
    qc_passed: bool


@dataclass(frozen=True, slots=True)
class Decided(ChainEvent):
    """IDatasetRegistry.Decided; `flags` is the version's state after the decision."""

    contract = "DatasetRegistry"
    id: bytes
    kind: int
    organisation: int
    account: bytes
    reason: int
    flags: int
    successor: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class RunOpened(ChainEvent):
    """ITrainingLedger.RunOpened."""

    contract = "TrainingLedger"
    run: bytes
    organisation: int
    plan: bytes
    account: bytes
    opening_plan: bytes
    purpose: bytes
    participants: int
    initial_model: bytes
    parent_run: bytes
    origin: bytes
    statement: bytes
    parent_round: int
    initial_kind: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class UpdateCommitted(ChainEvent):
    """ITrainingLedger.UpdateCommitted."""

    contract = "TrainingLedger"
    run: bytes
    round: int
    organisation: int
    account: bytes
    update: bytes
    base: bytes
    version: bytes
    statement: bytes
    replaces: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class RoundClosed(ChainEvent):
    """ITrainingLedger.RoundClosed."""

    contract = "TrainingLedger"
    run: bytes
    round: int
    aggregate: bytes
    organisation: int
    account: bytes
    base: bytes
    participants: int
    included: int
    leaves_hash: bytes
    statement: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Noted(ChainEvent):
    """ITrainingLedger.Noted."""

    contract = "TrainingLedger"
    run: bytes
    kind: int
    organisation: int
    account: bytes
    round: int
    reason: int
    subject: bytes
    statement: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Released(ChainEvent):
    """IModelRegistry.Released."""

    contract = "ModelRegistry"
    id: bytes
    aggregate: bytes
    file_digest: bytes
    organisation: int
    account: bytes
    run: bytes
    round: int
    model_card: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class Withdrawn(ChainEvent):
    """IModelRegistry.Withdrawn."""

    contract = "ModelRegistry"
    id: bytes
    organisation: int
    account: bytes
    reason: int
    statement: bytes


EVENTS: tuple[type[ChainEvent], ...] = (
    AdminProposed,
    AdminChanged,
    OrganisationAdmitted,
    RootProposed,
    RootProposalCancelled,
    RootAccepted,
    OrganisationSuspended,
    OrganisationResumed,
    AccountEnrolled,
    EnrolmentWithdrawn,
    AccountAccepted,
    AccountEnded,
    AccountCompromised,
    RuleSetAccepted,
    RuleSetEnded,
    VersionRegistered,
    Decided,
    RunOpened,
    UpdateCommitted,
    RoundClosed,
    Noted,
    Released,
    Withdrawn,
)
