"""The JSON that the service answers with, for OpenAPI and for whoever reads it.

Digests are 64 hexadecimal digits; identifiers, hashes and addresses carry 0x; times are seconds
since the Unix epoch (UTC).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.problems import KINDS

T = TypeVar("T")
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Bytes32 = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
Address = Annotated[str, Field(pattern="^0x[0-9a-f]{40}$")]
OrganisationNumber = Annotated[int, Field(ge=0, le=255)]


class Model(BaseModel):
    """Nothing but the documented fields."""

    model_config = ConfigDict(extra="forbid")


class SourceName(StrEnum):
    """Where facts are read from."""

    INDEX = "index"
    NODE = "node"


class DecisionName(StrEnum):
    """IDatasetRegistry.DecisionKind."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    REVOKE = "REVOKE"
    REINSTATE = "REINSTATE"
    SUPERSEDE = "SUPERSEDE"
    RETIRE = "RETIRE"


class NoteName(StrEnum):
    """ITrainingLedger.NoteKind."""

    PARTICIPANTS_ADDED = "PARTICIPANTS_ADDED"
    ABORTED = "ABORTED"
    EVALUATION = "EVALUATION"
    DISPUTE = "DISPUTE"


class ContractName(StrEnum):
    """The four contracts."""

    CONSORTIUM = "Consortium"
    DATASET_REGISTRY = "DatasetRegistry"
    TRAINING_LEDGER = "TrainingLedger"
    MODEL_REGISTRY = "ModelRegistry"


class RoleQuery(StrEnum):
    """IConsortium, roles."""

    SITE = "SITE"
    REVIEWER = "REVIEWER"
    AGGREGATOR = "AGGREGATOR"
    RELEASER = "RELEASER"


RoleName = Literal["SITE", "REVIEWER", "AGGREGATOR", "RELEASER"]
FlagName = Literal["REJECTED", "APPROVED", "REVOKED", "SUPERSEDED", "RETIRED", "REINSTATING"]
DeclarationName = Literal["STEERING_APPROVAL", "ETHICS_APPROVAL", "DEROGATION", "CONSENT_ON_FILE"]
OutcomeName = Literal["PASS", "FAIL", "NOT VERIFIABLE"]


class Where(Model):
    """Where a fact is recorded; `slot` is the first storage slot, where there is one."""

    contract: str
    address: Address | None
    slot: Bytes32 | None
    block: int
    transaction: Bytes32 | None


class Act(Model):
    """Who did something, for which organisation, when and where."""

    organisation: OrganisationNumber
    account: Address
    at: int
    where: Where | None


class Seals(Model):
    """What is known of the seals of the block; null: its blocks carry none."""

    verified: bool | None
    signers: list[Address]
    validators: list[Address]
    detail: str


class AsOf(Model):
    """The state of the chain that the answer speaks of."""

    chain_id: int
    genesis_hash: Bytes32
    network_file: Sha256 | None = Field(
        default=None,
        description="SHA-256 of the network file that the answer rests on; compare it with the"
        " members'. Null: it came without one.",
    )
    code_version: str | None = Field(
        default=None,
        description="The release whose contracts are proved to stand at their addresses. Null: only"
        " evidence proves code.",
    )
    block: int
    block_hash: Bytes32
    time: int
    source: Literal["index", "node", "bundle"]
    stale_reason: str | None = Field(description="Why the state may be out of date.")
    seals: Seals


class Finding(Model):
    """One thing that a check looked at; `subject` is the id of a node of the trace."""

    outcome: OutcomeName
    subject: str
    expected: str
    found: str
    where: Where | None


class Check(Model):
    """A named check; `findings` holds all that did not pass, and the first that did."""

    id: str
    title: str
    outcome: OutcomeName
    required: bool
    expected: str
    found: str
    examined: int = Field(description="How many things the check looked at.")
    findings: list[Finding]


class Notice(Model):
    """Something that must be seen first, whatever the answer."""

    kind: str
    words: str
    subject: str
    where: Where | None


class Withdrawal(Model):
    """The releasing organisation took the release back."""

    act: Act
    reason: int
    statement: Sha256


class GoverningRelease(Model):
    """The release that the verdict is about: the earliest that is not withdrawn."""

    id: Bytes32
    act: Act
    run: Bytes32
    round: int
    aggregate: Sha256
    file_digest: Sha256
    model_card: Sha256
    statement: Sha256
    withdrawal: Withdrawal | None


class Presented(Model):
    """The digests of the file that was presented."""

    file_digest: Sha256
    content_digest: Sha256 | None
    content_error: str | None


class Verdict(Model):
    """Named checks, and the answer that follows from them.

    Any FAIL: not valid; else any required check that is NOT VERIFIABLE: not verifiable; else valid.
    """

    format: Literal["dragon-verdict/1"]
    digest: Sha256
    answer: Literal["valid", "not valid", "not verifiable"]
    summary: str
    judged_at: int
    as_of: AsOf
    matched_by: Literal["content", "file"] | None
    presented: Presented | None
    release: GoverningRelease | None
    notices: list[Notice]
    checks: list[Check]
    limits: list[str] = Field(description="What no verdict can show.")


class TraceNode(BaseModel):
    """A node: id, type and label, and the fields of its type (docs/spec/trace.md)."""

    model_config = ConfigDict(extra="allow")

    id: str
    type: Literal[
        "release",
        "run",
        "round",
        "update",
        "version",
        "decision",
        "rule_set",
        "organisation",
        "dispute",
        "evaluation",
    ]
    label: str


class TraceEdge(Model):
    """A relation, read as a sentence: source, type, target."""

    source: str
    type: Literal[
        "releases",
        "made_by",
        "part_of",
        "follows",
        "starts_from",
        "aggregates",
        "leaves_out",
        "misses",
        "uses",
        "replaces",
        "succeeds",
        "checked_by",
        "decides_on",
        "concerns",
        "evaluated_on",
    ]
    target: str


class Trace(Model):
    """The graph from a model back to its inputs."""

    format: Literal["dragon-trace/1"]
    digest: Sha256
    as_of: AsOf
    root: str | None
    nodes: list[TraceNode]
    edges: list[TraceEdge]


class Recorded(Model):
    """The event that a list's item was read from; null: the event names none."""

    organisation: OrganisationNumber | None
    account: Address | None
    at: int
    block: int
    log_index: int
    transaction: Bytes32


class Dataset(Model):
    """A dataset version and its present state."""

    id: Bytes32
    number: int
    commitment: Sha256
    predecessor: Bytes32 | None
    qc_report: Sha256
    qc_passed: bool
    ethics: Sha256
    ethics_expiry: int = Field(description="0: the version names no expiry.")
    rule_set: Sha256
    declarations: list[DeclarationName]
    purpose: Sha256
    statement: Sha256
    flags: list[FlagName]
    in_standing: bool
    act: Recorded


class Decision(Model):
    """A decision on a dataset version."""

    version: Bytes32
    kind: DecisionName
    reason: int
    flags: list[FlagName]
    successor: Bytes32 | None
    statement: Sha256
    act: Recorded


class Run(Model):
    """A training run."""

    id: Bytes32
    plan: Sha256
    purpose: Sha256
    participants: list[OrganisationNumber]
    initial_model: Sha256
    initial_kind: Literal["PARENT", "SEEDED", "EXTERNAL"]
    parent_run: Bytes32 | None
    parent_round: int | None
    origin: Sha256 | None
    statement: Sha256
    hash: Bytes32
    rounds_closed: int
    act: Recorded


class Round(Model):
    """A closed round."""

    run: Bytes32
    round: int
    base: Sha256
    aggregate: Sha256
    participants: list[OrganisationNumber]
    included: list[OrganisationNumber]
    leaves_hash: Bytes32
    statement: Sha256
    hash: Bytes32
    act: Recorded


class Update(Model):
    """A committed update, whether it went in or not."""

    run: Bytes32
    round: int
    digest: Sha256
    base: Sha256
    version: Bytes32
    statement: Sha256
    replaces: Bytes32 | None
    leaf: Bytes32
    act: Recorded


class Note(Model):
    """A note of a run."""

    run: Bytes32
    kind: NoteName
    round: int
    reason: int
    subject: Bytes32
    statement: Sha256
    act: Recorded


class Release(Model):
    """A released model."""

    id: Bytes32
    run: Bytes32
    round: int
    aggregate: Sha256
    file_digest: Sha256
    model_card: Sha256
    statement: Sha256
    withdrawn_at: int | None
    act: Recorded


class Event(Model):
    """An event of one of the contracts; `arguments` by the names of the interfaces."""

    contract: ContractName
    name: str
    subject: Bytes32 | None
    arguments: dict[str, Any]
    act: Recorded


class Account(Model):
    """A working account."""

    address: Address
    roles: list[RoleName]
    enrolled_at: int
    accepted_at: int | None
    to: int | None
    compromised_since: int | None


class Organisation(Model):
    """A consortium member."""

    number: OrganisationNumber
    roles: list[RoleName]
    root: Address
    record: Sha256
    admitted_at: int
    suspended: bool
    accounts: list[Account]


class Page(Model, Generic[T]):
    """A page of a list; `next` is the cursor of the following page."""

    items: list[T]
    next: str | None
    as_of: AsOf


class Health(Model):
    """The process answers."""

    status: Literal["ok"]


class Ready(Model):
    """Verdicts can be given, as of this block."""

    status: Literal["ready"]
    block: int
    time: int


class ProblemDetails(Model):
    """RFC 9457. `type` is stable; /problems/ lists all of them, and what to do next."""

    type: Literal[tuple(f"urn:dragon-ledger:problem:{kind}" for kind in KINDS)]  # type: ignore[valid-type]  # made from the table, so that the two cannot differ
    title: str
    status: int
    detail: str
    instance: str
    help: str = Field(description="Where this service explains the type.")
