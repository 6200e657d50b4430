"""What a site does on chain: register a version, commit an update, supersede, retire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dragon_ledger.chain import reader
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import BlockId
from dragon_ledger.chain.reader import View
from dragon_ledger.errors import Refused
from dragon_ledger.records import VersionFlag
from dragon_ledger.site.acts import WAITS, ActReader, JsonAct
from dragon_ledger.site.ledger import Ledger


@dataclass(frozen=True, slots=True)
class RegisterVersion(JsonAct):
    """`DatasetRegistry.register`; `version` is the id that it will have, zero bytes mean none."""

    kind: ClassVar[str] = "register"
    version: bytes
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

    @property
    def key(self) -> str:
        """One registration per version."""
        return f"register:{self.version.hex()}"

    @property
    def lane(self) -> str:
        """A version's predecessor is registered before it."""
        return "dataset"

    def asks(self, _ledger: Ledger) -> Sequence[View[Any]]:
        """The version."""
        return [reader.version(self.version)]

    def is_recorded(self, ledger: Ledger, block: int) -> bool:
        """Whether the registry knows the version."""
        return ledger.version_exists(self.version, block)

    def call(self, _ledger: Ledger, _block: BlockId = "latest") -> ContractCall:
        """The registration as the contract takes it."""
        registration = (
            self.commitment,
            self.predecessor,
            self.qc_report,
            self.ethics,
            self.rule_set,
            self.purpose,
            self.statement,
            self.ethics_expiry,
            self.declarations,
            self.qc_passed,
        )
        return ContractCall("DatasetRegistry", "register", (registration,))

    def may_pass_later(self, refused: Refused) -> bool:
        """An account that is enrolled but not accepted yet."""
        return refused.name in WAITS


@dataclass(frozen=True, slots=True)
class CommitUpdate(JsonAct):
    """`TrainingLedger.commitUpdate`; `mark` names the drop that it came from."""

    kind: ClassVar[str] = "commit"
    mark: str
    run: bytes
    round: int
    update: bytes
    base: bytes
    version: bytes
    statement: bytes

    @property
    def key(self) -> str:
        """One commit per drop; a second drop with other content is another attempt."""
        return f"commit:{self.run.hex()}:{self.round}:{self.mark}"

    @property
    def lane(self) -> str:
        """Attempts of a round replace each other in order."""
        return f"run:{self.run.hex()}"

    def asks(self, ledger: Ledger) -> Sequence[View[Any]]:
        """The present leaf."""
        return [reader.leaf(self.run, self.round, ledger.organisation)]

    def is_recorded(self, ledger: Ledger, block: int) -> bool:
        """Whether the round has an update of this organisation that bears this statement."""
        return ledger.update_recorded(self.run, self.round, self.statement, block)

    def call(self, ledger: Ledger, block: BlockId = "latest") -> ContractCall:
        """The call; `replaces` is the present leaf, so a repetition is refused."""
        replaces = ledger.leaf(self.run, self.round, ledger.organisation, block)
        arguments = (
            self.run,
            self.round,
            self.update,
            self.base,
            self.version,
            self.statement,
            replaces,
        )
        return ContractCall("TrainingLedger", "commitUpdate", arguments)

    def may_pass_later(self, refused: Refused) -> bool:
        """A round that is not open yet, or a run that this node does not know yet."""
        if refused.name == "RoundNotOpen":
            return int(str(refused.values["open"])) < self.round
        # The run is known from the chain, so a node that does not know it is behind.
        return refused.name in WAITS | {"RunUnknown"}


@dataclass(frozen=True, slots=True)
class DecideVersion(JsonAct):
    """`supersede` or `retire`, by the version's own site; `successor` is empty for `retire`."""

    kind: ClassVar[str] = "decide"
    decision: str
    version: bytes
    successor: bytes
    reason: int
    statement: bytes

    @property
    def key(self) -> str:
        """A site supersedes and retires a version at most once."""
        return f"{self.decision}:{self.version.hex()}"

    @property
    def lane(self) -> str:
        """After the registrations before it."""
        return "dataset"

    def asks(self, _ledger: Ledger) -> Sequence[View[Any]]:
        """The version."""
        return [reader.version(self.version)]

    def is_recorded(self, ledger: Ledger, block: int) -> bool:
        """Whether the version has the flag that the decision sets."""
        flag = VersionFlag.RETIRED if self.decision == "retire" else VersionFlag.SUPERSEDED
        return flag in ledger.version_flags(self.version, block)

    def call(self, _ledger: Ledger, _block: BlockId = "latest") -> ContractCall:
        """The call."""
        last = (self.reason, self.statement)
        arguments = (
            (self.version, *last)
            if self.decision == "retire"
            else (self.version, self.successor, *last)
        )
        return ContractCall("DatasetRegistry", self.decision, arguments)

    def may_pass_later(self, refused: Refused) -> bool:
        """An account that is enrolled but not accepted yet."""
        return refused.name in WAITS


SITE_ACTS: Mapping[str, ActReader] = {
    RegisterVersion.kind: RegisterVersion.from_json,
    CommitUpdate.kind: CommitUpdate.from_json,
    DecideVersion.kind: DecideVersion.from_json,
}
"""How the outbox's entries of a site are read, by kind."""
