"""What an outbox entry does on chain, and how the contract is asked whether it is there already.

An act is a value that can be written as JSON. Whether it is on chain is a question to the contract
(an id, a leaf, a statement), never a guess from what was sent. Arguments that depend on the state
of the chain (`replaces`, `leavesHash`) are taken when the transaction is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.errors import Refused

if TYPE_CHECKING:
    from dragon_ledger.chain.client import BlockId
    from dragon_ledger.chain.reader import View
    from dragon_ledger.site.ledger import Ledger


class Act(Protocol):
    """Something that one organisation does on chain exactly once."""

    kind: ClassVar[str]

    @property
    def key(self) -> str:
        """Names the act; equal acts have equal keys."""
        ...

    @property
    def lane(self) -> str:
        """Acts of one lane are sent one after the other."""
        ...

    def to_json(self) -> Mapping[str, object]:
        """The act as the outbox keeps it."""
        ...

    def asks(self, ledger: Ledger) -> Sequence[View[Any]]:
        """What the two below ask first, so that many acts can ask together."""
        ...

    def is_recorded(self, ledger: Ledger, block: int) -> bool:
        """Whether the contract has it as of a block."""
        ...

    def call(self, ledger: Ledger, block: BlockId = "latest") -> ContractCall:
        """The call that does it, given the state as of a block."""
        ...

    def may_pass_later(self, refused: Refused) -> bool:
        """Whether the refusal goes away by itself, so that the act waits instead of failing."""
        ...


ActReader = Callable[[Mapping[str, Any]], Act]
"""Reads an act as the outbox keeps it."""

WAITS = frozenset({"AccountUnknown"})
"""Refusals that go away when the account accepts its enrolment; an unattended process waits."""


@dataclass(frozen=True, slots=True)
class JsonAct:
    """Bytes as hexadecimal digits, everything else as it is."""

    def to_json(self) -> Mapping[str, object]:
        """The act as the outbox keeps it."""
        return {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            **{
                part.name: bytes.fromhex(values[part.name])
                if part.type == "bytes"
                else values[part.name]
                for part in fields(cls)
            }
        )
