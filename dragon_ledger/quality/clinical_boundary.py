"""What passes between the transfer's check and its clinical part.

The clinical part answers `dragon_ledger.quality.clinical.check.check_clinical(ClinicalInput) ->
ClinicalResult`. It gets every table's bytes as they were read, once, for the digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from dragon_ledger.quality.findings import CheckResult, Finding
from dragon_ledger.quality.rules import RuleSet


@dataclass(frozen=True, slots=True)
class ClinicalFile:
    """A domain's table. `content` is None when the file could not be read (`problem` says why)."""

    path: str
    domain: str
    partner: str | None
    content: bytes | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ClinicalInput:
    """What the clinical checks look at.

    Attributes:
        files: the transfer's domain tables (role DOMAIN), in path order.
        other_tables: root-level `.csv`/`.xpt` files that no rule knows (checks 12 and 1).
        rules: the rule set.
        today: the day of the check, for dates in the future.
        name_tokens: words of PatientName values that look like a person's, upper case: leak
            patterns for free text.
        partner: the partner that Table 3 names, if it names exactly one.
    """

    files: tuple[ClinicalFile, ...]
    other_tables: tuple[str, ...]
    rules: RuleSet
    today: date
    name_tokens: frozenset[str] = frozenset()
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class ClinicalResult:
    """What the clinical checks found.

    Attributes:
        results: `clinical-missing`, `sdtm`, `domains`, one each.
        privacy: findings of the clinical part of `privacy`.
        subjects: distinct USUBJID values of DM, None when DM could not be read.
        subjects_of: distinct USUBJID values by domain code (DM included).
        notes: per file what was recognised (separator, encoding, format, rows), for the report.
    """

    results: tuple[CheckResult, ...]
    privacy: tuple[Finding, ...] = ()
    subjects: frozenset[str] | None = None
    subjects_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
