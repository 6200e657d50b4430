"""What it costs a site to know a million images: database, look-up, last version, completion.

    python scripts/bench/known_images.py [IMAGES]

Rows are remembered as a check remembers them (a real memo of a sample image each), in 100 earlier
transfers. Then a transfer of 1 000 images is looked up, none and one of which is known; the last
version's files at its paths are read; and the tags are removed and made again, as for the database
of an older package.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.known import FileRecord
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import make_transfer
from dragon_ledger.site.earlier_transfers import EarlierTransfers
from dragon_ledger.site.lineage import Lineage
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.store import Store
from dragon_ledger.site.vault import Vault
from dragon_ledger.site.watch import ChainWatch

TRANSFERS, NEW = 100, 1000


class Undecided(ChainWatch):
    """A chain on which nobody decided anything."""

    def __init__(self) -> None:
        self.versions = {}


@dataclass(frozen=True)
class Site:
    """A site's records in a folder."""

    file: Path
    database: RecordsDatabase
    earlier: EarlierTransfers


def open_records(folder: Path) -> Site:
    """Open or create a site's records."""
    vault = Vault(bytes(32))
    file = folder / "records.sqlite"
    database = RecordsDatabase(file, vault)
    lineage = Lineage(database, Undecided())
    return Site(file, database, EarlierTransfers(database, Store(folder / "store", vault), lineage))


def sample(folder: Path) -> FileRecord:
    """What a check remembers of one image."""
    make_transfer(folder, partner="BENCH", seed=1, subjects=1, slices=25, size=32)
    report = check_transfer(folder, built_in(), today=date(2026, 11, 22), workers=1)
    return next(record for record in report.files if record.memo)


def image(record: FileRecord, transfer: int, number: int) -> FileRecord:
    """One of many images that differ in what they are found by."""
    study = f"2.25.{transfer:039d}"
    return replace(
        record,
        path=f"P{transfer:04d}-{number // 300:05d}/{study}/{study}1/{number:05d}.dcm",
        instance=f"2.25.{transfer * 10**9 + number:039d}",
        pixels=f"{transfer * 10**9 + number:032x}",
    )


def fill(site: Site, record: FileRecord, count: int) -> None:
    """Remember images in accepted transfers, each on top of the one before."""
    base = bytes(32)
    for transfer in range(TRANSFERS):
        name = f"transfer-{transfer}"
        site.earlier.remember(name, (image(record, transfer, n) for n in range(count // TRANSFERS)))
        facts = {
            "transfer": name, "outcome": "PASS", "series": {}, "adds": True, "withdrawn": [],
            "registration": {"predecessor": base.hex()},
        }  # fmt: skip
        base = bytes([transfer + 1]) * 32
        with site.database.session() as session:
            site.database.add_version(session, base, facts, (), {})
            site.database.read_files.drop_memos(session, name)


def timed(what: str, work: Callable[[], object]) -> None:
    """Do something and print how long it took."""
    start = time.perf_counter()
    found = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:48} {time.perf_counter() - start:8.2f} s  peak {peak:5.0f} MiB  {found}")


def forget_tags(file: Path) -> None:
    """Make the database one of an older package."""
    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE file SET instance = NULL, pixels = NULL")
    raw.close()


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record = sample(folder / "sample")
        site = open_records(folder)
        timed(f"remember {count} images", lambda: fill(site, record, count))
        print(f"{'database':48} {site.file.stat().st_size / 2**30:8.2f} GiB")
        new = [image(record, TRANSFERS + 1, number) for number in range(NEW)]
        known = image(record, 3, 5)
        keys = {each.instance for each in new}, {each.pixels for each in new}
        recall = site.earlier.known("new", reread=False).recall
        timed(f"look up {NEW} images, none known", lambda: len(list(recall(*keys))))
        timed("the same, one known", lambda: len(list(recall(keys[0], keys[1] | {known.pixels}))))
        paths = [each.path for each in new]
        transfer = folder / "new"
        transfer.mkdir()
        timed(
            f"last version's files at {NEW} paths",
            lambda: site.earlier.previous(transfer, whole=False, also=paths),
        )
        forget_tags(site.file)
        timed(
            "tag the files of an older package, once",
            lambda: site.earlier.upgrade(lambda *_: None),
        )
        site.database.close()


if __name__ == "__main__":
    main()
