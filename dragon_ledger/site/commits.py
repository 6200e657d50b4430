"""Takes updates from the drop folder into the outbox, each exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from dragon_ledger.digests.hdf5 import Hdf5Worker
from dragon_ledger.errors import InputError, LedgerError
from dragon_ledger.records import Digest
from dragon_ledger.site.documents import Documents
from dragon_ledger.site.drop_folder import (
    BASE,
    MARKER,
    UPDATE,
    complete_rounds,
    read_update_statement,
)
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.outbox import Outbox
from dragon_ledger.site.run_folders import Plan, read_plan, run_folder
from dragon_ledger.site.site_acts import CommitUpdate
from dragon_ledger.site.statements import LedgerAddress, seal_update
from dragon_ledger.site.troubles import tell
from dragon_ledger.site.watch import RunState


class RunFolders:
    """The folders of runs below one parent; knows which plan and folder a run has."""

    def __init__(self, parent: Path, documents: Documents, outbox: Outbox) -> None:
        self._parent = parent
        self._documents = documents
        self._outbox = outbox
        self._known: dict[bytes, tuple[Path, Plan]] = {}

    def of(self, run: RunState) -> tuple[Path, Plan] | None:
        """A run's folder and plan; None while its plan cannot be had, which `status` then says."""
        if run.id not in self._known:
            name = f"run {run.id.hex()[:16]}"
            try:
                found = self._find(run)
            except LedgerError as error:
                tell(self._outbox, name, f"its plan cannot be used yet: {error}")
                return None
            tell(self._outbox, name, "" if found else "its plan is not on the exchange yet")
            if found is None:
                return None
            log_event("run.known", run=run.id, folder=found[0].name)
            self._known[run.id] = found
        return self._known[run.id]

    def _find(self, run: RunState) -> tuple[Path, Plan] | None:
        data = self._documents.fetch(run.opening.plan)
        if data is None:
            return None
        plan = read_plan(data, run.opening.plan)
        return run_folder(self._parent, run.id, plan), plan


class UpdateCollector:
    """Looks for complete updates and queues their commits."""

    def __init__(
        self,
        outbox: Outbox,
        documents: Documents,
        folders: RunFolders,
        models: Hdf5Worker,
        chain: LedgerAddress,
        organisation: int,
    ) -> None:
        """`chain` names the TrainingLedger."""
        self._models = models
        self._outbox = outbox
        self._documents = documents
        self._folders = folders
        self._chain = chain
        self._organisation = organisation

    def collect(self, runs: Iterator[RunState]) -> None:
        """Queue every update that is complete and was not taken up as it is now."""
        for run in runs:
            found = self._folders.of(run)
            if found is None:
                continue
            for number, folder in complete_rounds(found[0]):
                self._collect_round(run, number, folder)

    def _collect_round(self, run: RunState, number: int, folder: Path) -> None:
        name = f"drop {folder.parent.name}/{number}"
        try:
            signature = signature_of(folder, (BASE, UPDATE, MARKER))
            if self._outbox.remembered(name) == signature:
                return
            self._queue(run, number, folder)
        except InputError as error:
            tell(self._outbox, name, str(error))
            return
        tell(self._outbox, name, "")
        self._outbox.remember(name, signature)

    def _queue(self, run: RunState, number: int, folder: Path) -> None:
        said = read_update_statement(folder)
        update = self._models.digest(folder / UPDATE)
        base = self._models.digest(folder / BASE)
        mark = mark_of(folder, update, base)
        if self._outbox.find(f"{CommitUpdate.kind}:{run.id.hex()}:{number}:{mark}"):
            return
        statement = seal_update(
            self._chain,
            run=run.id,
            round_number=number,
            organisation=self._organisation,
            update=update,
            base=base,
            said=said,
        )
        self._documents.publish(statement.data)
        act = CommitUpdate(
            mark=mark,
            run=run.id,
            round=number,
            update=update.value,
            base=base.value,
            version=said.dataset_version,
            statement=statement.digest,
        )
        self._outbox.put(act.key, lane=act.lane, kind=act.kind, act=act.to_json())
        log_event("update.queued", run=run.id, round=number, update=update.value)


def signature_of(folder: Path, names: tuple[str, ...]) -> str:
    """Changes whenever one of the files is written again.

    Raises:
        InputError: a file is missing although the marker is there.
    """
    parts = []
    for name in names:
        try:
            found = (folder / name).stat()
        except OSError as error:
            raise InputError(
                f"{folder / name}: {error.strerror}, although {MARKER} says that all is there"
            ) from error
        parts.append(f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}")
    return " ".join(parts)


def mark_of(folder: Path, *digests: Digest) -> str:
    """Names what was dropped: the statement's bytes and the models' content."""
    digest = hashlib.sha256((folder / MARKER).read_bytes())
    for model in digests:
        digest.update(str(model).encode())
    return digest.hexdigest()[:32]
