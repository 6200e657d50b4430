"""What the chain says of runs and versions, followed from block to block.

Kept in memory and rebuilt from the contracts' first block at every start, and whenever the chain
was reorganised: what is derived can be thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dragon_ledger.chain.client import Block, Client
from dragon_ledger.chain.events import (
    ChainEvent,
    Decided,
    Noted,
    RoundClosed,
    RunOpened,
    UpdateCommitted,
    VersionRegistered,
)
from dragon_ledger.chain.logs import logs_between
from dragon_ledger.errors import StaleState
from dragon_ledger.records import NoteKind, VersionFlag
from dragon_ledger.site.event_log import log_event


@dataclass(slots=True)
class RunState:
    """A run so far. `participants` and `joining` are bit masks of organisations."""

    opening: RunOpened
    participants: int
    joining: int = 0
    aborted: bool = False
    rounds: list[RoundClosed] = field(default_factory=list)
    updates: dict[tuple[int, int], list[UpdateCommitted]] = field(default_factory=dict)

    @property
    def id(self) -> bytes:
        """The run's id."""
        return self.opening.run

    @property
    def open_round(self) -> int:
        """Number of the round that is open."""
        return len(self.rounds) + 1

    def includes(self, organisation: int) -> bool:
        """Whether an organisation takes part, in this round or from the next one on."""
        return bool((self.participants | self.joining) >> organisation & 1)

    def update(self, round_number: int, organisation: int) -> UpdateCommitted | None:
        """The update of an organisation that counts: its last one in the round."""
        attempts = self.updates.get((round_number, organisation))
        return attempts[-1] if attempts else None


@dataclass(slots=True)
class VersionState:
    """A dataset version and its flags after the last decision."""

    registered: VersionRegistered
    flags: VersionFlag
    decisions: list[Decided] = field(default_factory=list)


class ChainWatch:
    """Runs and versions as of `head`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.head: Block | None = None
        self.runs: dict[bytes, RunState] = {}
        self.versions: dict[bytes, VersionState] = {}

    def refresh(self) -> None:
        """Take in what the chain has since the last time.

        Raises:
            NodeUnavailable: no node answers; what was known stays.
            StaleState: the node's logs are incomplete; everything is read again.
        """
        head = self._client.block("latest")
        if self.head is not None and head.hash == self.head.hash:
            return
        if self.head is not None and not self._goes_on(self.head, head):
            log_event("chain.reorganised", block=self.head.number, head=head.number)
            self._forget()
        first = self.head.number + 1 if self.head else self._client.network.first_block
        events = logs_between(self._client, first, head.number)
        try:
            for event in events:
                self._apply(event)
        except KeyError as error:
            self._forget()
            raise StaleState(
                f"{self._client.url}: its logs up to block {head.number} lack the beginning of a"
                " run or version that later ones speak of; they are read again"
            ) from error
        self.head = head

    def runs_of(self, organisation: int) -> Iterator[RunState]:
        """Runs in which an organisation takes part, in the order of their opening."""
        return (run for run in self.runs.values() if run.includes(organisation))

    def _goes_on(self, old: Block, head: Block) -> bool:
        if head.number < old.number:
            return False
        try:
            return self._client.block(old.number).hash == old.hash
        except StaleState:
            return False

    def _forget(self) -> None:
        self.head = None
        self.runs.clear()
        self.versions.clear()

    def _apply(self, event: ChainEvent) -> None:
        if isinstance(event, RunOpened):
            self.runs[event.run] = RunState(event, event.participants)
        elif isinstance(event, UpdateCommitted):
            attempts = self.runs[event.run].updates.setdefault(
                (event.round, event.organisation), []
            )
            attempts.append(event)
        elif isinstance(event, RoundClosed):
            run = self.runs[event.run]
            run.rounds.append(event)
            run.participants, run.joining = run.participants | run.joining, 0
        elif isinstance(event, Noted):
            self._note(self.runs[event.run], event)
        elif isinstance(event, VersionRegistered):
            self.versions[event.id] = VersionState(event, VersionFlag(0))
        elif isinstance(event, Decided):
            version = self.versions[event.id]
            version.flags = VersionFlag(event.flags)
            version.decisions.append(event)

    @staticmethod
    def _note(run: RunState, note: Noted) -> None:
        if note.kind == NoteKind.PARTICIPANTS_ADDED:
            run.joining |= int.from_bytes(note.subject)
        elif note.kind == NoteKind.ABORTED:
            run.aborted = True
