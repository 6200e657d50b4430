"""Seeded defects: each spoils a clean sample transfer in one known way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dragon_ledger.errors import InputError
from dragon_ledger.samples.defects.clinical import CLINICAL
from dragon_ledger.samples.defects.defect import Defect
from dragon_ledger.samples.defects.dicom import DICOM
from dragon_ledger.samples.defects.earlier import EARLIER
from dragon_ledger.samples.defects.editing import TransferEditor
from dragon_ledger.samples.defects.imaging import CHRONOLOGY, LIMITS, SLICES, TAGS, UNIQUENESS
from dragon_ledger.samples.defects.privacy import PRIVACY
from dragon_ledger.samples.defects.rule_sets import RULE_SETS
from dragon_ledger.samples.defects.structure import LINKAGE, METADATA, STRUCTURE
from dragon_ledger.samples.defects.xport import XPORT

__all__ = ["DEFECTS", "Defect", "TransferEditor", "find_defects"]

_ALL = (
    *PRIVACY, *UNIQUENESS, *SLICES, *TAGS, *LIMITS, *CHRONOLOGY, *DICOM, *STRUCTURE, *METADATA,
    *LINKAGE, *CLINICAL, *XPORT, *EARLIER, *RULE_SETS,
)  # fmt: skip
DEFECTS: Mapping[str, Defect] = MappingProxyType({defect.name: defect for defect in _ALL})


def find_defects(names: Iterable[str]) -> tuple[Defect, ...]:
    """Look defects up by name.

    Raises:
        InputError: A name is not in the catalogue.
    """
    wanted = tuple(names)
    for name in wanted:
        if name not in DEFECTS:
            raise InputError(f"defect {name!r}: expected one of {', '.join(sorted(DEFECTS))}")
    return tuple(DEFECTS[name] for name in wanted)
