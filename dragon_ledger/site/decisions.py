"""What a site decides on its own versions: superseded, retired, erased."""

from __future__ import annotations

from dragon_ledger.errors import InputError
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.records_database import RecordsDatabase
from dragon_ledger.site.site_acts import DecideVersion
from dragon_ledger.site.statements import seal_decision
from dragon_ledger.site.views import remove_view, version_files
from dragon_ledger.site.workplace import Workplace

NO_SUCCESSOR = bytes(32)


def queue_decision(
    place: Workplace, version: bytes, successor: bytes | None, reason: int, words: str
) -> str:
    """Queue that a version is superseded by `successor`, or retired when there is none; its key."""
    decision = "supersede" if successor else "retire"
    organisation = place.connection.organisation
    statement = seal_decision(
        place.address_of("DatasetRegistry"),
        organisation=organisation,
        version=version,
        decision=decision,
        reason=reason,
        words=words,
        successor=successor,
    )
    place.documents.publish(statement.data)
    act = DecideVersion(
        decision=decision,
        version=version,
        successor=successor or NO_SUCCESSOR,
        reason=reason,
        statement=statement.digest,
    )
    place.outbox.put(act.key, lane=act.lane, kind=act.kind, act=act.to_json())
    return act.key


def erase(config: SiteConfig, place: Workplace, database: RecordsDatabase, version: bytes) -> int:
    """Destroy a version's salts, random values, records, reports, view and files.

    What stays on chain says nothing about anyone afterwards. What another version still holds stays
    for that one. Copies outside this folder (the inbox, backups, what a reviewer was shown) are for
    the site to destroy. Returns how many files were removed.

    Raises:
        InputError: the version is not this site's, or erased already.
        StorageError: the disk or database cannot be written; the erasure can be repeated.
    """
    facts = database.version(version)
    if facts is None:
        raise InputError(f"version {version.hex()}: not in this folder, or erased already")
    remove_view(config.folder / "views", version)
    others = {
        record.sha256
        for other, _ in database.versions()
        if other != version
        for record in version_files(database, other)
    }
    gone = {record.sha256 for record in version_files(database, version)} - others
    for sha256 in gone:
        place.store.forget_file(sha256)
    for name in ("summary", "annex", "html", "tree"):
        place.store.forget(bytes.fromhex(facts[name]))
    for digest in facts["publish"]:
        place.store.forget(bytes.fromhex(digest))
        place.outbox.mark_published(bytes.fromhex(digest))
    database.erase_version(version, facts["transfer"])
    log_event("version.erased", version=version, files=len(gone))
    return len(gone)
