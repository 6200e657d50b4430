"""The contracts' structs as typed values: what a view returns, field by field, as it is stored.

Fields are those of the structs in `contracts/interfaces/`, names in snake_case, numbers as numbers;
0 means "not recorded" as it does there. `records` has the same facts in the verdict's terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class OrganisationState:
    """IConsortium.Organisation; an organisation that was never admitted has `admitted_at` 0."""

    root: bytes
    admitted_at: int
    root_accepted_at: int
    roles: int
    record: bytes


@dataclass(frozen=True, slots=True)
class RootProposalState:
    """IConsortium.RootProposal; `root` is zero when none is proposed."""

    root: bytes
    effective_at: int


@dataclass(frozen=True, slots=True)
class EnrolmentState:
    """IConsortium.Enrolment; `enrolled_at` 0: none."""

    root: bytes
    enrolled_at: int
    roles: int


@dataclass(frozen=True, slots=True)
class AccountState:
    """IConsortium.Account; `accepted_at` 0: never accepted."""

    accepted_at: int
    to: int
    compromised_since: int
    organisation: int
    roles: int


@dataclass(frozen=True, slots=True)
class RuleSetState:
    """IConsortium.RuleSet; `accepted_at` 0: unknown."""

    accepted_at: int
    from_: int
    to: int
    declarations: int


@dataclass(frozen=True, slots=True)
class VersionState:
    """IDatasetRegistry.Version; `number` 0: unknown."""

    account: bytes
    registered_at: int
    revoked_at: int
    revoker: int
    reinstater: int
    number: int
    predecessor: int
    ethics_expiry: int
    replaced_at: int
    approvers: int
    decisions: int
    organisation: int
    declarations: int
    qc_passed: bool
    flags: int
    approvals: int
    basis: bytes
    purpose: bytes
    history: bytes


@dataclass(frozen=True, slots=True)
class RunState:
    """ITrainingLedger.Run; `opened_at` 0: unknown."""

    account: bytes
    opened_at: int
    rounds: int
    organisation: int
    initial_kind: int
    generation: int
    aborted: bool
    participants: int
    joining: int
    purpose: bytes
    parent_run: bytes
    parent_round: int
    inflow_entries: int
    inherited_entries: int
    notes: int
    aborted_at: int
    notes_head: bytes


@dataclass(frozen=True, slots=True)
class RoundState:
    """ITrainingLedger.Round: H(r) and the aggregate; both zero while the round is open."""

    hash: bytes
    aggregate: bytes


@dataclass(frozen=True, slots=True)
class OriginState:
    """ITrainingLedger.Origin."""

    run: bytes
    round: int


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """IModelRegistry.Release; `released_at` 0: unknown."""

    account: bytes
    released_at: int
    round: int
    organisation: int
    run: bytes
    file_digest: bytes
    model_card: bytes
    statement: bytes
    withdrawn_by: bytes
    withdrawn_at: int
    withdrawal_reason: int
    withdrawal_statement: bytes


class Status(IntEnum):
    """IModelRegistry.Status."""

    UNKNOWN = 0
    AGGREGATE_ONLY = 1
    VALID = 2
    NOT_VALID = 3
    WITHDRAWN = 4


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What `status` answers; `offender` is a version's number, 0 when there is none."""

    status: Status
    release: bytes
    offender: int
