"""Typed reads of the contracts: a view is a value, read alone or many in one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from eth_abi.exceptions import DecodingError

from dragon_ledger.chain.artifacts import ContractCall, functions
from dragon_ledger.chain.client import BlockId, Client, quantity
from dragon_ledger.chain.refusals import refusal
from dragon_ledger.chain.rpc import Call
from dragon_ledger.chain.states import (
    AccountState,
    EnrolmentState,
    ModelStatus,
    OrganisationState,
    OriginState,
    ReleaseState,
    RootProposalState,
    RoundState,
    RuleSetState,
    RunState,
    Status,
    VersionState,
)
from dragon_ledger.errors import NodeError, StaleState

T = TypeVar("T")
ALL = 1 << 32  # more than any list that fits the chain


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """One question to a contract, and what is made of the values that it returns."""

    call: ContractCall
    build: Callable[..., T]


def read(client: Client, view: View[T], block: BlockId = "latest") -> T:
    """Answer one view; errors as `read_many`."""
    return read_many(client, [view], block)[0]


def read_many(client: Client, views: Sequence[View[T]], block: BlockId = "latest") -> list[T]:
    """Answer many views in one batch, all as of one block.

    Raises:
        Refused: a view reverts; with the contract's reason.
        StaleState: the node cannot answer for this block, or has no such contract there.
    """
    where = quantity(block)
    network = client.network
    calls = [
        Call(
            "eth_call",
            (
                {
                    "to": "0x" + network.contract(view.call.contract).address.hex(),
                    "data": "0x" + view.call.encode().hex(),
                },
                where,
            ),
        )
        for view in views
    ]
    try:
        answers = client.batch(calls)
    except NodeError as error:
        raise refusal(error) or StaleState(
            f"the node cannot answer for block {block}: {error.message}"
        ) from error
    return [_decode(view, answer, block) for view, answer in zip(views, answers, strict=True)]


def _decode(view: View[T], answer: str, block: BlockId) -> T:
    call = view.call
    try:
        values = functions(call.contract)[call.function].decode(bytes.fromhex(answer[2:]))
        return view.build(*values)
    except (DecodingError, TypeError, ValueError) as error:
        raise StaleState(
            f"{call.contract}.{call.function} gives no such answer at block {block}: "
            f"{error}. Check the contracts with 'dragon-ledger chain verify-code'."
        ) from error


def _view(contract: str, function: str, *arguments: Any) -> View[Any]:
    """A view that returns one value."""
    return View(ContractCall(contract, function, arguments), lambda value: value)


def _struct(kind: Callable[..., T], contract: str, function: str, *arguments: Any) -> View[T]:
    """A view that returns a struct."""
    return View(ContractCall(contract, function, arguments), lambda members: kind(*members))


# -- Consortium -----------------------------------------------------------------------------------


def admin() -> View[bytes]:
    """Address of the consortium's admin."""
    return _view("Consortium", "admin")


def proposed_admin() -> View[bytes]:
    """Address to which the admin's office is offered; zero when to none."""
    return _view("Consortium", "proposedAdmin")


def required_approvals() -> View[int]:
    """How many organisations must approve a dataset version."""
    return _view("Consortium", "requiredApprovals")


def root_delay() -> View[int]:
    """Seconds between the admin's proposal of a new root and its acceptance."""
    return _view("Consortium", "rootDelay")


def suspended() -> View[int]:
    """Bit n: organisation n is suspended."""
    return _view("Consortium", "suspended")


def members(role: int) -> View[int]:
    """Bit n: organisation n was admitted with this role."""
    return _view("Consortium", "members", role)


def organisation(number: int) -> View[OrganisationState]:
    """An organisation by its number."""
    return _struct(OrganisationState, "Consortium", "organisation", number)


def root_proposal(number: int) -> View[RootProposalState]:
    """The root proposed for an organisation."""
    return _struct(RootProposalState, "Consortium", "rootProposal", number)


def enrolment(number: int, address: bytes) -> View[EnrolmentState]:
    """An organisation's offer to an address."""
    return _struct(EnrolmentState, "Consortium", "enrolment", number, address)


def account(address: bytes) -> View[AccountState]:
    """An account by its address."""
    return _struct(AccountState, "Consortium", "account", address)


def rule_set(digest: bytes) -> View[RuleSetState]:
    """An accepted rule set by its digest."""
    return _struct(RuleSetState, "Consortium", "ruleSet", digest)


# -- DatasetRegistry ------------------------------------------------------------------------------


def version(version_id: bytes) -> View[VersionState]:
    """A dataset version by its id."""
    return _struct(VersionState, "DatasetRegistry", "version", version_id)


def version_count() -> View[int]:
    """How many versions were registered; their numbers are 1 to this."""
    return _view("DatasetRegistry", "versionCount")


def version_id(number: int, commitment: bytes) -> View[bytes]:
    """The id that a commitment of an organisation has or will have."""
    return _view("DatasetRegistry", "versionId", number, commitment)


def in_standing(version_id: bytes) -> View[bool]:
    """Whether a version was approved and is not revoked."""
    return _view("DatasetRegistry", "inStanding", version_id)


# -- TrainingLedger -------------------------------------------------------------------------------


def run(run_id: bytes) -> View[RunState]:
    """A run by its id."""
    return _struct(RunState, "TrainingLedger", "run", run_id)


def run_id(number: int, plan: bytes, statement: bytes) -> View[bytes]:
    """The id that a run of an organisation has or will have."""
    return _view("TrainingLedger", "runId", number, plan, statement)


def round_(run_id: bytes, number: int) -> View[RoundState]:
    """A round's hash and aggregate; round 0 is the opening and the initial model."""
    return _struct(RoundState, "TrainingLedger", "round", run_id, number)


def leaf(run_id: bytes, number: int, site: int) -> View[bytes]:
    """The leaf of a site's present update in a round; zero when there is none."""
    return _view("TrainingLedger", "leaf", run_id, number, site)


def leaves_hash(run_id: bytes, number: int, organisations: int) -> View[bytes]:
    """keccak256 of these organisations' leaves as they are now (bit mask)."""
    return _view("TrainingLedger", "leavesHash", run_id, number, organisations)


def origins(aggregate: bytes) -> View[list[OriginState]]:
    """Every closed round with this aggregate, in order."""
    return View(
        ContractCall("TrainingLedger", "origins", (aggregate, 0, ALL)),
        lambda rows: [OriginState(*row) for row in rows],
    )


# -- ModelRegistry --------------------------------------------------------------------------------


def release(release_id: bytes) -> View[ReleaseState]:
    """A release by its id."""
    return _struct(ReleaseState, "ModelRegistry", "getRelease", release_id)


def release_id(number: int, run_id: bytes, round_number: int, file_digest: bytes) -> View[bytes]:
    """The id that a release of an organisation has or will have."""
    return _view("ModelRegistry", "releaseId", number, run_id, round_number, file_digest)


def releases(digest: bytes) -> View[list[bytes]]:
    """Ids of the releases of an aggregate's content digest, or of a file's SHA-256, in order."""
    return View(ContractCall("ModelRegistry", "releases", (digest,)), list)


def status(digest: bytes) -> View[ModelStatus]:
    """The status of a digest as the contract sees it now."""
    return View(
        ContractCall("ModelRegistry", "status", (digest,)),
        lambda found, release, offender: ModelStatus(Status(found), release, offender),
    )
