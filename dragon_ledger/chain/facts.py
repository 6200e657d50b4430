"""Everything that a verdict on a digest needs, straight from a node.

Five rounds of batched requests, whatever the size of the trace: what the digest is, the runs and
their ancestors, their events, the dataset versions, the people. Every fact is held against the
contract state of the same block (`checks`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from dragon_ledger.chain import checks, fold, reader
from dragon_ledger.chain import events as on_chain
from dragon_ledger.chain.client import Block, Client
from dragon_ledger.chain.events import ChainEvent
from dragon_ledger.chain.logs import Filter, fetch
from dragon_ledger.chain.states import ReleaseState, RunState
from dragon_ledger.errors import InconsistentLogs, InputError, StaleState
from dragon_ledger.records import (
    Account,
    Act,
    AggregateOrigin,
    AsOf,
    DatasetVersion,
    Facts,
    Organisation,
    Release,
    Round,
    RuleSetAcceptance,
    Run,
    Source,
    Update,
)

T = TypeVar("T")
TOPICS = 200  # values of one topic in one filter; geth takes up to 1 000

RUN_EVENTS = (
    on_chain.RunOpened,
    on_chain.UpdateCommitted,
    on_chain.RoundClosed,
    on_chain.Noted,
)
ORGANISATION_EVENTS = (
    on_chain.OrganisationAdmitted,
    on_chain.RootAccepted,
    on_chain.OrganisationSuspended,
    on_chain.OrganisationResumed,
    on_chain.AccountEnrolled,
    on_chain.AccountAccepted,
    on_chain.AccountEnded,
    on_chain.AccountCompromised,
)


def facts_for(client: Client, digest: bytes, block: int | None = None) -> Facts:
    """Return the facts about a digest as of a block; the newest final one when None.

    Raises:
        InconsistentLogs: the node's logs are not those that its contract state binds.
        StaleState: the node cannot answer for the block, or the chain was reorganised meanwhile.
        NodeUnavailable: no node answers.
        WrongChain: a node is on another chain.
    """
    at = client.final_block() if block is None else client.block(block)
    try:
        facts = _Collector(client, at).facts(digest)
    except ValueError as error:  # a number in a log that is none of an enumeration's
        raise InconsistentLogs(f"the node's logs hold an impossible value: {error}") from error
    if client.block(at.number).hash != at.hash:
        raise StaleState(f"block {at.number} was replaced while it was read; ask again")
    return facts


def version_for(client: Client, version_id: bytes) -> DatasetVersion:
    """Return one dataset version with its decisions, as of the newest final block.

    Raises:
        InputError: no version has this id.
        InconsistentLogs, StaleState, NodeUnavailable, WrongChain: as `facts_for`.
    """
    collector = _Collector(client, client.final_block())
    if not collector.is_version(version_id):
        raise InputError(
            f"no dataset version has the id 0x{version_id.hex()}; "
            "'dragon-ledger review list' shows the known ones"
        )
    return collector.versions([version_id])[0]


class _Collector:
    def __init__(self, client: Client, at: Block) -> None:
        self._client = client
        self._at = at

    def facts(self, digest: bytes) -> Facts:
        ids, origins = self._read(reader.releases(digest)), self._read(reader.origins(digest))
        released = dict(zip(ids, self._many(map(reader.release, ids)), strict=True))
        starts = [*(state.run for state in released.values()), *(one.run for one in origins)]
        runs = self._runs(starts)
        releases = self._releases(released, runs)
        versions = self._versions(runs.values())
        organisations, accounts = self._people(runs.values(), versions, releases)
        return Facts(
            digest=digest,
            as_of=self._as_of(),
            addresses=self._client.network.addresses,
            releases=tuple(releases),
            origins=tuple(AggregateOrigin(one.run, one.round) for one in origins),
            runs=tuple(runs[key] for key in sorted(runs)),
            versions=tuple(sorted(versions, key=lambda one: one.id)),
            organisations=tuple(sorted(organisations, key=lambda one: one.number)),
            accounts=tuple(sorted(accounts, key=lambda one: one.address)),
            rule_sets=self._rule_sets({one.rule_set for one in versions}),
        )

    # -- requests ---------------------------------------------------------------------------------

    def _read(self, view: reader.View[T]) -> T:
        return reader.read(self._client, view, self._at.number)

    def _many(self, views: Iterable[reader.View[T]]) -> list[T]:
        return reader.read_many(self._client, list(views), self._at.number)

    def _events(
        self, kinds: tuple[type[ChainEvent], ...], keys: Iterable[bytes]
    ) -> list[ChainEvent]:
        ordered = sorted(keys)
        groups = [tuple(ordered[at : at + TOPICS]) for at in range(0, len(ordered), TOPICS)]
        return fetch(self._client, [Filter(kinds, group) for group in groups], self._at.number)

    def _as_of(self) -> AsOf:
        network = self._client.network
        return AsOf(
            chain_id=network.chain_id,
            genesis_hash=network.genesis_hash,
            block=self._at.number,
            block_hash=self._at.hash,
            time=self._at.time,
            source=Source.NODE,
            network_file=network.fingerprint,
        )

    # -- runs and releases ------------------------------------------------------------------------

    def _runs(self, starts: Iterable[bytes]) -> dict[bytes, Run]:
        states = self._lineage(starts)
        ids = list(states)
        rounds = [states[key].rounds for key in ids]
        heads = self._many(map(reader.round_, ids, rounds))
        pending = self._many(
            reader.leaves_hash(key, states[key].rounds + 1, states[key].participants) for key in ids
        )
        events = self._events(RUN_EVENTS, ids)
        runs = fold.runs(events)
        by_run = _grouped(events, lambda event: getattr(event, "run", b""))
        for key, head, open_leaves in zip(ids, heads, pending, strict=True):
            parent = _parent_hash(runs, states[key])
            checks.check_run(by_run[key], states[key], head, open_leaves, parent)
        return runs

    def _lineage(self, starts: Iterable[bytes]) -> dict[bytes, RunState]:
        """State of the runs and of all their ancestors."""
        states: dict[bytes, RunState] = {}
        wanted = set(starts)
        while wanted:
            ids = sorted(wanted)
            states.update(zip(ids, self._many(map(reader.run, ids)), strict=True))
            wanted = {states[key].parent_run for key in ids} - states.keys() - {fold.NO_DIGEST}
        return states

    def _releases(self, states: dict[bytes, ReleaseState], runs: dict[bytes, Run]) -> list[Release]:
        kinds = (on_chain.Released, on_chain.Withdrawn)
        found = fold.releases(self._events(kinds, states))
        checks.same("releases of the digest", sorted(found), sorted(states))
        for key, state in states.items():
            aggregate = _closed_round(runs, state.run, state.round).aggregate
            checks.check_release(found[key], state, aggregate)
        return [found[key] for key in states]

    # -- versions and people ----------------------------------------------------------------------

    def is_version(self, version_id: bytes) -> bool:
        """Whether a dataset version of this id is registered."""
        return self._read(reader.version(version_id)).number != 0

    def versions(self, ids: Iterable[bytes]) -> list[DatasetVersion]:
        """Dataset versions by their ids, held against their state."""
        ordered = sorted(ids)
        events = self._events((on_chain.VersionRegistered, on_chain.Decided), ordered)
        by_version = _grouped(events, lambda event: getattr(event, "id", b""))
        required = self._read(reader.required_approvals())
        for key, state in zip(ordered, self._many(map(reader.version, ordered)), strict=True):
            checks.check_version(by_version[key], state, required)
        return list(fold.versions(events).values())

    def _versions(self, runs: Iterable[Run]) -> list[DatasetVersion]:
        numbers = {update.version: int.from_bytes(update.leaf[28:]) for update in _updates(runs)}
        found = self.versions(numbers)
        for one in found:
            checks.same(f"number of version 0x{one.id.hex()}", numbers[one.id], one.number)
        return found

    def _people(
        self, runs: Iterable[Run], versions: Sequence[DatasetVersion], releases: Sequence[Release]
    ) -> tuple[list[Organisation], list[Account]]:
        acts = {(act.organisation, act.account) for act in _acts(runs, versions, releases)}
        numbers = sorted({number for number, _ in acts})
        addresses = sorted({address for _, address in acts})
        events = self._events(ORGANISATION_EVENTS, [bytes([number]) for number in numbers])
        organisations, accounts = fold.organisations(events), fold.accounts(events)
        checks.same("organisations that acted", sorted(organisations), numbers)
        missing = [address for address in addresses if address not in accounts]
        checks.same("accounts that acted and no log shows", missing, [])
        self._check_people(organisations, [accounts[address] for address in addresses])
        return list(organisations.values()), [accounts[address] for address in addresses]

    def _check_people(
        self, organisations: dict[int, Organisation], accounts: Sequence[Account]
    ) -> None:
        suspended = self._read(reader.suspended())
        numbers = list(organisations)
        for key, stored in zip(numbers, self._many(map(reader.organisation, numbers)), strict=True):
            checks.check_organisation(organisations[key], stored, suspended)
        states = self._many(reader.account(one.address) for one in accounts)
        offers = self._many(reader.enrolment(one.organisation, one.address) for one in accounts)
        for one, state, offer in zip(accounts, states, offers, strict=True):
            checks.check_account(one, state, offer)

    def _rule_sets(self, digests: set[bytes]) -> tuple[RuleSetAcceptance, ...]:
        """Those of the versions' rule sets that the consortium ever accepted."""
        kinds = (on_chain.RuleSetAccepted, on_chain.RuleSetEnded)
        found = fold.rule_sets(self._events(kinds, digests))
        ordered = sorted(digests)
        for key, state in zip(ordered, self._many(map(reader.rule_set, ordered)), strict=True):
            checks.same(f"rule set 0x{key.hex()}, accepted", key in found, state.accepted_at != 0)
            if key in found:
                checks.check_rule_set(found[key], state)
        return tuple(found[key] for key in sorted(found))


def _grouped(
    events: Iterable[ChainEvent], key: Callable[[ChainEvent], bytes]
) -> defaultdict[bytes, list[ChainEvent]]:
    groups: defaultdict[bytes, list[ChainEvent]] = defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return groups


def _parent_hash(runs: dict[bytes, Run], state: RunState) -> bytes:
    if state.parent_run == fold.NO_DIGEST:
        return fold.NO_DIGEST
    return _closed_round(runs, state.parent_run, state.parent_round).hash


def _closed_round(runs: dict[bytes, Run], run: bytes, number: int) -> Round:
    closed = runs[run].rounds if run in runs else ()
    if not 1 <= number <= len(closed):
        raise InconsistentLogs(
            f"round {number} of run 0x{run.hex()} is referred to, and no log of the node shows it"
        )
    return closed[number - 1]


def _updates(runs: Iterable[Run]) -> Iterable[Update]:
    for run in runs:
        for closed in run.rounds:
            yield from closed.updates
        yield from run.open_updates


def _acts(
    runs: Iterable[Run], versions: Iterable[DatasetVersion], releases: Iterable[Release]
) -> Iterable[Act]:
    for run in runs:
        yield run.act
        yield from (closed.act for closed in run.rounds)
        yield from (update.act for update in _updates([run]))
        yield from (note.act for note in run.notes)
    for version in versions:
        yield version.act
        yield from (decision.act for decision in version.decisions)
    for release in releases:
        yield release.act
        if release.withdrawal is not None:
            yield release.withdrawal.act
