"""The aggregator: hands out committed updates, closes rounds, publishes global models."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth_hash.auto import keccak

from dragon_ledger.digests.documents import read_envelope
from dragon_ledger.errors import InputError
from dragon_ledger.federation.aggregator_acts import AGGREGATOR_ACTS, CloseRound
from dragon_ledger.federation.config import AggregatorConfig
from dragon_ledger.federation.plan import WEIGHTED_AVERAGE
from dragon_ledger.federation.recompute import WeightedUpdate, recompute
from dragon_ledger.federation.requests import RunRequest, discard, waiting_requests
from dragon_ledger.records import Digest
from dragon_ledger.site.commits import RunFolders, mark_of, signature_of
from dragon_ledger.site.drop_folder import (
    AGGREGATE,
    MARKER,
    AggregateStatement,
    complete_rounds,
    read_aggregate_statement,
)
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.run_folders import Plan
from dragon_ledger.site.statements import seal_aggregate
from dragon_ledger.site.store import copy_whole, sweep
from dragon_ledger.site.troubles import tell
from dragon_ledger.site.watch import RunState
from dragon_ledger.site.workplace import Workplace

MODEL = "model.h5"
SCRATCH = "scratch"


@contextmanager
def open_aggregator(config: AggregatorConfig, password: str) -> Iterator[Aggregator]:
    """Open an aggregator's folder; errors as `site.agent.open_agent`."""
    with Workplace(config.folder, config.connection, password, AGGREGATOR_ACTS) as place:
        for name in ("initial", SCRATCH):
            sweep(config.folder / name)
        for name in ("global", "ready"):
            sweep(config.folder / name, "*/*/.*.part")
        yield Aggregator(config, place)


class Aggregator:
    """Polls requests, incoming updates, drop folder and chain."""

    def __init__(self, config: AggregatorConfig, place: Workplace) -> None:
        self._config = config
        self._place = place
        self._folder = config.folder
        self._folders = RunFolders(config.folder / "drop", place.documents, place.outbox)
        self._digests: dict[Path, tuple[str, Digest]] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        self._place.loop(self.tick, stop)

    def tick(self) -> None:
        """Look once at everything."""
        place = self._place
        place.phase("requests", self._take_requests)
        if place.phase("chain", place.watch.refresh):
            place.phase("rounds", self._work_on_rounds)
            place.phase("outbox", place.to_chain)
        if place.phase("chain", place.watch.refresh):
            place.phase("rounds", self._work_on_rounds)
        place.phase("exchange", place.documents.push)

    # -- opening ------------------------------------------------------------------------------

    def _take_requests(self) -> None:
        for request in waiting_requests(self._folder / "requests"):
            self._take(request)

    def _take(self, request: RunRequest) -> None:
        """Everything before the last line can be done again."""
        for document in request.documents:
            self._place.documents.publish(document)
        copy_whole(request.model, self._initial(request.act.run))
        act = request.act
        self._place.outbox.put(act.key, lane=act.lane, kind=act.kind, act=act.to_json())
        log_event("run.queued", run=act.run)
        discard(request)

    def _initial(self, run: bytes) -> Path:
        return self._folder / "initial" / f"{run.hex()}.h5"

    # -- rounds -------------------------------------------------------------------------------

    def _work_on_rounds(self) -> None:
        own = self._config.connection.organisation
        for run in list(self._place.watch.runs.values()):
            if run.opening.organisation != own:
                continue
            found = self._folders.of(run)
            if found is None:
                continue
            folder, plan = found
            self._publish_models(run, folder)
            if not run.aborted:
                self._hand_out(run, folder.name)
                self._collect_aggregate(run, folder, plan)

    def _publish_models(self, run: RunState, folder: Path) -> None:
        """Put every final global model that is not there yet into `global/<run>/<round>/`."""
        final = self._place.ledger.final_block(self._place.ledger.head()).number
        models = [(0, run.opening.position.block, run.opening.initial_model)]
        models += [(event.round, event.position.block, event.aggregate) for event in run.rounds]
        for number, block, digest in models:
            target = self._folder / "global" / folder.name / str(number) / MODEL
            if block > final or target.exists():
                continue
            source = self._initial(run.id) if number == 0 else folder / str(number) / AGGREGATE
            name = f"global {folder.name}/{number}"
            if not source.exists() or self._digest(source).value != digest:
                tell(self._place.outbox, name, f"{source} is not the model that is on chain")
                continue
            copy_whole(source, target)
            tell(self._place.outbox, name, "")
            # Who was absent is on chain now; what did not arrive in time is no trouble any more.
            self._place.outbox.settle(f"incoming {folder.name}/{number}/")
            log_event("model.published", run=run.id, round=number, digest=digest)

    def _hand_out(self, run: RunState, name: str) -> None:
        """Copy incoming updates that are the committed ones to `ready/`, and take back others."""
        number = run.open_round
        ready = self._folder / "ready" / name / str(number)
        for path in _updates(self._folder / "incoming" / name / str(number)):
            organisation = int(path.stem)
            update = run.update(number, organisation)
            label = f"incoming {name}/{number}/{path.name}"
            if update is None:
                tell(self._place.outbox, label, "waits: this site has committed no update")
            elif self._digest(path).value != update.update:
                tell(self._place.outbox, label, "is not the update that this site committed")
            else:
                tell(self._place.outbox, label, "")
                self._make_ready(path, ready / path.name, run, update.update)
        for path in _updates(ready):
            update = run.update(number, int(path.stem))
            if update is None or self._digest(path).value != update.update:
                path.unlink()
                log_event("update.taken_back", run=run.id, round=number, organisation=path.stem)

    def _make_ready(self, source: Path, target: Path, run: RunState, digest: bytes) -> None:
        if target.exists() and self._digest(target).value == digest:
            return
        copy_whole(source, target)
        log_event(
            "update.ready",
            run=run.id,
            round=run.open_round,
            organisation=source.stem,
            digest=digest,
        )

    def _collect_aggregate(self, run: RunState, folder: Path, plan: Plan) -> None:
        for number, path in complete_rounds(folder):
            if number != run.open_round:
                continue
            name = f"drop {folder.name}/{number}"
            try:
                signature = signature_of(path, (AGGREGATE, MARKER))
                signature += f" {self._leaves(run, number).hex()}"
                if self._place.outbox.remembered(name) == signature:
                    return
                self._queue_closing(run, path, plan)
            except InputError as error:
                tell(self._place.outbox, name, str(error))
                return
            tell(self._place.outbox, name, "")
            self._place.outbox.remember(name, signature)

    def _queue_closing(self, run: RunState, path: Path, plan: Plan) -> None:
        number = run.open_round
        said = read_aggregate_statement(path)
        ready = self._folder / "ready" / path.parent.name / str(number)
        leaves = [self._leaf(run, number, organisation, ready) for organisation in said.included]
        aggregate = self._digest(path / AGGREGATE)
        if self._config.recompute and plan.content.get("aggregation") == WEIGHTED_AVERAGE:
            self._require_recomputed(run, said, ready, aggregate)
        # A site that commits again after this makes the contract refuse: LeavesChanged.
        leaves_hash = bytes(keccak(b"".join(leaves)))
        mark = f"{mark_of(path, aggregate)}{leaves_hash.hex()[:8]}"
        if self._place.outbox.find(f"{CloseRound.kind}:{run.id.hex()}:{number}:{mark}"):
            return
        statement = seal_aggregate(
            self._place.address_of("TrainingLedger"),
            run=run.id,
            round_number=number,
            aggregate=aggregate,
            said=said,
        )
        self._place.documents.publish(statement.data)
        act = CloseRound(
            mark=mark,
            run=run.id,
            round=number,
            aggregate=aggregate.value,
            included=sum(1 << organisation for organisation in said.included),
            leaves_hash=leaves_hash,
            statement=statement.digest,
        )
        self._place.outbox.put(act.key, lane=act.lane, kind=act.kind, act=act.to_json())
        log_event("aggregate.queued", run=run.id, round=number, aggregate=aggregate.value)

    def _leaf(self, run: RunState, number: int, organisation: int, ready: Path) -> bytes:
        """The leaf of an update that went in; it must be the one that was handed out."""
        update = run.update(number, organisation)
        path = ready / f"{organisation}.h5"
        if update is None or not path.exists() or self._digest(path).value != update.update:
            raise InputError(
                f"included names organisation {organisation}, but {path} is not there as committed:"
                " aggregate again from what is ready, and write the statement again"
            )
        return update.leaf

    def _leaves(self, run: RunState, number: int) -> bytes:
        """Changes whenever a site commits in the round."""
        participants = range(256)
        leaves = [update.leaf for site in participants if (update := run.update(number, site))]
        return bytes(keccak(b"".join(leaves)))

    def _require_recomputed(
        self, run: RunState, said: AggregateStatement, ready: Path, aggregate: Digest
    ) -> None:
        weighted = {
            organisation: WeightedUpdate(
                ready / f"{organisation}.h5", self._weight(run, organisation)
            )
            for organisation in said.included
        }
        scratch = self._folder / SCRATCH
        scratch.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=scratch, prefix=".", suffix=".part") as folder:
            target = Path(folder) / AGGREGATE
            recompute(weighted, target)
            found = self._place.models.digest(target)
        if found != aggregate:
            raise InputError(
                f"{AGGREGATE} is {aggregate}, but rule {WEIGHTED_AVERAGE} over the committed"
                f" updates gives {found}: the round is not closed with it; aggregate again, or set"
                " recompute = false and let the participants dispute it"
            )

    def _weight(self, run: RunState, organisation: int) -> float:
        """The weight that a site's committed statement names."""
        update = run.update(run.open_round, organisation)
        data = self._place.documents.fetch(update.statement) if update else None
        if data is None:
            raise InputError(
                f"the statement of organisation {organisation}'s update is not on the exchange yet"
            )
        content = read_envelope(data).content
        weight = content.get("weight") if isinstance(content, dict) else None
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise InputError(f"the statement of organisation {organisation}'s update has no weight")
        return float(weight)

    def _digest(self, path: Path) -> Digest:
        """The content digest of a file, computed once as long as the file stays as it is."""
        signature = signature_of(path.parent, (path.name,))
        known = self._digests.get(path)
        if known is None or known[0] != signature:
            known = signature, self._place.models.digest(path)
            self._digests[path] = known
        return known[1]


def _updates(folder: Path) -> list[Path]:
    """Files named after an organisation's number, by number."""
    if not folder.is_dir():
        return []
    named = [path for path in folder.glob("*.h5") if path.stem.isdecimal()]
    return sorted(named, key=lambda path: int(path.stem))
