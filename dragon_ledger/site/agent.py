"""The site agent: one process that works on one folder until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dragon_ledger.errors import InputError, LedgerError
from dragon_ledger.site.commits import RunFolders, UpdateCollector
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.earlier_transfers import EarlierTransfers
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.intake import Checked, Checker, Intake
from dragon_ledger.site.lineage import Lineage
from dragon_ledger.site.outbox import State
from dragon_ledger.site.quality_check import QualityCheck
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.site_acts import SITE_ACTS
from dragon_ledger.site.store import Store, UnusableTransfer, sweep
from dragon_ledger.site.troubles import tell
from dragon_ledger.site.vault import open_vault
from dragon_ledger.site.workplace import Workplace

if TYPE_CHECKING:
    from dragon_ledger.quality.rules import RuleSet

RECORDS_FILE = "records.sqlite"


@contextmanager
def open_site(config: SiteConfig, password: str) -> Iterator[tuple[Workplace, RecordsDatabase]]:
    """Open a site's folder to work on it.

    Raises:
        AlreadyRunning: another process works on the folder.
        ConfigurationError: a key, password, token or network file cannot be used.
        StorageError: the folder cannot be written.
    """
    with (
        Workplace(config.folder, config.connection, password, SITE_ACTS) as place,
        closing(RecordsDatabase(config.folder / RECORDS_FILE, place.vault)) as database,
    ):
        yield place, database


@contextmanager
def open_records(config: SiteConfig, password: str) -> Iterator[tuple[RecordsDatabase, Store]]:
    """Open a site's records and store to read them, also while its agent runs; errors as above."""
    vault = open_vault(config.connection.data_key, password)
    with closing(RecordsDatabase(config.folder / RECORDS_FILE, vault)) as database:
        yield database, Store(config.folder / "store", vault)


@contextmanager
def open_agent(
    config: SiteConfig, password: str, rules: RuleSet, *, reread: bool = False
) -> Iterator[SiteAgent]:
    """Open a site's folder and its agent; errors as `open_site`.

    `reread` reads files again that are known and look unchanged.
    """
    stopping = threading.Event()
    with open_site(config, password) as (place, database):
        sweep(config.folder / "views")
        lineage = Lineage(database, place.watch)
        earlier = EarlierTransfers(database, place.store, lineage)
        checker = QualityCheck(rules, earlier, config.workers, stopping, reread=reread)
        with closing(SiteAgent(config, place, database, checker, stopping)) as agent:
            yield agent


class SiteAgent:
    """Polls inbox, drop folder and chain.

    `checker` judges a transfer; it runs in a thread of its own, so that a long check holds up no
    commit. `stopping` ends it, and the copying behind it; `close` sets it.
    """

    def __init__(
        self,
        config: SiteConfig,
        place: Workplace,
        database: RecordsDatabase,
        checker: Checker,
        stopping: threading.Event,
    ) -> None:
        self._config = config
        self._place = place
        self._database = database
        self._checker = checker
        self._intake = Intake(
            config,
            database,
            place.vault,
            place.store,
            place.outbox,
            Lineage(database, place.watch),
            place.address_of("DatasetRegistry"),
        )
        self._folders = RunFolders(config.folder / "drop", place.documents, place.outbox)
        self._collector = UpdateCollector(
            place.outbox,
            place.documents,
            self._folders,
            place.models,
            place.address_of("TrainingLedger"),
            config.connection.organisation,
        )
        self._stopping = stopping
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="quality-check")
        self._job: tuple[Path, Future[Checked]] | None = None
        self._failed: set[str] = set()
        self._reconciled = False

    def close(self) -> None:
        """End a running check; it has stored nothing that counts."""
        self._stopping.set()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def knows(self, transfer: Path) -> bool:
        """Whether a transfer was taken in or found unusable."""
        return self._database.transfer(transfer.name) is not None or transfer.name in self._failed

    def version_of(self, transfer: Path) -> bytes:
        """The version that a transfer became.

        Raises:
            InputError: it became none; the message says why.
        """
        facts = self._database.transfer(transfer.name) or {"unusable": "its check stopped"}
        if "version" not in facts:
            raise InputError(f"{transfer}: cannot be registered: {facts['unusable']}")
        return bytes.fromhex(facts["version"])

    def state(self, key: str) -> tuple[State, str]:
        """Where an entry of the outbox stands, and its note."""
        return self._place.state(key)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        self._place.loop(self.tick, stop)

    def tick(self) -> None:
        """Look once at everything."""
        place = self._place
        # First, so that the next version is not built on one that was rejected meanwhile.
        reachable = place.phase("chain", place.watch.refresh)
        place.phase("intake", self._take_in)
        if reachable:
            place.phase("drop", self._collect)
            place.phase("outbox", place.to_chain)
        place.phase("exchange", place.documents.push)

    def _collect(self) -> None:
        self._collector.collect(self._place.watch.runs_of(self._config.connection.organisation))

    def _take_in(self) -> None:
        if not self._reconciled:
            self._intake.queue_all()
            self._reconciled = True
        if self._job is None:
            self._start_check()
        elif self._job[1].done():
            transfer, result = self._job
            self._job = None
            self._finish_check(transfer, result)
            self._start_check()

    def _start_check(self) -> None:
        waiting = [path for path in self._intake.new_transfers() if path.name not in self._failed]
        if waiting:
            log_event("transfer.found", transfer=waiting[0].name)
            self._job = waiting[0], self._executor.submit(self._check, waiting[0])

    def _check(self, transfer: Path) -> Checked:
        checked = self._checker(transfer)
        self._intake.copy(transfer, checked, self._stopping)
        return checked

    def _finish_check(self, transfer: Path, result: Future[Checked]) -> None:
        defect = result.exception()
        if defect is None or isinstance(defect, LedgerError):
            try:
                self._intake.take_in(transfer, result.result())
            except UnusableTransfer as error:
                self._intake.refuse(transfer, str(error))
            return
        # A defect in a check must not stop the commits; the next start tries again.
        self._failed.add(transfer.name)
        words = f"the check stopped with {type(defect).__name__}: {defect}; please report it"
        log_event("transfer.check_failed", transfer=transfer.name, why=words)
        tell(self._place.outbox, f"transfer {transfer.name}", words)
