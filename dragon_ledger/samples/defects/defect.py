"""What a seeded defect is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dragon_ledger.samples.defects.editing import TransferEditor


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong with an otherwise clean transfer, and what a quality check must say.

    Attributes:
        name: Stable name, as `sample-transfer --defect` takes it.
        check: Id of the check that must find it.
        code: Code of the finding, `check.what`.
        says: What is wrong, one line for people.
        apply: Damages the transfer; returns the relative path of the file that the finding must
            name, or None when it must name none.
        field: DICOM keyword or table column that the finding must name, if any.
        consequences: Codes of further findings that this defect cannot help causing.
    """

    name: str
    check: str
    code: str
    says: str
    apply: Callable[[TransferEditor], str | None]
    field: str | None = None
    consequences: frozenset[str] = frozenset()
