"""Check 1 in the tables that hold no domain: what their free columns may tell about a subject.

Table 3 may have further columns "such as annotation or else" (section 4.1), the changes table has a
reason in words, the association table whatever a hospital's export added.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from dragon_ledger.quality.clinical.privacy import check_privacy
from dragon_ledger.quality.clinical.table import ROW, Table
from dragon_ledger.quality.findings import Finding
from dragon_ledger.quality.rules import RuleSet
from dragon_ledger.quality.tables import Table as FurtherTable

# Numbers, dates, identifiers and paths: other checks hold them against the images.
_CHECKED_ELSEWHERE = frozenset({
    "PATIENT", "USUBJID", "PATIENT_ID", "PATH", "ACTION", "MODALITY", "DATE_TIME", "STUDY_UID",
    "SERIES_UID", "SERIES_DATE_TIME", "SLICES_NUMBER", "SLICE_THICKNESS", "PIXEL_SPACING",
})  # fmt: skip


def check_further_table(
    table: FurtherTable, rules: RuleSet, name_tokens: frozenset[str]
) -> list[Finding]:
    """Findings of the clinical part of check 1 in a metadata, association or changes table."""
    found = check_privacy(_as_text(table), rules, name_tokens, _CHECKED_ELSEWHERE)
    return [replace(each, column=each.column and each.column.lower()) for each in found]


def _as_text(table: FurtherTable) -> Table:
    names = [name for name in dict.fromkeys(table.columns) if name]
    columns = {
        name.upper(): pl.Series(
            [row.values.get(name) or None for row in table.rows], dtype=pl.String
        )
        for name in names
    }
    numbers = pl.Series([row.number for row in table.rows], dtype=pl.UInt32)
    return Table(table.path, "", pl.DataFrame({ROW: numbers, **columns}))
