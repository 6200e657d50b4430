"""Numbers in DICOM texts."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

_WHOLE = re.compile(r"[+-]?[0-9]{1,11}")


def floats(text: str, count: int) -> tuple[float, ...] | None:
    """So many finite numbers out of a text with backslashes; None when it does not hold them."""
    try:
        values = tuple(float(part) for part in text.split("\\"))
    except ValueError:
        return None
    return values if len(values) == count and all(map(math.isfinite, values)) else None


def whole(text: str) -> int | None:
    """A whole number as DICOM's IS writes it (PS3.5 6.2: at most 12 characters), else None."""
    return int(text) if _WHOLE.fullmatch(text) else None


def decimals(text: str) -> tuple[Decimal, ...] | None:
    """The decimal numbers of a text with backslashes; None when one is no finite number."""
    try:
        values = tuple(Decimal(part.strip(" \0")) for part in text.split("\\"))
    except InvalidOperation:
        return None
    return values if all(value.is_finite() for value in values) else None


def close(first: Decimal, second: Decimal, relative: Decimal) -> bool:
    """Whether two numbers agree to a relative tolerance."""
    return abs(first - second) <= relative * max(abs(first), abs(second))
