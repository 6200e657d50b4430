"""How findings name DICOM attributes."""

from __future__ import annotations

from functools import cache

from pydicom.datadict import tag_for_keyword


@cache
def tag_label(keyword: str) -> str:
    """`(gggg,eeee) Keyword` of a keyword of the DICOM data dictionary.

    Raises:
        ValueError: the dictionary does not have it.
    """
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no keyword of the DICOM data dictionary")
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {keyword}"
