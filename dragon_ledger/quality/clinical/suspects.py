"""Which values of a variable are worth a closer look for identifying texts.

A table may hold a million distinct specimen numbers. Values that can only be numbers or dates are
looked at up to `MOST_NUMBERS` of them, evenly over their sorted order; values with an e-mail sign,
a title, a telephone word or a known name are all looked at. In a column of equally shaped codes
some pass a national number's check digit by chance: there only a majority counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import polars as pl

from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.masking import shape_of

MOST_NUMBERS = 5_000
_FEWEST_CODES = 50
_SHARE_OF_ONE_SHAPE = 0.8
_MOST_NAMES = 500
# Wider than the patterns that decide (text_leaks), so that nothing that they find is left out.
_SPOKEN = (
    r"@|(?i:\b(?:mr|mrs|ms|miss|dr|prof|mme|mlle|dhr|mevr|monsieur|madame|herr|frau|mevrouw|"
    r"signora?|se[ñn]ora?|tel|phone|mobile|gsm|fax|telefon|t[ée]l[ée]phone|dob|d\.o\.b|born|birth|"
    r"birthdate|geb|n[ée]e?|geboren)\b)|\+\d"
)
_SIX_DIGITS = r"(?:\d.{0,2}){6}"


def suspect_values(table: Table, name: str, names_of_persons: frozenset[str]) -> list[str]:
    """Distinct values of a variable that may give a person away, sorted."""
    text = pl.col(name)
    spoken = text.str.contains(_SPOKEN) | _has_name(text, names_of_persons)
    numbers = ~spoken & text.str.contains(_SIX_DIGITS)
    values = table.frame.lazy().select(text).drop_nulls().unique()
    looked = values.with_columns(spoken.alias("#spoken"), numbers.alias("#numbers")).collect()
    words = looked.filter("#spoken").get_column(name).to_list()
    digits = looked.filter("#numbers").get_column(name).sort().to_list()
    return sorted({*words, *digits[:: -(-len(digits) // MOST_NUMBERS) or 1]})


def _has_name(text: pl.Expr, names: frozenset[str]) -> pl.Expr:
    if not names:
        return pl.lit(value=False)
    if len(names) > _MOST_NAMES:
        return text.str.contains(r"\p{L}{3}")
    return text.str.contains(f"(?i:{'|'.join(map(re.escape, sorted(names)))})")


def are_codes(values: Sequence[str]) -> bool:
    """Whether many values have one shape, as specimen or accession numbers have."""
    if len(values) < _FEWEST_CODES:
        return False
    (_, most), *_ = Counter(map(shape_of, values)).most_common(1)
    return most >= _SHARE_OF_ONE_SHAPE * len(values)
