"""Check 12: which domains are there, under which names, and whether they can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dragon_ledger.quality.clinical.reporting import Reporter, finding
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.clinical_boundary import ClinicalFile, ClinicalInput
from dragon_ledger.quality.findings import Finding

_ODDITIES = ("encoding", "byte-order-mark", "separator", "extension", "several-data-sets",
             "blank-row")  # fmt: skip


def check_domains(given: ClinicalInput, tables: Sequence[Table]) -> list[Finding]:
    """Findings about the transfer's domains; unreadable tables are reported where they are read."""
    return [
        *_presence(given),
        *(each for file in given.files for each in _name(file, given)),
        *(finding("domains.unknown-table", file=path) for path in given.other_tables),
        *(each for table in tables for each in _form(table)),
    ]


def _presence(given: ClinicalInput) -> list[Finding]:
    counted = Counter(file.domain for file in given.files)
    findings = [
        finding(
            "domains.absent" if rule.required else "domains.optional-absent",
            particulars={"domain": rule.code},
        )
        for rule in given.rules.domains
        if not counted[rule.code]
    ]
    repeated = [file for file in given.files if counted[file.domain] > 1]
    return findings + [finding("domains.several", file.domain, file=file.path) for file in repeated]


def _name(file: ClinicalFile, given: ClinicalInput) -> list[Finding]:
    """Upper or lower case of any part is accepted; nothing else differs from the convention."""
    findings = []
    if file.partner is None:
        findings.append(finding("domains.name-without-partner", file=file.path))
    elif given.partner is not None and file.partner.casefold() != given.partner.casefold():
        findings.append(finding("domains.partner-differs", file=file.path))
    stem = file.path.rpartition(".")[0].rpartition("_")[2]
    if stem.casefold() != file.domain.casefold():
        findings.append(finding("domains.name-spelled-out", file=file.path))
    return findings


def _form(table: Table) -> list[Finding]:
    reporter = Reporter(table)
    findings = [
        reporter.odd(f"domains.{each.code}", each)
        for each in table.oddities
        if each.code in _ODDITIES
    ]
    if table.frame.is_empty():
        findings.append(finding("domains.no-records", file=table.path))
    return findings
