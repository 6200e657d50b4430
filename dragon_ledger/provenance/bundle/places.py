"""Which slots prove the facts about a digest; those that the verifier reads, no more and no less.

Order of the state variables: docs/spec/chain-state.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dragon_ledger.provenance.bundle.scope import closed_only
from dragon_ledger.provenance.bundle.state import array_slot, moved
from dragon_ledger.provenance.slots import (
    HISTORY,
    account_slot,
    mapping_slot,
    organisation_slot,
    release_slot,
    round_slot,
    rule_set_slot,
    run_slot,
    version_slot,
)
from dragon_ledger.records import Account, Facts, Organisation, Role, Run

SUSPENDED, ENROLMENTS = 2, 6  # Consortium
ORIGINS = 6  # TrainingLedger
BY_AGGREGATE, BY_FILE = 1, 2  # ModelRegistry
RELEASE_WORDS, ORIGIN_WORDS, ORGANISATION_WORDS = 7, 2, 2
RUN_HEAD, RUN_COUNTS, RUN_NOTES = 0, 5, 6  # offsets in a run
VERSION_STATE = 1  # offset in a version; HISTORY is the other

Place = tuple[str, bytes]


def suspended_slot() -> bytes:
    """Consortium: which organisations are suspended."""
    return SUSPENDED.to_bytes(32)


def enrolment_slot(organisation: int, address: bytes) -> bytes:
    """Consortium: an organisation's offer to an address."""
    return mapping_slot(ENROLMENTS, organisation, address)


def origins_slot(digest: bytes) -> bytes:
    """TrainingLedger: the list of rounds with this aggregate."""
    return mapping_slot(ORIGINS, digest)


def by_aggregate_slot(digest: bytes) -> bytes:
    """ModelRegistry: the list of releases of this aggregate."""
    return mapping_slot(BY_AGGREGATE, digest)


def by_file_slot(digest: bytes) -> bytes:
    """ModelRegistry: the list of releases of this file."""
    return mapping_slot(BY_FILE, digest)


def slots_for(every: Iterable[Facts]) -> dict[str, tuple[bytes, ...]]:
    """The slots, by contract, that prove these facts; ascending, each once."""
    found: dict[str, set[bytes]] = {}
    for facts in every:
        for contract, slot in _places(closed_only(facts)):
            found.setdefault(contract, set()).add(slot)
    return {contract: tuple(sorted(slots)) for contract, slots in found.items()}


def _places(facts: Facts) -> Iterator[Place]:
    yield from _lists(facts)
    for run in facts.runs:
        yield from _run(run)
    for release in facts.releases:
        yield from _block("ModelRegistry", release_slot(release.id), RELEASE_WORDS)
    for version in facts.versions:
        for offset in (VERSION_STATE, HISTORY):
            yield "DatasetRegistry", moved(version_slot(version.id), offset)
    if facts.organisations:
        yield "Consortium", suspended_slot()
    for organisation in facts.organisations:
        yield from _organisation(organisation)
    for account in facts.accounts:
        yield from _account(account)
    for rules in {version.rule_set for version in facts.versions}:
        yield "Consortium", rule_set_slot(rules)


def _lists(facts: Facts) -> Iterator[Place]:
    origins = origins_slot(facts.digest)
    yield "TrainingLedger", origins
    yield from _block("TrainingLedger", array_slot(origins), ORIGIN_WORDS * len(facts.origins))
    listed = (by_aggregate_slot if facts.origins else by_file_slot)(facts.digest)
    yield "ModelRegistry", listed
    yield from _block("ModelRegistry", array_slot(listed), len(facts.releases))


def _run(run: Run) -> Iterator[Place]:
    for offset in (RUN_HEAD, RUN_COUNTS, RUN_NOTES):
        yield "TrainingLedger", moved(run_slot(run.id), offset)
    yield "TrainingLedger", round_slot(run.id, len(run.rounds))


def _organisation(organisation: Organisation) -> Iterator[Place]:
    yield from _block("Consortium", organisation_slot(organisation.number), ORGANISATION_WORDS)


def _account(account: Account) -> Iterator[Place]:
    yield "Consortium", account_slot(account.address)
    if account.roles != Role(0):
        yield "Consortium", enrolment_slot(account.organisation, account.address)


def _block(contract: str, first: bytes, words: int) -> Iterator[Place]:
    for offset in range(words):
        yield contract, moved(first, offset)
