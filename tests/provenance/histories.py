"""Random histories of a consortium, honest or with defects, as the facts that a source gives.

An honest history obeys every rule of the contracts; `DEFECTS` are the ways to break one fact of
it, each with the check that must find it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from random import Random

from dragon_ledger.provenance import layout
from dragon_ledger.records import (
    Account,
    Act,
    AggregateOrigin,
    AsOf,
    DatasetVersion,
    Decision,
    DecisionKind,
    Declaration,
    Facts,
    InitialKind,
    Note,
    NoteKind,
    Organisation,
    Release,
    Role,
    Round,
    RuleSetAcceptance,
    Run,
    Source,
    Update,
    VersionFlag,
    Where,
)

CHAIN_ID = 31337
START = 1_700_000_000
ADDRESSES = {
    "Consortium": b"\x01" * 20,
    "DatasetRegistry": b"\x02" * 20,
    "TrainingLedger": b"\x03" * 20,
    "ModelRegistry": b"\x04" * 20,
}
DOMAIN = layout.Domain(CHAIN_ID, ADDRESSES)
AGGREGATOR, RELEASER, REVIEWER, SECOND_REVIEWER, FIRST_SITE = 0, 1, 2, 3, 4
PURPOSE = hashlib.sha256(b"purpose").digest()
RULE_SET = hashlib.sha256(b"rules").digest()


@dataclass
class History:
    """A consortium's records while they are made, one act a block, ten seconds apart."""

    rng: Random
    sites: int
    block: int = 0
    organisations: list[Organisation] = field(default_factory=list)
    accounts: dict[int, Account] = field(default_factory=dict)
    rule_sets: list[RuleSetAcceptance] = field(default_factory=list)
    versions: dict[bytes, DatasetVersion] = field(default_factory=dict)
    runs: dict[bytes, Run] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)

    def __post_init__(self) -> None:
        roles = {
            AGGREGATOR: Role.AGGREGATOR,
            RELEASER: Role.RELEASER,
            REVIEWER: Role.REVIEWER,
            SECOND_REVIEWER: Role.REVIEWER,
        }
        for number in range(FIRST_SITE + self.sites):
            self._admit(number, roles.get(number, Role.SITE))
        where = self._where("Consortium")
        required = Declaration.ETHICS_APPROVAL | Declaration.CONSENT_ON_FILE
        self.rule_sets.append(
            RuleSetAcceptance(RULE_SET, required, self.now, self.now, None, where)
        )

    @property
    def now(self) -> int:
        """The present block's timestamp."""
        return START + 10 * self.block

    def digest(self) -> bytes:
        """A fresh random digest."""
        return self.rng.randbytes(32)

    def site_numbers(self) -> list[int]:
        """The organisations that are sites."""
        return list(range(FIRST_SITE, FIRST_SITE + self.sites))

    def _where(self, contract: str) -> Where:
        self.block += 1
        return Where(contract, self.block, self.rng.randbytes(32))

    def _admit(self, number: int, roles: Role) -> None:
        where = self._where("Consortium")
        root, record = self.rng.randbytes(20), self.digest()
        self.organisations.append(Organisation(number, roles, root, record, self.now, False, where))
        where, address = self._where("Consortium"), self.rng.randbytes(20)
        self.accounts[number] = Account(
            address, number, roles, self.now, self.now, None, None, where
        )

    def act(self, organisation: int, contract: str) -> Act:
        """The organisation's account acts in a block of its own."""
        where = self._where(contract)
        return Act(organisation, self.accounts[organisation].address, self.now, where)

    def register(self, site: int, *, qc_passed: bool = True) -> bytes:
        """A site registers a dataset version."""
        act = self.act(site, "DatasetRegistry")
        commitment = self.digest()
        own = [v.id for v in self.versions.values() if v.act.organisation == site]
        identifier = layout.version_id(DOMAIN, site, commitment)
        self.versions[identifier] = DatasetVersion(
            id=identifier,
            number=len(self.versions) + 1,
            act=act,
            commitment=commitment,
            predecessor=own[-1] if own else None,
            qc_report=self.digest(),
            qc_passed=qc_passed,
            ethics=self.digest(),
            ethics_expiry=START + 10_000_000,
            rule_set=RULE_SET,
            declarations=Declaration.ETHICS_APPROVAL | Declaration.CONSENT_ON_FILE,
            purpose=PURPOSE,
            statement=self.digest(),
        )
        return identifier

    def decide(
        self,
        version: bytes,
        kind: DecisionKind,
        organisation: int,
        *,
        reason: int = 1,
        successor: bytes | None = None,
    ) -> None:
        """An organisation decides on a version; flags follow as in the contract."""
        old = self.versions[version]
        flags = _after(old, kind)
        act = self.act(organisation, "DatasetRegistry")
        code = 0 if kind is DecisionKind.APPROVE else reason
        decision = Decision(kind, act, code, flags, successor, self.digest())
        self.versions[version] = replace(old, decisions=(*old.decisions, decision))

    def approved(self, site: int) -> bytes:
        """A registered and approved version of a site."""
        version = self.register(site)
        self.decide(version, DecisionKind.APPROVE, REVIEWER)
        return version

    def newest(self, site: int) -> bytes:
        """The newest version of a site: what a run that opens now may use."""
        return [v.id for v in self.versions.values() if v.act.organisation == site][-1]

    def open_run(self, participants: list[int], parent: tuple[bytes, int] | None = None) -> bytes:
        """The aggregator opens a run, from scratch or from a parent's round."""
        act = self.act(AGGREGATOR, "TrainingLedger")
        kind = self.rng.choice((InitialKind.SEEDED, InitialKind.EXTERNAL))
        model, parent_hash = self.digest(), bytes(32)
        if parent is not None:
            kind = InitialKind.PARENT
            model, parent_hash = self._state(*parent)
        run = Run(
            id=bytes(32),
            act=act,
            plan=self.digest(),
            purpose=PURPOSE,
            participants=frozenset(participants),
            initial_model=model,
            initial_kind=kind,
            parent_run=parent[0] if parent else None,
            parent_round=parent[1] if parent else None,
            origin=self.digest() if kind is InitialKind.EXTERNAL else None,
            statement=self.digest(),
            hash=bytes(32),
        )
        run = replace(run, id=layout.run_id(DOMAIN, run))
        run = replace(run, hash=layout.opening_hash(run, parent_hash))
        self.runs[run.id] = run
        return run.id

    def _state(self, run: bytes, number: int) -> tuple[bytes, bytes]:
        opened = self.runs[run]
        if number == 0:
            return opened.initial_model, opened.hash
        closed = opened.rounds[number - 1]
        return closed.aggregate, closed.hash

    def commit(self, run: bytes, site: int, version: bytes) -> None:
        """A site commits an update of the open round, in place of an earlier one if there is."""
        opened = self.runs[run]
        base, _ = self._state(run, len(opened.rounds))
        earlier = [u for u in opened.open_updates if u.act.organisation == site]
        update = Update(
            run=run,
            round=len(opened.rounds) + 1,
            act=self.act(site, "TrainingLedger"),
            digest=self.digest(),
            base=base,
            version=version,
            statement=self.digest(),
            replaces=earlier[-1].leaf if earlier else None,
            leaf=bytes(32),
        )
        number = self.versions[version].number
        update = replace(update, leaf=layout.update_leaf(update, number))
        self.runs[run] = replace(opened, open_updates=(*opened.open_updates, update))

    def close(self, run: bytes, included: set[int]) -> None:
        """The aggregator closes the open round."""
        opened = self.runs[run]
        base, previous = self._state(run, len(opened.rounds))
        closed = Round(
            number=len(opened.rounds) + 1,
            act=self.act(AGGREGATOR, "TrainingLedger"),
            base=base,
            aggregate=self.digest(),
            participants=opened.participants,
            included=frozenset(included),
            leaves_hash=bytes(32),
            statement=self.digest(),
            hash=bytes(32),
            updates=opened.open_updates,
        )
        closed = replace(closed, leaves_hash=layout.leaves_hash(closed))
        closed = replace(closed, hash=layout.round_hash(previous, run, closed))
        self.runs[run] = replace(opened, rounds=(*opened.rounds, closed), open_updates=())

    def note(self, run: bytes, kind: NoteKind, organisation: int, *, reason: int = 1) -> None:
        """Someone adds a note to a run."""
        opened = self.runs[run]
        act = self.act(organisation, "TrainingLedger")
        number = max(1, len(opened.rounds))
        note = Note(kind, act, number, reason, bytes(32), self.digest())
        self.runs[run] = replace(opened, notes=(*opened.notes, note))

    def release(self, run: bytes, number: int, file_digest: bytes | None = None) -> Release:
        """The release authority releases a closed round's aggregate."""
        made = Release(
            id=bytes(32),
            act=self.act(RELEASER, "ModelRegistry"),
            run=run,
            round=number,
            aggregate=self.runs[run].rounds[number - 1].aggregate,
            file_digest=file_digest or self.digest(),
            model_card=self.digest(),
            statement=self.digest(),
        )
        made = replace(made, id=layout.release_id(DOMAIN, made))
        self.releases.append(made)
        return made

    def facts(self, digest: bytes, source: Source = Source.NODE) -> Facts:
        """The facts about a digest, as a source would give them."""
        releases = tuple(r for r in self.releases if digest in (r.aggregate, r.file_digest))
        origins = tuple(
            AggregateOrigin(run.id, closed.number)
            for run in self.runs.values()
            for closed in run.rounds
            if closed.aggregate == digest
        )
        block = self.block
        state = AsOf(CHAIN_ID, b"\xaa" * 32, block, block.to_bytes(32, "big"), self.now, source)
        return Facts(
            digest=digest,
            as_of=state,
            addresses=ADDRESSES,
            releases=releases,
            origins=origins,
            runs=tuple(sorted(self.runs.values(), key=lambda run: run.id)),
            versions=tuple(sorted(self.versions.values(), key=lambda version: version.id)),
            organisations=tuple(self.organisations),
            accounts=tuple(sorted(self.accounts.values(), key=lambda a: a.address)),
            rule_sets=tuple(self.rule_sets),
        )


def _after(version: DatasetVersion, kind: DecisionKind) -> VersionFlag:
    flags = version.flags
    if kind is DecisionKind.REINSTATE and VersionFlag.REINSTATING in flags:
        return flags & ~(VersionFlag.REVOKED | VersionFlag.REINSTATING)
    return (
        flags
        | {
            DecisionKind.APPROVE: VersionFlag.APPROVED,
            DecisionKind.REJECT: VersionFlag.REJECTED,
            DecisionKind.REVOKE: VersionFlag.REVOKED,
            DecisionKind.REINSTATE: VersionFlag.REINSTATING,
            DecisionKind.SUPERSEDE: VersionFlag.SUPERSEDED,
            DecisionKind.RETIRE: VersionFlag.RETIRED,
        }[kind]
    )


def honest(seed: int) -> tuple[History, Release]:
    """A random honest history and its released model: absences, repeats and forks included."""
    rng = Random(seed)
    history = History(rng, sites=rng.randint(1, 4))
    sites = history.site_numbers()
    current = {site: history.approved(site) for site in sites}
    run = history.open_run(sites)
    for generation in range(rng.randint(1, 3)):
        if generation:
            forked = rng.randint(1, len(history.runs[run].rounds))
            current = {site: history.newest(site) for site in sites}
            run = history.open_run(sites, (run, forked))
        for _ in range(rng.randint(1, 3)):
            train_round(history, run, current)
        if rng.random() < 0.3:
            history.note(run, NoteKind.DISPUTE, rng.choice(sites))
    rounds = len(history.runs[run].rounds)
    return history, history.release(run, rng.randint(1, rounds))


def train_round(history: History, run: bytes, current: dict[int, bytes]) -> None:
    """One round: some sites absent, some committing twice, some left out, never none at all."""
    rng = history.rng
    present = [site for site in current if rng.random() < 0.8] or [min(current)]
    for site in present:
        for _ in range(rng.choice((1, 1, 1, 2))):
            history.commit(run, site, current[site])
    left_out = {site for site in present[1:] if rng.random() < 0.15}
    history.close(run, set(present) - left_out)
    if rng.random() < 0.2:
        site = rng.choice(list(current))
        older = history.newest(site)
        newer = history.approved(site)
        history.decide(older, DecisionKind.SUPERSEDE, site, reason=8, successor=newer)
