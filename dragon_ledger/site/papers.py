"""The sealed papers of a dataset version: QC report, ethics file, registration statement."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import dragon_ledger
from dragon_ledger.digests.documents import SealedDocument
from dragon_ledger.digests.ethics_file import EthicsDocument, seal_ethics_file
from dragon_ledger.digests.file import file_digest
from dragon_ledger.digests.qc_report import seal_qc_report
from dragon_ledger.site.config import EthicsSettings

SOFTWARE = f"dragon-ledger {dragon_ledger.__version__}"


@dataclass(frozen=True, slots=True)
class SealedReport:
    """A sealed QC report and the salt of its annex, which the site and its reviewer keep."""

    document: SealedDocument
    annex_salt: bytes


def seal_report(summary: bytes, annex: bytes, outcome: str, rule_set: bytes) -> SealedReport:
    """Seal the outcome of a check, made now and here."""
    annex_salt = secrets.token_bytes(32)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = seal_qc_report(
        summary,
        annex,
        outcome=outcome,
        rule_set=rule_set,
        made={"at": now, "software": SOFTWARE},
        annex_salt=annex_salt,
        salt=secrets.token_bytes(32),
    )
    return SealedReport(document, annex_salt)


def seal_ethics(settings: EthicsSettings) -> SealedDocument:
    """Seal what the site declares and the papers that it has for it."""
    folder = settings.documents
    papers = [
        EthicsDocument(path.relative_to(folder).as_posix(), file_digest(path).value)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return seal_ethics_file(settings.declarations, papers, secrets.token_bytes(32))
