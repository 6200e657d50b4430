"""Dates and times as DICOM and Table 3 write them: without a time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, time

_DA = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TM = re.compile(r"(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?")
_TABLE = re.compile(
    r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?"
)


def dicom_date(text: str) -> date | None:
    """A DA value; None when it is no date that exists."""
    match = _DA.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def dicom_time(text: str) -> time | None:
    """A TM value; None when it is no time that exists."""
    match = _TM.fullmatch(text)
    if match is None:
        return None
    micro = int((match[4] or "0").ljust(6, "0"))
    try:
        return time(int(match[1]), int(match[2] or 0), int(match[3] or 0), micro)
    except ValueError:
        return None


def table_moment(text: str) -> datetime | None:
    """Table 3's `2020/12/03 13:30:26` (also with hyphens or T); None when it is no such moment."""
    match = _TABLE.fullmatch(text)
    if match is None:
        return None
    micro = int((match[7] or "0").ljust(6, "0"))
    year, month, day, hour, minute, second = (int(match[index] or 0) for index in range(1, 7))
    try:
        return datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001 (no zone)
    except ValueError:
        return None
