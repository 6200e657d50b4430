"""Factors between units whose dimension their spelling shows, such as mg/dL and g/L.

A unit is a product of powers of known parts: `10^9/L`, `ng/mL`, `mmol/L`, `U/L`. Units that are not
understood have no factor, and nothing is concluded from them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PREFIXES = {"": 1.0, "k": 1e3, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12,
             "f": 1e-15}  # fmt: skip
_BASES = {"g": "mass", "L": "volume", "mol": "amount", "U": "activity", "IU": "international"}
_SYNONYMS = {"mcg": "ug", "%": "10^-2", "fraction of 1": "1", "l": "L", "ml": "mL", "dl": "dL"}
_COUNT = re.compile(r"10\^(-?\d{1,2})|1")


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit as a factor of its dimension's base unit: units of one dimension can be converted."""

    factor: float
    dimension: str


@lru_cache(maxsize=4096)
def scale_of(unit: str) -> Scale | None:
    """What a unit measures, None when its spelling does not tell."""
    parts = [_part(text) for text in unit.split("/")]
    match parts:
        case [Scale() as whole]:
            return whole
        case [Scale() as top, Scale() as bottom]:
            return Scale(top.factor / bottom.factor, f"{top.dimension}/{bottom.dimension}")
    return None


def _part(text: str) -> Scale | None:
    text = _SYNONYMS.get(text.strip(), text.strip())
    count = _COUNT.fullmatch(text)
    if count:
        return Scale(10.0 ** int(count[1] or 0), "count")
    for base, dimension in _BASES.items():
        prefix = text.removesuffix(base)
        if prefix != text and prefix in _PREFIXES:
            return Scale(_PREFIXES[prefix], dimension)
    return None
