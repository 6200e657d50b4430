"""Seeded defects: each spoils a clean sample transfer in one known way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dragon_ledger.errors import InputError
from dragon_ledger.samples.defects.basic import BASIC
from dragon_ledger.samples.defects.defect import Defect
from dragon_ledger.samples.defects.editing import TransferEditor

__all__ = ["DEFECTS", "Defect", "TransferEditor", "find_defects"]

DEFECTS: Mapping[str, Defect] = MappingProxyType({defect.name: defect for defect in BASIC})


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
