"""The frozen values that flow through every room.

This module imports nothing of the project. Times are seconds since the Unix epoch (UTC) as
the block's timestamp gives them; digests and identifiers are 32 raw bytes; addresses are 20 raw
bytes; organisations are numbers from 0 to 255. `None` means "not recorded".
The contracts' interfaces (`contracts/interfaces/`) say what each recorded field means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, StrEnum


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest together with the name of the method that made it."""

    method: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.method}:{self.value.hex()}"


class Role(IntFlag):
    """What an account may do (IConsortium)."""

    SITE = 1
    REVIEWER = 2
    AGGREGATOR = 4
    RELEASER = 8


class Declaration(IntFlag):
    """Harmonized Data Specification, section 5 of the data management plan."""

    STEERING_APPROVAL = 1
    ETHICS_APPROVAL = 2
    DEROGATION = 4
    CONSENT_ON_FILE = 8


class VersionFlag(IntFlag):
    """The state of a dataset version (IDatasetRegistry)."""

    REJECTED = 1
    APPROVED = 2
    REVOKED = 4
    SUPERSEDED = 8
    RETIRED = 16
    REINSTATING = 32  # one of the two organisations that reinstate has done so


class DecisionKind(IntEnum):
    """IDatasetRegistry.DecisionKind."""

    APPROVE = 1
    REJECT = 2
    REVOKE = 3
    REINSTATE = 4
    SUPERSEDE = 5
    RETIRE = 6


class InitialKind(IntEnum):
    """Where a run's initial model comes from (ITrainingLedger.InitialKind)."""

    PARENT = 1
    SEEDED = 2
    EXTERNAL = 3


class NoteKind(IntEnum):
    """ITrainingLedger.NoteKind."""

    PARTICIPANTS_ADDED = 1
    ABORTED = 2
    EVALUATION = 3
    DISPUTE = 4


@dataclass(frozen=True, slots=True)
class Where:
    """Where a fact is recorded: contract name, block, transaction, and slot when known."""

    contract: str
    block: int
    transaction: bytes | None = None
    slot: bytes | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something, for which organisation, when, and where that is recorded."""

    organisation: int
    account: bytes
    at: int
    where: Where


@dataclass(frozen=True, slots=True)
class Organisation:
    """A consortium member as the Consortium contract knows it."""

    number: int
    roles: Role
    root: bytes
    record: bytes
    admitted_at: int
    suspended: bool
    where: Where


@dataclass(frozen=True, slots=True)
class Account:
    """A working account: an address acting for one organisation from `accepted_at` until `to`."""

    address: bytes
    organisation: int
    roles: Role
    enrolled_at: int
    accepted_at: int | None
    to: int | None
    compromised_since: int | None
    where: Where


@dataclass(frozen=True, slots=True)
class RuleSetAcceptance:
    """A rule set that the consortium accepts, and the declarations that it requires."""

    digest: bytes
    declarations: Declaration
    accepted_at: int
    valid_from: int
    valid_to: int | None
    where: Where


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on a dataset version; `flags` is the version's state after it."""

    kind: DecisionKind
    act: Act
    reason: int
    flags: VersionFlag
    successor: bytes | None
    statement: bytes


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One immutable state of a site's dataset, and every decision on it in order."""

    id: bytes
    number: int
    act: Act
    commitment: bytes
    predecessor: bytes | None
    qc_report: bytes
    qc_passed: bool
    ethics: bytes
    ethics_expiry: int
    rule_set: bytes
    declarations: Declaration
    purpose: bytes
    statement: bytes
    decisions: tuple[Decision, ...] = ()

    @property
    def flags(self) -> VersionFlag:
        """The state now: that after the last decision."""
        return self.decisions[-1].flags if self.decisions else VersionFlag(0)

    @property
    def in_standing(self) -> bool:
        """Was approved and is not revoked."""
        return VersionFlag.APPROVED in self.flags and VersionFlag.REVOKED not in self.flags


@dataclass(frozen=True, slots=True)
class Update:
    """One site's result of a round, as committed; `replaces` is the leaf of an earlier attempt."""

    run: bytes
    round: int
    act: Act
    digest: bytes
    base: bytes
    version: bytes
    statement: bytes
    replaces: bytes | None
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Round:
    """A closed round. `updates` holds every attempt, oldest first; a site's last one counts."""

    number: int
    act: Act
    base: bytes
    aggregate: bytes
    participants: frozenset[int]
    included: frozenset[int]
    leaves_hash: bytes
    statement: bytes
    hash: bytes
    updates: tuple[Update, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """An entry of a run's chain of notes; `subject` as ITrainingLedger.NoteKind says."""

    kind: NoteKind
    act: Act
    round: int
    reason: int
    subject: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """One training effort: how it was opened, its closed rounds in order, its notes.

    `open_updates` are commits of the round that is still open.
    """

    id: bytes
    act: Act
    plan: bytes
    purpose: bytes
    participants: frozenset[int]
    initial_model: bytes
    initial_kind: InitialKind
    parent_run: bytes | None
    parent_round: int | None
    origin: bytes | None
    statement: bytes
    hash: bytes
    rounds: tuple[Round, ...] = ()
    notes: tuple[Note, ...] = ()
    open_updates: tuple[Update, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The releasing organisation took a release back."""

    act: Act
    reason: int
    statement: bytes


@dataclass(frozen=True, slots=True)
class Release:
    """A released model: which round's aggregate, as which file."""

    id: bytes
    act: Act
    run: bytes
    round: int
    aggregate: bytes
    file_digest: bytes
    model_card: bytes
    statement: bytes
    withdrawal: Withdrawal | None = None


@dataclass(frozen=True, slots=True)
class AggregateOrigin:
    """A closed round that recorded a digest as its aggregate."""

    run: bytes
    round: int


class Source(StrEnum):
    """Where a verdict's facts came from."""

    INDEX = "index"
    NODE = "node"
    BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class Seals:
    """What a source shows of the seals of the block that its facts are as of.

    `verified` is None when the network's blocks carry no validators' seals at all; `accepted` says
    that whoever asks takes such a block on its operator's word.
    """

    verified: bool | None
    signers: tuple[bytes, ...] = ()
    validators: tuple[bytes, ...] = ()
    detail: str = ""
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class AsOf:
    """The state of the chain that facts speak of. `stale_reason` is set when the node is away.

    `network_file` is the SHA-256 of the network file that said which chain and contracts;
    `code_version` the release whose contracts are proved to stand at their addresses. None: not
    known, or not looked at.
    """

    chain_id: int
    genesis_hash: bytes
    block: int
    block_hash: bytes
    time: int
    source: Source
    seals: Seals = field(default_factory=lambda: Seals(None))
    stale_reason: str | None = None
    network_file: bytes | None = None
    code_version: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a verdict on `digest` may need, whatever the source, in a canonical order.

    `releases` are all of the digest (by content or file digest) by block order, `origins` all
    rounds with it as aggregate, `runs` those of the releases and origins and every ancestor,
    `versions` every version that any update of these runs names. Organisations, accounts and rule
    sets are all that acts above name. Tuples are sorted by id/number/address.
    """

    digest: bytes
    as_of: AsOf
    addresses: dict[str, bytes]
    releases: tuple[Release, ...]
    origins: tuple[AggregateOrigin, ...]
    runs: tuple[Run, ...]
    versions: tuple[DatasetVersion, ...]
    organisations: tuple[Organisation, ...]
    accounts: tuple[Account, ...]
    rule_sets: tuple[RuleSetAcceptance, ...]
