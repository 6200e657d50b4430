"""When a scan was taken, as the tags and the metadata table say it, and which of two came first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from dragon_ledger.quality.dates import dicom_date, dicom_time, table_moment

_UNKNOWN = datetime(9999, 12, 31)  # noqa: DTZ001 (DICOM's dates carry no zone here)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a scan was taken; None for what is not said, or no date that exists.

    Attributes:
        day: SeriesDate.
        tagged: SeriesDate with SeriesTime.
        table: `series_date_time` of the metadata table.
    """

    day: date | None
    tagged: datetime | None
    table: datetime | None

    @classmethod
    def of(cls, day: str, clock: str, table: str) -> Moment:
        """The moment that SeriesDate, SeriesTime and `series_date_time` say."""
        found, hour = dicom_date(day), dicom_time(clock)
        tagged = datetime.combine(found, hour) if found and hour else None
        return cls(found, tagged, table_moment(table))

    @property
    def recorded(self) -> bool:
        """Whether anything is said."""
        return self.day is not None or self.table is not None

    def sort_key(self) -> tuple[datetime, datetime]:
        """Sorts moments by the tags, then by the table; what is not known comes last."""
        day = datetime.combine(self.day, time.min) if self.day else None
        return (self.tagged or day or self.table or _UNKNOWN, self.table or _UNKNOWN)


def by_tags(first: Moment, second: Moment) -> int:
    """-1, 0 (cannot be told), 1: the order by SeriesDate and SeriesTime."""
    if first.day is None or second.day is None:
        return 0
    if first.day != second.day:
        return -1 if first.day < second.day else 1
    return _compare(first.tagged, second.tagged)


def by_table(first: Moment, second: Moment) -> int:
    """-1, 0 (cannot be told), 1: the order by the metadata table."""
    return _compare(first.table, second.table)


def differ(first: Moment, second: Moment) -> bool:
    """Whether two statements about one scan contradict each other; what is not said does not."""
    pairs = ((first.day, second.day), (first.tagged, second.tagged), (first.table, second.table))
    return any(one is not None and other is not None and one != other for one, other in pairs)


def _compare(first: datetime | None, second: datetime | None) -> int:
    if first is None or second is None or first == second:
        return 0
    return -1 if first < second else 1
