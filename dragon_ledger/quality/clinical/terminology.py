"""CDISC SDTM Controlled Terminology, reduced to the lists that the rules need.

Source and attribution stand in `terminology.json`: CDISC SDTM Controlled Terminology, NCI
Enterprise Vocabulary Services, release 2025-03-28. Country codes are ISO 3166-1 alpha-3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

# Variable -> codelist. CDISC's names of lists differ from the variables' at times.
_CODELIST_OF = {
    "SEX": "SEX", "ETHNIC": "ETHNIC", "RACE": "RACE", "AGEU": "AGEU", "DTHFL": "NY",
    "SUDOSU": "UNIT", "SUPRESP": "NY", "SUOCCUR": "NY", "SUSTAT": "ND",
    "LBTESTCD": "LBTESTCD", "LBORRESU": "UNIT", "LBSTRESU": "UNIT", "LBSTAT": "ND",
    "LBSTRESC": "LBSTRESC", "LBSPEC": "SPECTYPE",
    "MBTESTCD": "MBTESTCD", "MBTSTDTL": "MBFTSDTL", "MBTESTDTL": "MBFTSDTL", "MBORRESU": "UNIT",
    "MBSTRESU": "UNIT", "MBSTAT": "ND", "MBSPEC": "SPECTYPE",
    "MITESTCD": "MITSCD", "MIORRESU": "UNIT", "MISTRESU": "UNIT", "MISTAT": "ND",
    "MISPEC": "SPECTYPE",
    "DDTESTCD": "DTHDXCD",
}  # fmt: skip


@dataclass(frozen=True)
class Codelist:
    """One codelist. `terms` maps a value to its paired test name or its synonyms, if kept."""

    name: str
    code: str
    extensible: bool
    terms: Mapping[str, Any]

    @cached_property
    def _by_folded(self) -> Mapping[str, str]:
        folded: dict[str, str] = {}
        for value, synonyms in self.terms.items():
            if isinstance(synonyms, list):
                folded |= {synonym.casefold(): value for synonym in synonyms}
        return folded | {value.casefold(): value for value in self.terms}

    def meant_by(self, value: str) -> str | None:
        """The term that a value in another spelling, or a synonym, stands for."""
        return self._by_folded.get(value.casefold())

    def test_of(self, value: str) -> str | None:
        """The test name paired with a test code."""
        test = self.terms.get(value)
        return test if isinstance(test, str) else None


@cache
def codelists() -> Mapping[str, Codelist]:
    """All shipped codelists by name."""
    file = resources.files("dragon_ledger.quality.clinical") / "terminology.json"
    lists = json.loads(file.read_text("utf-8"))["lists"]
    return {
        name: Codelist(name, entry["code"], entry["extensible"], _terms(entry["terms"]))
        for name, entry in lists.items()
    }


def _terms(terms: list[str] | dict[str, Any]) -> Mapping[str, Any]:
    return terms if isinstance(terms, dict) else dict.fromkeys(terms)


def codelist_of(variable: str) -> Codelist | None:
    """The codelist that binds a variable, None when none does."""
    name = _CODELIST_OF.get(variable)
    return None if name is None else codelists()[name]


@cache
def countries() -> frozenset[str]:
    """Country codes of three letters (ISO 3166-1 alpha-3)."""
    file = resources.files("dragon_ledger.quality.clinical") / "countries.txt"
    return frozenset(file.read_text("ascii").split())
