"""What the checks look at: a transfer's images, series and tables, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from dragon_ledger.quality.catalogue import Catalogue
from dragon_ledger.quality.dicom.image_facts import ImageFacts
from dragon_ledger.quality.known import KnownTransfers, PreviousVersion
from dragon_ledger.quality.person_names import tokens
from dragon_ledger.quality.rules import RuleSet
from dragon_ledger.quality.tables import Row, Table
from dragon_ledger.quality.transfer import IMAGE_DEPTH, TransferTree


@dataclass(frozen=True, slots=True)
class Image:
    """One file that should be a DICOM image; `sha256` is None when it could not be read at all."""

    path: str
    sha256: bytes | None
    facts: ImageFacts

    @property
    def folder(self) -> str:
        """The folder that the file lies in."""
        return self.path.rpartition("/")[0]

    @property
    def subject(self) -> str:
        """PatientUID: the first folder, or PatientID for a file that lies outside the structure."""
        parts = self.path.split("/")
        return parts[0] if len(parts) == IMAGE_DEPTH else self.facts.tags.get("PatientID", "")

    @property
    def readable(self) -> bool:
        """Whether the file could be read as DICOM."""
        return not self.facts.problem


@dataclass(frozen=True, slots=True)
class Series:
    """The images that say the same SeriesInstanceUID (the folder stands in where none is said)."""

    uid: str
    images: tuple[Image, ...]

    @property
    def first(self) -> Image:
        """The first image in path order; stands for the series in findings."""
        return self.images[0]

    @property
    def subject(self) -> str:
        """PatientUID of the first image."""
        return self.first.subject

    @property
    def is_localizer(self) -> bool:
        """Whether every image is a localizer."""
        return all(image.facts.is_localizer for image in self.images)

    def text(self, keyword: str) -> str:
        """The first value of an attribute of Table 1, empty when no image has one."""
        values = (image.facts.tags.get(keyword, "") for image in self.images)
        return next((value for value in values if value), "")


@dataclass(frozen=True)
class Examination:
    """Everything that the checks of one transfer may look at."""

    tree: TransferTree
    rules: RuleSet
    today: date
    images: tuple[Image, ...]
    metadata: Table | None
    association: Table | None
    changes: Table | None
    table_problems: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, bytes] = field(default_factory=dict)
    known: KnownTransfers = field(default_factory=KnownTransfers)
    previous: PreviousVersion | None = None

    @cached_property
    def catalogue(self) -> Catalogue:
        """The texts of the findings, with this rule set's limits."""
        return Catalogue(self.rules)

    @cached_property
    def readable(self) -> tuple[Image, ...]:
        """The images that could be read as DICOM."""
        return tuple(image for image in self.images if image.readable)

    @cached_property
    def unreadable(self) -> tuple[Image, ...]:
        """The images that could not."""
        return tuple(image for image in self.images if not image.readable)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why a check over all images is not verifiable, in general words."""
        return ("at least one file could not be read as DICOM",) if self.unreadable else ()

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """The transfer's series, by identifier."""
        members: dict[str, list[Image]] = {}
        for image in self.readable:
            uid = image.facts.tags.get("SeriesInstanceUID", "")
            members.setdefault(uid or f"folder {image.folder}", []).append(image)
        return tuple(Series(uid, tuple(members[uid])) for uid in sorted(members))

    @cached_property
    def scans(self) -> tuple[Series, ...]:
        """The series with pixels that are no localizers: what section 5 calls a scan."""
        return tuple(
            series
            for series in self.series
            if not series.is_localizer and any(image.facts.pixel_hash for image in series.images)
        )

    @cached_property
    def _rows(self) -> Mapping[str, Row]:
        rows = self.metadata.rows if self.metadata else ()
        return {row.values.get("series_uid", ""): row for row in reversed(rows)}

    def metadata_row(self, series: Series) -> Row | None:
        """The metadata table's (first) row of a series."""
        return self._rows.get(series.uid)

    @cached_property
    def name_tokens(self) -> frozenset[str]:
        """Words of the persons' names that PatientName holds anywhere in the transfer."""
        names = {image.facts.patient_name for image in self.readable}
        names.update(name for image in self.readable for name in image.facts.nested_names)
        return frozenset().union(*(tokens(name) for name in names))

    @cached_property
    def linked_ids(self) -> frozenset[tuple[str, str]]:
        """(PatientUID, other identifier) pairs that the association table links."""
        if self.association is None:
            return frozenset()
        return frozenset(
            (row.values.get("patient", ""), row.values.get(column, ""))
            for row in self.association.rows
            for column in ("usubjid", "patient_id")
            if row.values.get(column)
        )

    def declared(self, action: str) -> frozenset[str]:
        """Paths for which the changes table declares an action (`correct`, `withdraw`)."""
        if self.changes is None:
            return frozenset()
        return frozenset(
            row.values.get("path", "")
            for row in self.changes.rows
            if row.values.get("action", "").lower() == action and row.values.get("reason")
        )

    @cached_property
    def subjects(self) -> frozenset[str]:
        """PatientUIDs with images."""
        return frozenset(image.subject for image in self.images if image.subject)
