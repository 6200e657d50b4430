"""Facts that stand in storage as themselves: lists of a digest, releases, the consortium."""

from __future__ import annotations

from dataclasses import dataclass

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle import places
from dragon_ledger.provenance.bundle.state import State, packed
from dragon_ledger.provenance.slots import (
    account_slot,
    organisation_slot,
    release_slot,
    rule_set_slot,
)
from dragon_ledger.records import (
    Account,
    Act,
    AggregateOrigin,
    Declaration,
    Organisation,
    Role,
    RuleSetAcceptance,
    Where,
    Withdrawal,
)

_TIME = 5


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release as its seven words hold it; the aggregate is that of the round it names."""

    id: bytes
    act: Act
    run: bytes
    round: int
    file_digest: bytes
    model_card: bytes
    statement: bytes
    withdrawal: Withdrawal | None


class Stored:
    """Reads facts of the state of one block."""

    def __init__(self, state: State, block: int) -> None:
        self._state = state
        self._block = block

    def where(self, contract: str, slot: bytes) -> Where:
        """A place in the state of this block."""
        return Where(contract, self._block, None, slot)

    def origins(self, digest: bytes) -> tuple[AggregateOrigin, ...]:
        """Every closed round with this aggregate, in order."""
        slot = places.origins_slot(digest)
        rows = self._state.entries("TrainingLedger", slot, places.ORIGIN_WORDS)
        return tuple(AggregateOrigin(run, *packed(second, 2)) for run, second in rows)

    def releases(self, digest: bytes, *, by_aggregate: bool) -> tuple[StoredRelease, ...]:
        """The releases of an aggregate, or else of a file, in order."""
        slot = places.by_file_slot(digest)
        if by_aggregate:
            slot = places.by_aggregate_slot(digest)
        rows = self._state.entries("ModelRegistry", slot, 1)
        return tuple(self._release(identifier) for (identifier,) in rows)

    def _release(self, identifier: bytes) -> StoredRelease:
        slot = release_slot(identifier)
        head, run, file_digest, card, statement, taken, why = (
            self._state.word("ModelRegistry", slot, offset)
            for offset in range(places.RELEASE_WORDS)
        )
        account, at, number, organisation = packed(head, 20, _TIME, 2, 1)
        if at == 0:
            raise ProofError(f"release 0x{identifier.hex()}: listed, and not recorded")
        by, withdrawn_at, reason = packed(taken, 20, _TIME, 1)
        where = self.where("ModelRegistry", slot)
        withdrawal = None
        if withdrawn_at:
            act = Act(organisation, by.to_bytes(20), withdrawn_at, where)
            withdrawal = Withdrawal(act, reason, why)
        act = Act(organisation, account.to_bytes(20), at, where)
        return StoredRelease(identifier, act, run, number, file_digest, card, statement, withdrawal)

    def organisation(self, number: int) -> Organisation:
        """An organisation that acted."""
        slot = organisation_slot(number)
        head, record = (self._state.word("Consortium", slot, offset) for offset in range(2))
        root, admitted_at, _, roles = packed(head, 20, _TIME, _TIME, 1)
        if admitted_at == 0:
            raise ProofError(f"organisation {number}: acted, and was never admitted")
        suspended = int.from_bytes(self._state.word("Consortium", places.suspended_slot()))
        return Organisation(
            number=number,
            roles=Role(roles),
            root=root.to_bytes(20),
            record=record,
            admitted_at=admitted_at,
            suspended=bool(suspended >> number & 1),
            where=self.where("Consortium", slot),
        )

    def account(self, address: bytes) -> Account:
        """An account that acted.

        `enrolled_at` is when it accepted, for roots and where the offer was withdrawn since.
        """
        slot = account_slot(address)
        word = self._state.word("Consortium", slot)
        accepted_at, to, compromised, organisation, roles = packed(word, _TIME, _TIME, _TIME, 1, 1)
        if accepted_at == 0:
            raise ProofError(f"account 0x{address.hex()}: acted, and was never accepted")
        enrolled_at = 0
        if roles:
            offer = self._state.word("Consortium", places.enrolment_slot(organisation, address))
            _, enrolled_at = packed(offer, 20, _TIME)
        return Account(
            address=address,
            organisation=organisation,
            roles=Role(roles),
            enrolled_at=enrolled_at or accepted_at,
            accepted_at=accepted_at,
            to=to or None,
            compromised_since=compromised or None,
            where=self.where("Consortium", slot),
        )

    def rule_set(self, digest: bytes) -> RuleSetAcceptance | None:
        """An accepted rule set; None when the consortium never accepted it."""
        slot = rule_set_slot(digest)
        word = self._state.word("Consortium", slot)
        accepted_at, begin, end, declarations = packed(word, _TIME, _TIME, _TIME, 1)
        if accepted_at == 0:
            return None
        return RuleSetAcceptance(
            digest=digest,
            declarations=Declaration(declarations),
            accepted_at=accepted_at,
            valid_from=begin,
            valid_to=end or None,
            where=self.where("Consortium", slot),
        )
