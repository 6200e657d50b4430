"""What an aggregator does on chain: open runs, close rounds, add participants, abort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dragon_ledger.chain import reader
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import BlockId
from dragon_ledger.chain.reader import View
from dragon_ledger.errors import Refused
from dragon_ledger.site.acts import WAITS, ActReader, JsonAct
from dragon_ledger.site.ledger import Ledger


@dataclass(frozen=True, slots=True)
class OpenRun(JsonAct):
    """`TrainingLedger.openRun`; `run` is the id that it will have, zero bytes mean none."""

    kind: ClassVar[str] = "open"
    run: bytes
    plan: bytes
    purpose: bytes
    participants: int
    initial_model: bytes
    parent_run: bytes
    origin: bytes
    statement: bytes
    parent_round: int
    initial_kind: int

    @property
    def key(self) -> str:
        """One opening per run."""
        return f"open:{self.run.hex()}"

    @property
    def lane(self) -> str:
        """Everything of a run goes in order."""
        return f"run:{self.run.hex()}"

    def asks(self, _ledger: Ledger) -> Sequence[View[Any]]:
        """The run."""
        return [reader.run(self.run)]

    def is_recorded(self, ledger: Ledger, block: int) -> bool:
        """Whether the ledger knows the run."""
        return ledger.read(reader.run(self.run), block).opened_at != 0

    def call(self, _ledger: Ledger, _block: BlockId = "latest") -> ContractCall:
        """The opening as the contract takes it."""
        opening = (
            self.plan,
            self.purpose,
            self.participants,
            self.initial_model,
            self.parent_run,
            self.origin,
            self.statement,
            self.parent_round,
            self.initial_kind,
        )
        return ContractCall("TrainingLedger", "openRun", (opening,))

    def may_pass_later(self, refused: Refused) -> bool:
        """An account that is enrolled but not accepted yet."""
        return refused.name in WAITS


@dataclass(frozen=True, slots=True)
class CloseRound(JsonAct):
    """`TrainingLedger.closeRound`; `mark` names the drop, `leaves_hash` what was aggregated."""

    kind: ClassVar[str] = "close"
    mark: str
    run: bytes
    round: int
    aggregate: bytes
    included: int
    leaves_hash: bytes
    statement: bytes

    @property
    def key(self) -> str:
        """One closing per drop."""
        return f"close:{self.run.hex()}:{self.round}:{self.mark}"

    @property
    def lane(self) -> str:
        """Everything of a run goes in order."""
        return f"run:{self.run.hex()}"

    def asks(self, _ledger: Ledger) -> Sequence[View[Any]]:
        """The run."""
        return [reader.run(self.run)]

    def is_recorded(self, ledger: Ledger, block: int) -> bool:
        """Whether the round is closed with this aggregate.

        Nothing is added to a closed round, and only the run's organisation closes it, so an equal
        aggregate is this closing.
        """
        if ledger.read(reader.run(self.run), block).rounds < self.round:
            return False
        closed = ledger.read(reader.round_(self.run, self.round), block)
        return closed.aggregate == self.aggregate

    def call(self, _ledger: Ledger, _block: BlockId = "latest") -> ContractCall:
        """The closing as the contract takes it."""
        arguments = (
            self.run,
            self.round,
            self.aggregate,
            self.included,
            self.leaves_hash,
            self.statement,
        )
        return ContractCall("TrainingLedger", "closeRound", arguments)

    def may_pass_later(self, refused: Refused) -> bool:
        """A round that is not open yet, because the one before is still under way."""
        if refused.name == "RoundNotOpen":
            return int(str(refused.values["open"])) < self.round
        # The run is known from the chain, so a node that does not know it is behind.
        return refused.name in WAITS | {"RunUnknown"}


AGGREGATOR_ACTS: Mapping[str, ActReader] = {
    OpenRun.kind: OpenRun.from_json,
    CloseRound.kind: CloseRound.from_json,
}
"""How the outbox's entries of an aggregator are read, by kind."""
