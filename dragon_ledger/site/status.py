"""What `status` and `outbox` show: read from the folder, also while the agent works on it.

Needs no password: everything here is what the outbox keeps in plain, which is also on chain.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.site.lock import holder
from dragon_ledger.site.outbox import Entry, Outbox, Publication, State
from dragon_ledger.site.workplace import OUTBOX_FILE

LOW_SPACE = 64 * 2**20
"""Free bytes below which `status` warns; SQLite needs a few megabytes to go on."""


@dataclass(frozen=True, slots=True)
class Status:
    """A folder's state. `process` is None when no agent runs; `troubles` by name: words, since."""

    folder: Path
    process: int | None
    free_bytes: int
    entries: tuple[Entry, ...]
    unpublished: tuple[Publication, ...]
    troubles: Mapping[str, tuple[str, int]]

    def count(self, state: State) -> int:
        """How many entries are in a state."""
        return sum(entry.state is state for entry in self.entries)

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "folder": str(self.folder),
            "process": self.process,
            "free_bytes": self.free_bytes,
            "counts": {state.value: self.count(state) for state in State},
            "entries": [entry_json(entry) for entry in self.entries],
            "unpublished": [
                {"digest": waiting.digest.hex(), "since": waiting.queued_at, "note": waiting.note}
                for waiting in self.unpublished
            ],
            "troubles": {
                name: {"words": words, "since": since}
                for name, (words, since) in self.troubles.items()
            },
        }


def read_status(folder: Path) -> Status:
    """Look at a folder.

    Raises:
        ConfigurationError: it is no folder of an agent that has run.
        StorageError: its outbox cannot be read.
    """
    path = folder / OUTBOX_FILE
    if not path.exists():
        raise ConfigurationError(
            f"{path}: no such file; `init` makes a folder and `run` starts its agent"
        )
    outbox = Outbox(path, read_only=True)
    try:
        free = shutil.disk_usage(folder).free
        troubles = dict(outbox.observations())
        if free < LOW_SPACE:
            words = f"only {free // 2**20} MiB are free at {folder}; make room, nothing is lost"
            troubles["disk"] = (words, outbox.now())
        return Status(
            folder=folder,
            process=holder(folder),
            free_bytes=free,
            entries=tuple(outbox.entries()),
            unpublished=tuple(outbox.unpublished()),
            troubles=troubles,
        )
    finally:
        outbox.close()


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry for programs; signed transactions are left out, their hashes are there."""
    return {
        "key": entry.key,
        "kind": entry.kind,
        "state": entry.state.value,
        "note": entry.note,
        "error": entry.error,
        "block": entry.block,
        "act": entry.act,
        "queued_at": entry.queued_at,
        "changed_at": entry.changed_at,
        "transactions": [
            {"hash": f"0x{attempt.tx_hash.hex()}", "nonce": attempt.nonce}
            for attempt in entry.attempts
        ],
    }
