"""What a seeded defect is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

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
        later: Whether the transfer is the second of its site, which has accepted the clean one
            with the same partner and seed.
        rules: Sections of the rule set, derived from hds-1.0, that the transfer is judged by.
    """

    name: str
    code: str
    says: str
    damage: Damage
    field: str | None = None
    consequences: frozenset[str] = frozenset()
    later: bool = False
    rules: Mapping[str, Any] | None = None

    @property
    def check(self) -> str:
        """Id of the check that must find it."""
        return self.code.partition(".")[0]

    @property
    def needs(self) -> str:
        """What it needs beside the spoiled transfer, for people; empty when nothing."""
        needs = ["the clean transfer, accepted before"] if self.later else []
        if self.rules:
            needs.append("a rule set with " + toml_of(self.rules))
        return "; ".join(needs)

    def after_the_clean_one(self) -> Defect:
        """The same in a second transfer."""
        return replace(self, later=True)

    def under(self, rules: Mapping[str, Any]) -> Defect:
        """The same under a derived rule set."""
        return replace(self, rules=rules)


def toml_of(rules: Mapping[str, Any]) -> str:
    """Sections of a rule set on one line, as TOML has them."""
    lines = [
        f"{section}.{name} = {json.dumps(value)}"
        for section, values in rules.items()
        for name, value in values.items()
    ]
    return ", ".join(lines).replace('": ', '" = ')


def defect(
    name: str, code: str, says: str, damage: Damage, field: str | None = None, *also: str
) -> Defect:
    """Return a defect; `also` are the codes of its consequences."""
    return Defect(name, code, says, damage, field, frozenset(also))
