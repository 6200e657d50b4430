"""A synthetic consortium of any size, written straight into an index as the follower would.

Every record carries the right leaves and hashes, so that verdicts on its models are valid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Engine

from dragon_ledger.chain import events
from dragon_ledger.chain.events import ChainEvent, Position
from dragon_ledger.index.database import bind_network
from dragon_ledger.index.follower import Reached, set_progress, store
from dragon_ledger.provenance import layout
from dragon_ledger.records import Act, InitialKind, Role, Round, Run, Update, Where

SITES = 20
UPDATES = 7  # with opening, closing and release: ten facts a model
AGGREGATOR, RELEASER, REVIEWER, FIRST_SITE = 0, 1, 2, 10
MODELS_PER_VERSION = 50
START = 1_600_000_000
NONE = bytes(32)
PURPOSE = hashlib.sha256(b"purpose").digest()
RULES = hashlib.sha256(b"rules").digest()
ADDRESSES = {
    name: hashlib.sha256(name.encode()).digest()[:20]
    for name in ("Consortium", "DatasetRegistry", "TrainingLedger", "ModelRegistry")
}


def digest(*parts: object) -> bytes:
    """A digest that this text, and no other, gives."""
    return hashlib.sha256(repr(parts).encode()).digest()


def aggregate(model: int) -> bytes:
    """Content digest of a synthetic model."""
    return digest("aggregate", model)


class Filler:
    """Makes events block by block."""

    def __init__(self, chain_id: int) -> None:
        self._domain = layout.Domain(chain_id, ADDRESSES)
        self._block = 0
        self._versions: dict[int, tuple[bytes, int]] = {}
        self._count = 0

    def _position(self) -> Position:
        self._block += 1
        number = self._block
        hash_ = number.to_bytes(32, "big")
        return Position(number, 0, 0, START + number, hash_, digest("transaction", number))

    def _act(self, organisation: int, position: Position) -> Act:
        where = Where("", position.block, position.transaction)
        return Act(organisation, account(organisation), position.time, where)

    def people(self) -> Iterator[ChainEvent]:
        """Organisations, accounts and the accepted rule set."""
        roles = {AGGREGATOR: Role.AGGREGATOR, RELEASER: Role.RELEASER, REVIEWER: Role.REVIEWER}
        roles |= {FIRST_SITE + site: Role.SITE for site in range(SITES)}
        for number, role in roles.items():
            root = digest("root", number)[:20]
            yield events.OrganisationAdmitted(
                self._position(), number, root, int(role), digest("record", number), NONE
            )
            yield events.RootAccepted(self._position(), number, root, bytes(20))
            who = account(number)
            yield events.AccountEnrolled(self._position(), number, who, int(role), NONE)
            yield events.AccountAccepted(self._position(), number, who, int(role))
        yield events.RuleSetAccepted(self._position(), RULES, 15, START, 0, NONE)

    def versions(self, generation: int) -> Iterator[ChainEvent]:
        """A new approved version of every site."""
        for site in range(FIRST_SITE, FIRST_SITE + SITES):
            commitment = digest("commitment", site, generation)
            identifier = layout.version_id(self._domain, site, commitment)
            self._count += 1
            self._versions[site] = (identifier, self._count)
            qc, said = digest("qc", identifier), digest("said", identifier)
            yield events.VersionRegistered(
                *(self._position(), identifier, self._count, site, account(site), commitment),
                *(NONE, qc, digest("ethics"), RULES, PURPOSE, said),
                ethics_expiry=4_000_000_000,
                declarations=15,
                qc_passed=True,
            )
            yield events.Decided(
                *(self._position(), identifier, 1, REVIEWER, account(REVIEWER), 0, 2, NONE, said)
            )

    def model(self, number: int) -> Iterator[ChainEvent]:
        """A run of one round and the release of its aggregate: ten facts."""
        sites = [FIRST_SITE + (number + step) % SITES for step in range(UPDATES)]
        opened = self._position()
        run = self._run(number, sites, opened)
        yield events.RunOpened(
            *(opened, run.id, AGGREGATOR, run.plan, account(AGGREGATOR), run.plan, PURPOSE),
            *(layout.mask(sites), run.initial_model, NONE, NONE, run.statement),
            *(0, int(InitialKind.SEEDED), run.hash),
        )
        updates = [self._update(run, site, self._position()) for site in sites]
        for update, position in updates:
            yield events.UpdateCommitted(
                *(position, run.id, 1, update.act.organisation, update.act.account),
                *(update.digest, update.base, update.version, update.statement, NONE, update.leaf),
            )
        closed_at = self._position()
        closed = self._round(number, run, tuple(u for u, _ in updates), closed_at)
        yield events.RoundClosed(
            *(closed_at, run.id, 1, closed.aggregate, AGGREGATOR, account(AGGREGATOR), closed.base),
            *(layout.mask(sites), layout.mask(sites), closed.leaves_hash, closed.statement),
            closed.hash,
        )
        yield self._release(number, run)

    def _run(self, number: int, sites: list[int], opened: Position) -> Run:
        run = Run(
            id=NONE,
            act=self._act(AGGREGATOR, opened),
            plan=digest("plan", number),
            purpose=PURPOSE,
            participants=frozenset(sites),
            initial_model=digest("initial", number),
            initial_kind=InitialKind.SEEDED,
            parent_run=None,
            parent_round=None,
            origin=None,
            statement=digest("opened", number),
            hash=NONE,
        )
        run = replace(run, id=layout.run_id(self._domain, run))
        return replace(run, hash=layout.opening_hash(run, NONE))

    def _update(self, run: Run, site: int, position: Position) -> tuple[Update, Position]:
        version, number = self._versions[site]
        update = Update(
            run=run.id,
            round=1,
            act=self._act(site, position),
            digest=digest("update", run.id, site),
            base=run.initial_model,
            version=version,
            statement=digest("committed", run.id, site),
            replaces=None,
            leaf=NONE,
        )
        return replace(update, leaf=layout.update_leaf(update, number)), position

    def _round(
        self, number: int, run: Run, updates: tuple[Update, ...], position: Position
    ) -> Round:
        closed = Round(
            number=1,
            act=self._act(AGGREGATOR, position),
            base=run.initial_model,
            aggregate=aggregate(number),
            participants=run.participants,
            included=run.participants,
            leaves_hash=NONE,
            statement=digest("closed", number),
            hash=NONE,
            updates=updates,
        )
        closed = replace(closed, leaves_hash=layout.leaves_hash(closed))
        return replace(closed, hash=layout.round_hash(run.hash, run.id, closed))

    def _release(self, number: int, run: Run) -> ChainEvent:
        file, card = digest("file", number), digest("card", number)
        identifier = layout.digest(
            layout.RELEASE_TYPE,
            *(self._domain.chain_id, ADDRESSES["ModelRegistry"], RELEASER, run.id, 1, file),
        )
        return events.Released(
            *(self._position(), identifier, aggregate(number), file, RELEASER, account(RELEASER)),
            *(run.id, 1, card, digest("released", number)),
        )


def account(organisation: int) -> bytes:
    """The one account of an organisation."""
    return digest("account", organisation)[:20]


def fill(engine: Engine, models: int, chain_id: int, genesis: bytes) -> int:
    """Fill an empty index with `models` models; how many facts (events) there are."""
    filler, facts = Filler(chain_id), 0
    with engine.begin() as connection:
        bind_network(connection, chain_id, genesis, ADDRESSES)
        store(connection, list(filler.people()))
    for first in range(0, models, MODELS_PER_VERSION):
        made = list(filler.versions(first // MODELS_PER_VERSION)) if first % 1000 == 0 else []
        for number in range(first, min(first + MODELS_PER_VERSION, models)):
            made += filler.model(number)
        with engine.begin() as connection:
            store(connection, made)
        facts += len(made)
    with engine.begin() as connection:
        set_progress(connection, Reached(0, genesis, START))
    return facts
