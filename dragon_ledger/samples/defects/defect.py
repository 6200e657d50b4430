"""What a seeded defect is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dragon_ledger.samples.defects.editing import TransferEditor

Damage = Callable[[TransferEditor], str | None]


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong with an otherwise clean transfer, and what a quality check must say.

    Attributes:
        name: Stable name, as `sample-transfer --defect` takes it.
        code: Code of the finding that must name it: `check.what`.
        says: What is wrong, one line for people.
        damage: Damages the transfer; returns the relative path of the file that the finding must
            name, or None when it must name none.
        field: DICOM keyword or table column that the finding must name, if any.
        consequences: Codes of the further errors and warnings that this defect cannot help causing.
    """

    name: str
    code: str
    says: str
    damage: Damage
    field: str | None = None
    consequences: frozenset[str] = frozenset()

    @property
    def check(self) -> str:
        """Id of the check that must find it."""
        return self.code.partition(".")[0]


def defect(
    name: str, code: str, says: str, damage: Damage, field: str | None = None, *also: str
) -> Defect:
    """Return a defect; `also` are the codes of its consequences."""
    return Defect(name, code, says, damage, field, frozenset(also))
