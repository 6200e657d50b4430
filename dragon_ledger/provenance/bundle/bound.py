"""Facts that storage binds by hashes: runs with their rounds and notes, versions and decisions.

A bundle carries what was hashed; here it becomes records, and every chain of hashes must end in the
word that the contract stores.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance import layout
from dragon_ledger.provenance.bundle.entries import (
    Actor,
    DecisionEntry,
    RoundEntry,
    RunEntry,
    UpdateEntry,
    VersionEntry,
)
from dragon_ledger.provenance.bundle.places import (
    RUN_COUNTS,
    RUN_HEAD,
    RUN_NOTES,
    VERSION_STATE,
)
from dragon_ledger.provenance.bundle.state import State, packed
from dragon_ledger.provenance.slots import HISTORY, leaf_slot, round_slot, run_slot, version_slot
from dragon_ledger.records import (
    Act,
    DatasetVersion,
    Decision,
    DecisionKind,
    Declaration,
    InitialKind,
    Note,
    NoteKind,
    Round,
    Run,
    Update,
    VersionFlag,
    Where,
)

MAX_GENERATIONS = 64
"""ITrainingLedger: no run has more; a forged chain of ancestors must not be walked for ever."""

_SETS = {
    DecisionKind.REJECT: VersionFlag.REJECTED,
    DecisionKind.REVOKE: VersionFlag.REVOKED,
    DecisionKind.SUPERSEDE: VersionFlag.SUPERSEDED,
    DecisionKind.RETIRE: VersionFlag.RETIRED,
    DecisionKind.REINSTATE: VersionFlag.REINSTATING,
}


class Bound:
    """The runs and versions of a bundle, each proved when it is asked for.

    Args:
        state: the proved storage.
        domain: chain and contracts that identifiers are bound to.
        block: number of the state's block.
        runs: the bundle's runs.
        versions: the bundle's versions.
    """

    def __init__(
        self,
        state: State,
        domain: layout.Domain,
        block: int,
        runs: Iterable[RunEntry],
        versions: Iterable[VersionEntry],
    ) -> None:
        self._state = state
        self._domain = domain
        self._block = block
        self._run_entries = {entry.id: entry for entry in runs}
        self._version_entries = {entry.id: entry for entry in versions}
        self._runs: dict[bytes, Run] = {}
        self._under_way: list[bytes] = []
        self._versions: dict[bytes, DatasetVersion] = {}

    # -- runs -------------------------------------------------------------------------------------

    def lineage(self, starts: Iterable[bytes]) -> dict[bytes, Run]:
        """The runs and all their ancestors, by id."""
        found: dict[bytes, Run] = {}
        wanted = sorted(set(starts))
        while wanted:
            identifier = wanted.pop()
            if identifier not in found:
                found[identifier] = run = self.run(identifier)
                wanted += [run.parent_run] if run.parent_run is not None else []
        return found

    def run(self, identifier: bytes) -> Run:
        """A run, proved up to its last closed round and its last note."""
        if identifier not in self._runs:
            entry = self._run_entries.get(identifier)
            if entry is None:
                raise ProofError(f"runs: run 0x{identifier.hex()} is needed and is missing")
            if identifier in self._under_way or len(self._under_way) >= MAX_GENERATIONS:
                raise ProofError(f"run 0x{identifier.hex()}: its ancestors have no end")
            self._under_way.append(identifier)
            self._runs[identifier] = self._proved_run(entry)
            self._under_way.pop()
        return self._runs[identifier]

    def _proved_run(self, entry: RunEntry) -> Run:
        name = f"run 0x{entry.id.hex()}"
        slot = run_slot(entry.id)
        run = self._opened(entry)
        _same(f"{name}: its id", layout.run_id(self._domain, run), entry.id)
        run = replace(run, hash=layout.opening_hash(run, self._parent_hash(entry)))
        head = self._state.word("TrainingLedger", slot, RUN_HEAD)
        _, opened_at, closed = packed(head, 20, 5, 2)
        _same(f"{name}: the time of its opening", run.act.at, opened_at)
        _same(f"{name}: the number of its closed rounds", len(entry.rounds), closed)
        rounds = self._rounds(run, entry)
        last = rounds[-1].hash if rounds else run.hash
        stored = self._state.word("TrainingLedger", round_slot(entry.id, closed))
        _same(f"{name}: the hash of its last round", last, stored)
        return replace(run, rounds=rounds, notes=self._notes(entry, slot))

    def _opened(self, entry: RunEntry) -> Run:
        return Run(
            id=entry.id,
            act=self._act(entry.actor, "TrainingLedger", run_slot(entry.id)),
            plan=entry.plan,
            purpose=entry.purpose,
            participants=_members(entry.participants),
            initial_model=entry.initial_model,
            initial_kind=InitialKind(entry.initial_kind),
            parent_run=entry.parent_run,
            parent_round=entry.parent_round,
            origin=entry.origin,
            statement=entry.statement,
            hash=layout.ZERO,
        )

    def _parent_hash(self, entry: RunEntry) -> bytes:
        if entry.parent_run is None or entry.parent_round is None:
            return layout.ZERO
        parent = self.run(entry.parent_run).rounds
        if not 1 <= entry.parent_round <= len(parent):
            raise ProofError(
                f"run 0x{entry.id.hex()}: its parent has no round {entry.parent_round}"
            )
        return parent[entry.parent_round - 1].hash

    def _rounds(self, run: Run, entry: RunEntry) -> tuple[Round, ...]:
        previous, base = run.hash, run.initial_model
        found: list[Round] = []
        for number, one in enumerate(entry.rounds, start=1):
            closed = self._round(run.id, number, base, one)
            closed = replace(closed, hash=layout.round_hash(previous, run.id, closed))
            found.append(closed)
            previous, base = closed.hash, closed.aggregate
        return tuple(found)

    def _round(self, run: bytes, number: int, base: bytes, entry: RoundEntry) -> Round:
        closed = Round(
            number=number,
            act=self._act(entry.actor, "TrainingLedger", round_slot(run, number)),
            base=base,
            aggregate=entry.aggregate,
            participants=_members(entry.participants),
            included=_members(entry.included),
            leaves_hash=layout.ZERO,
            statement=entry.statement,
            hash=layout.ZERO,
            updates=self._updates(run, number, base, entry.updates),
        )
        strangers = {update.act.organisation for update in closed.updates} - closed.participants
        if strangers:
            raise ProofError(
                f"run 0x{run.hex()} round {number}: an update of organisation {min(strangers)},"
                " which does not take part"
            )
        return replace(closed, leaves_hash=layout.leaves_hash(closed))

    def _updates(
        self, run: bytes, number: int, base: bytes, entries: Sequence[UpdateEntry]
    ) -> tuple[Update, ...]:
        present: dict[int, bytes] = {}
        found: list[Update] = []
        for entry in entries:
            site = entry.actor.organisation
            update = Update(
                run=run,
                round=number,
                act=self._act(entry.actor, "TrainingLedger", leaf_slot(run, number, site)),
                digest=entry.update,
                base=base,
                version=entry.version,
                statement=entry.statement,
                replaces=present.get(site),
                leaf=layout.ZERO,
            )
            leaf = layout.update_leaf(update, self.version(entry.version).number)
            present[site] = leaf
            found.append(replace(update, leaf=leaf))
        return tuple(found)

    def _notes(self, entry: RunEntry, slot: bytes) -> tuple[Note, ...]:
        name = f"run 0x{entry.id.hex()}"
        counts = self._state.word("TrainingLedger", slot, RUN_COUNTS)
        _, _, _, count = packed(counts, 2, 2, 2, 4)
        _same(f"{name}: the number of its notes", len(entry.notes), count)
        head, found = layout.ZERO, list[Note]()
        for one in entry.notes:
            act = self._act(one.actor, "TrainingLedger", slot)
            note = Note(NoteKind(one.kind), act, one.round, one.reason, one.subject, one.statement)
            head = layout.note_hash(head, entry.id, note)
            found.append(note)
        stored = self._state.word("TrainingLedger", slot, RUN_NOTES)
        _same(f"{name}: the head of its notes", head, stored)
        return tuple(found)

    # -- versions ---------------------------------------------------------------------------------

    def version(self, identifier: bytes) -> DatasetVersion:
        """A dataset version with its decisions."""
        if identifier not in self._versions:
            entry = self._version_entries.get(identifier)
            if entry is None:
                raise ProofError(f"versions: version 0x{identifier.hex()} is missing")
            self._versions[identifier] = self._proved_version(entry)
        return self._versions[identifier]

    def _proved_version(self, entry: VersionEntry) -> DatasetVersion:
        name = f"version 0x{entry.id.hex()}"
        slot = version_slot(entry.id)
        derived = layout.version_id(self._domain, entry.actor.organisation, entry.commitment)
        _same(f"{name}: its id", derived, entry.id)
        state = self._state.word("DatasetRegistry", slot, VERSION_STATE)
        number, _, _, _, _, count, _, _, _, flags, approvals = packed(
            state, 4, 4, 5, 5, 5, 4, 1, 1, 1, 1, 1
        )
        _same(f"{name}: the number of its decisions", len(entry.decisions), count)
        version = self._registered(entry, number, slot)
        version = replace(version, decisions=self._decisions(entry, slot, flags, approvals))
        stored = self._state.word("DatasetRegistry", slot, HISTORY)
        _same(f"{name}: the head of its decisions", layout.history_head(version), stored)
        return version

    def _registered(self, entry: VersionEntry, number: int, slot: bytes) -> DatasetVersion:
        return DatasetVersion(
            id=entry.id,
            number=number,
            act=self._act(entry.actor, "DatasetRegistry", slot),
            commitment=entry.commitment,
            predecessor=entry.predecessor,
            qc_report=entry.qc_report,
            qc_passed=entry.qc_passed,
            ethics=entry.ethics,
            ethics_expiry=entry.ethics_expiry,
            rule_set=entry.rule_set,
            declarations=Declaration(entry.declarations),
            purpose=entry.purpose,
            statement=entry.statement,
        )

    def _decisions(
        self, entry: VersionEntry, slot: bytes, flags: int, approvals: int
    ) -> tuple[Decision, ...]:
        name = f"version 0x{entry.id.hex()}"
        kinds = [DecisionKind(one.kind) for one in entry.decisions]
        given = kinds.count(DecisionKind.APPROVE)
        _same(f"{name}: the number of its approvals", given, approvals)
        after = flags_after(kinds, given if flags & VersionFlag.APPROVED else given + 1)
        _same(f"{name}: its flags", int(after[-1]) if after else 0, flags)
        return tuple(
            self._decision(one, slot, now) for one, now in zip(entry.decisions, after, strict=True)
        )

    def _decision(self, entry: DecisionEntry, slot: bytes, flags: VersionFlag) -> Decision:
        act = self._act(entry.actor, "DatasetRegistry", slot)
        kind = DecisionKind(entry.kind)
        return Decision(kind, act, entry.reason, flags, entry.successor, entry.statement)

    # -- both -------------------------------------------------------------------------------------

    def _act(self, actor: Actor, contract: str, slot: bytes) -> Act:
        where = Where(contract, self._block, None, slot)
        return Act(actor.organisation, actor.account, actor.time, where)

    def check_used(self) -> None:
        """Refuse runs and versions that no fact needed.

        Raises:
            ProofError: there is one; the message names it.
        """
        for kind, entries, used in (
            ("run", self._run_entries, self._runs.keys()),
            ("version", self._version_entries, self._versions.keys()),
        ):
            for identifier in entries.keys() - used:
                raise ProofError(f"{kind}s: {kind} 0x{identifier.hex()} belongs to no digest here")


def flags_after(kinds: Iterable[DecisionKind], required: int) -> list[VersionFlag]:
    """A version's flags after each of its decisions, as DatasetRegistry sets them.

    Once a version is approved no approval can follow, so the last one made it so, or none did.
    """
    flags, approvals = VersionFlag(0), 0
    found: list[VersionFlag] = []
    for kind in kinds:
        if kind is DecisionKind.APPROVE:
            approvals += 1
            flags |= VersionFlag.APPROVED if approvals == required else VersionFlag(0)
        elif kind is DecisionKind.REINSTATE and VersionFlag.REINSTATING in flags:
            flags &= ~(VersionFlag.REVOKED | VersionFlag.REINSTATING)
        else:
            flags |= _SETS[kind]
        found.append(flags)
    return found


def _members(mask: int) -> frozenset[int]:
    return frozenset(number for number in range(mask.bit_length()) if mask >> number & 1)


def _same(what: str, given: bytes | int, proved: bytes | int) -> None:
    if given != proved:
        raise ProofError(f"{what}: the bundle gives {_shown(given)}, proved is {_shown(proved)}")


def _shown(value: bytes | int) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
