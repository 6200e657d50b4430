"""The clinical part of the quality check: checks 7, 11 and 12, and what it adds to check 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dragon_ledger.quality.clinical.consistency import check_consistency
from dragon_ledger.quality.clinical.csv_table import read_csv_table
from dragon_ledger.quality.clinical.death import check_death
from dragon_ledger.quality.clinical.domains import check_domains
from dragon_ledger.quality.clinical.identifiers import check_identifiers, subjects_in
from dragon_ledger.quality.clinical.missing import check_missing, without_missing
from dragon_ledger.quality.clinical.privacy import check_privacy
from dragon_ledger.quality.clinical.reporting import finding
from dragon_ledger.quality.clinical.results import check_results
from dragon_ledger.quality.clinical.structure import (
    check_structure,
    check_study,
    numeric_variables,
)
from dragon_ledger.quality.clinical.table import Oddity, Table, UnreadableTable
from dragon_ledger.quality.clinical.terms import check_terms
from dragon_ledger.quality.clinical.times import check_times
from dragon_ledger.quality.clinical.xport_table import is_xport, read_xport_table
from dragon_ledger.quality.clinical_boundary import ClinicalFile, ClinicalInput, ClinicalResult
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.rules import DomainRule, RuleSet

_UNREAD = "a table could not be read"
_NOTHING = "no clinical table could be read"


@dataclass(frozen=True, slots=True)
class _Reading:
    """Tables as they came, and findings about those that could not be read."""

    tables: tuple[Table, ...]
    unread: tuple[Finding, ...]


def check_clinical(given: ClinicalInput) -> ClinicalResult:
    """Judge the transfer's domain tables. Bad tables become findings, never errors."""
    reading = _read(given)
    rules = {rule.code: rule for rule in given.rules.domains}
    subjects, subjects_of = _subjects(reading.tables)
    missing = [each for t in reading.tables for each in check_missing(t, rules[t.domain])]
    sdtm = list(_sdtm(reading.tables, given, rules, subjects))
    domains = [*check_domains(given, reading.tables), *reading.unread]
    return ClinicalResult(
        results=(
            _concluded("clinical-missing", missing, reading),
            _concluded("sdtm", sdtm, reading),
            conclude("domains", domains),
        ),
        privacy=tuple(_privacy(given, reading.tables, rules)),
        subjects=subjects,
        subjects_of=subjects_of,
        notes={table.path: table.notes for table in reading.tables},
    )


def _read(given: ClinicalInput) -> _Reading:
    tables: list[Table] = []
    unread: list[Finding] = []
    for file in given.files:
        try:
            tables.append(read_table(file, given.rules))
        except UnreadableTable as error:
            code = "domains.unreadable" if file.content != b"" else "domains.empty-file"
            unread.append(finding(code, str(error), file=file.path))
    return _Reading(tuple(tables), tuple(unread))


def read_table(file: ClinicalFile, rules: RuleSet) -> Table:
    """Read a domain's table by its content, whatever its extension says.

    Raises:
        UnreadableTable: it is neither CSV nor a transport file, or damaged.
    """
    if file.content is None:
        raise UnreadableTable(file.problem or "the file cannot be opened")
    if not file.content:
        raise UnreadableTable("the file has zero bytes")
    transport = is_xport(file.content)
    known = _known_variables(rules, file.domain)
    if transport:
        table = read_xport_table(file.path, file.domain, file.content)
    else:
        table = read_csv_table(file.path, file.domain, file.content, known)
    if known.isdisjoint(table.variables):
        raise UnreadableTable(
            f"the first row names no variable of domain {file.domain}: the header row is missing"
            if not transport
            else f"the data set has no variable of domain {file.domain}"
        )
    if file.path.lower().endswith(".xpt") == transport:
        return table
    odd = Oddity("extension", "SAS XPORT" if transport else "CSV")
    return replace(table, oddities=(*table.oddities, odd))


def _known_variables(rules: RuleSet, code: str) -> frozenset[str]:
    listed = next(rule.variables for rule in rules.domains if rule.code == code)
    return frozenset(name for rule in listed for name in (rule.name, *rule.alternatives))


def _subjects(
    tables: tuple[Table, ...],
) -> tuple[frozenset[str] | None, dict[str, frozenset[str]]]:
    of: dict[str, frozenset[str]] = {}
    for table in tables:
        of[table.domain] = of.get(table.domain, frozenset()) | subjects_in(table)
    return of.get("DM"), of


def _sdtm(
    tables: tuple[Table, ...],
    given: ClinicalInput,
    rules: dict[str, DomainRule],
    subjects: frozenset[str] | None,
) -> Iterator[Finding]:
    cleaned = [without_missing(table) for table in tables]
    for table in cleaned:
        yield from check_structure(table, rules[table.domain])
        yield from check_identifiers(table, subjects)
        yield from check_times(table, given.today)
        yield from check_terms(table, given.rules)
        yield from check_results(table)
        yield from check_consistency(table)
    by_domain = {table.domain: table for table in cleaned}
    yield from check_death(by_domain.get("DM"), by_domain.get("DD"))
    yield from check_study(cleaned)


def _privacy(
    given: ClinicalInput, tables: tuple[Table, ...], rules: dict[str, DomainRule]
) -> Iterator[Finding]:
    for table in tables:
        numbers = numeric_variables(table, rules[table.domain])
        yield from check_privacy(table, given.rules, given.name_tokens, numbers)


def _concluded(check: str, findings: list[Finding], reading: _Reading) -> CheckResult:
    if not reading.tables and not reading.unread:
        return not_applicable(check, _NOTHING)
    return conclude(check, findings, [_UNREAD] if reading.unread else [])
