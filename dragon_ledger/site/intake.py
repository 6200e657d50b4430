"""From a complete transfer in the inbox to a version that waits in the outbox for its registration.

Nothing in the inbox is ever changed. Everything that a version is made of is stored before it is
queued, and the random values of its commitment with it: cut off anywhere, the work is either done
again from the transfer, with nothing on chain, or goes on with the same commitment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from dragon_ledger.digests.manifest import NO_SUBJECT, ClinicalRow, FileRecord, Record
from dragon_ledger.errors import LedgerError
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.dataset import DatasetBuilder, NewVersion, PreviousDataset, write_stems
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.ids import version_id
from dragon_ledger.site.lineage import KeptVersion, Lineage
from dragon_ledger.site.outbox import Outbox, State
from dragon_ledger.site.papers import SOFTWARE, seal_ethics, seal_report
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.site_acts import RegisterVersion
from dragon_ledger.site.statements import LedgerAddress, seal_registration
from dragon_ledger.site.store import Store, UnusableTransfer
from dragon_ledger.site.vault import Vault
from dragon_ledger.site.views import build_view, version_files

COMPLETION_MARKER = "TRANSFER_COMPLETE"
ZERO = bytes(32)


class Interrupted(LedgerError):
    """Work on a transfer was ended because the agent stops; the next start goes on with it."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file as the quality check read it; `subject` None for a table."""

    record: FileRecord
    subject: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a quality check: what is sealed, and what the version is made from.

    `outcome` is PASS, FAIL or NOT VERIFIABLE; `rows` are the clinical rows by subject; `series`
    is what to keep of each SeriesInstanceUID (`earlier_transfers.series_facts`). `adds`: the
    transfer adds to the last version (incremental) and takes the images at `withdrawn` out of it;
    else it holds everything.
    """

    outcome: str
    rule_set: bytes
    summary: bytes
    annex: bytes
    html: bytes
    files: Sequence[CheckedFile]
    rows: Mapping[str, Sequence[ClinicalRow]]
    series: Mapping[str, Sequence[Any]]
    adds: bool
    withdrawn: frozenset[str]


def complete_transfers(inbox: Path) -> Iterator[Path]:
    """Folders of the inbox that hold the completion marker, by name; hidden ones are left out."""
    if not inbox.is_dir():
        return
    for folder in sorted(inbox.iterdir()):
        if not folder.name.startswith(".") and (folder / COMPLETION_MARKER).is_file():
            yield folder


class Intake:
    """Turns checked transfers into versions of one site."""

    def __init__(
        self,
        config: SiteConfig,
        database: RecordsDatabase,
        vault: Vault,
        store: Store,
        outbox: Outbox,
        lineage: Lineage,
        chain: LedgerAddress,
    ) -> None:
        """`chain` names the DatasetRegistry."""
        self._lineage = lineage
        self._config = config
        self._database = database
        self._store = store
        self._outbox = outbox
        self._chain = chain
        self._builder = DatasetBuilder(database, vault)

    def new_transfers(self) -> list[Path]:
        """Complete transfers that were not looked at yet."""
        return [
            folder
            for folder in complete_transfers(self._config.inbox)
            if self._database.transfer(folder.name) is None
        ]

    def refuse(self, transfer: Path, why: str) -> None:
        """Remember that a transfer cannot become a version at all, and why."""
        with self._database.session() as session:
            self._database.put_transfer(session, transfer.name, {"unusable": why})
        log_event("transfer.unusable", transfer=transfer.name, why=why)

    def copy(self, transfer: Path, checked: Checked, stopping: Event | None = None) -> None:
        """Copy a checked transfer into the store; long, and may be done ahead by another thread.

        Raises:
            Interrupted: `stopping` was set; what is copied is not copied again.
            UnusableTransfer: a file changed after it was checked.
            StorageError: the disk cannot hold it.
        """
        for file in checked.files:
            if stopping is not None and stopping.is_set():
                raise Interrupted(f"{transfer}: the agent stops; its start goes on with the copy")
            self._store.put_file(transfer / file.record.path, file.record.sha256)

    def take_in(self, transfer: Path, checked: Checked) -> bytes:
        """Store a checked transfer as the next version and queue its registration; its id.

        Raises:
            UnusableTransfer: it holds no subject, or changed after it was checked.
            StorageError: it cannot be stored; the transfer is taken in again.
        """
        _refuse_names(transfer, checked)
        self.copy(transfer, checked)
        base = self._base()
        version = self._builder.build(
            records_of(transfer.name, checked),
            self._previous(base),
            adds=checked.adds,
            withdrawn=checked.withdrawn,
        )
        facts = self._facts(transfer, checked, version, base)
        identifier = bytes.fromhex(facts["registration"]["version"])
        with self._database.session() as session:
            self._database.add_version(
                session, identifier, facts, version.members, version.manifests
            )
            self._database.put_transfer(session, transfer.name, {"version": identifier.hex()})
            self._database.read_files.drop_memos(session, transfer.name)
        log_event(
            "version.made", version=identifier, transfer=transfer.name, outcome=checked.outcome
        )
        self.queue(identifier, facts)
        return identifier

    def queue_all(self) -> None:
        """Queue whatever a cut-off left stored and not queued; queuing twice is queuing once."""
        for identifier, facts in self._database.versions():
            self.queue(identifier, facts)

    def queue(self, identifier: bytes, facts: Mapping[str, Any]) -> None:
        """Make the view, and queue registration and documents of a stored version."""
        files = version_files(self._database, identifier)
        build_view(self._config.folder / "views", identifier, files, self._store)
        act = RegisterVersion.from_json(facts["registration"])
        if self._outbox.put(act.key, lane=act.lane, kind=act.kind, act=act.to_json()):
            log_event("version.queued", version=identifier)
        for digest in facts["publish"]:
            self._outbox.publish(bytes.fromhex(digest))

    def _base(self) -> KeptVersion | None:
        """The newest accepted version whose registration was not refused."""
        for version in reversed(self._lineage.accepted()):
            entry = self._outbox.find(f"{RegisterVersion.kind}:{version.id.hex()}")
            if entry is None or entry.state is not State.REFUSED:
                return version
        return None

    def _previous(self, base: KeptVersion | None) -> PreviousDataset | None:
        if base is None:
            return None
        return PreviousDataset(base.id, self._store.get(bytes.fromhex(base.facts["tree"])))

    def _facts(
        self, transfer: Path, checked: Checked, version: NewVersion, base: KeptVersion | None
    ) -> dict[str, Any]:
        """Everything about a version but its subjects; the documents go into the store."""
        report = seal_report(checked.summary, checked.annex, checked.outcome, checked.rule_set)
        act = self._registration(checked, version, base, report.document.digest)
        summary = self._store.put(checked.summary)
        self._store.put(report.document.data)
        return {
            "transfer": transfer.name,
            "outcome": checked.outcome,
            "series": dict(checked.series),
            "adds": checked.adds,
            "withdrawn": sorted(checked.withdrawn),
            "registration": act.to_json(),
            "summary": summary.hex(),
            "annex": self._store.put(checked.annex).hex(),
            "html": self._store.put(checked.html).hex(),
            "annex_salt": report.annex_salt.hex(),
            "randomness": version.dataset.randomness.hex(),
            "tree": self._store.put(write_stems(version.dataset.tree)).hex(),
            "publish": [
                digest.hex() for digest in (act.qc_report, summary, act.ethics, act.statement)
            ],
        }

    def _registration(
        self, checked: Checked, version: NewVersion, base: KeptVersion | None, report: bytes
    ) -> RegisterVersion:
        """The act that registers a version; its ethics file and statement go into the store."""
        organisation = self._config.connection.organisation
        commitment = version.dataset.commitment()
        settings = self._config.ethics
        statement = seal_registration(
            self._chain,
            organisation=organisation,
            commitment=commitment,
            predecessor=base.id if base else None,
            rule_set=checked.rule_set,
            qc_outcome=checked.outcome,
            software=SOFTWARE,
        )
        return RegisterVersion(
            version=version_id(
                self._chain.chain_id, self._chain.contract, organisation, commitment
            ),
            commitment=commitment,
            predecessor=base.id if base else ZERO,
            qc_report=report,
            ethics=self._store.put(seal_ethics(settings).data),
            rule_set=checked.rule_set,
            purpose=self._config.purpose,
            statement=self._store.put(statement.data),
            ethics_expiry=settings.expiry,
            declarations=int(settings.flags),
            qc_passed=checked.outcome == "PASS",
        )


def _refuse_names(transfer: Path, checked: Checked) -> None:
    for file in checked.files:
        if not _is_utf8(file.record.path):
            shown = ascii(file.record.path)
            raise UnusableTransfer(f"{transfer}: the name {shown} is not UTF-8: rename the file")


def _is_utf8(path: str) -> bool:
    return path.encode(errors="replace").decode() == path


def records_of(transfer: str, checked: Checked) -> dict[str, list[Record]]:
    """The records of a transfer by subject; tables and rows of nobody stand under NO_SUBJECT.

    Each transfer brings tables of the same names, so they are kept below `tables/TRANSFER/`.
    """
    records: dict[str, list[Record]] = {}
    for file in checked.files:
        if file.subject is None:
            table = replace(file.record, path=f"tables/{transfer}/{file.record.path}")
            records.setdefault(NO_SUBJECT, []).append(table)
        else:
            records.setdefault(file.subject, []).append(file.record)
    for subject, rows in checked.rows.items():
        records.setdefault(subject, []).extend(rows)
    return records


Checker = Callable[[Path], Checked]
