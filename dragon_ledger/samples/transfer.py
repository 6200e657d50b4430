"""Make a transfer as a hospital would send it, for demonstrations and tests.

Order of writing: images, clinical tables, `{partner}_metadata.csv` (written under another name and
renamed), and last the empty file `TRANSFER_COMPLETE`, which tells a site agent that nothing more
will follow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.errors import InputError
from dragon_ledger.samples.clinical import domain_tables
from dragon_ledger.samples.defects import TransferEditor, find_defects
from dragon_ledger.samples.images import KERNEL, Geometry, geometry, write_series
from dragon_ledger.samples.subjects import Scan, Subject, make_subject
from dragon_ledger.samples.tables import Row, write_table

COMPLETION_MARKER = "TRANSFER_COMPLETE"
PROJECT = "IMI2 DRAGON"


@dataclass(frozen=True, slots=True)
class SampleTransfer:
    """What was written where; `subjects` says what a model trained on it should learn."""

    folder: Path
    partner: str
    subjects: tuple[Subject, ...]


def make_transfer(
    folder: Path,
    *,
    partner: str,
    seed: int,
    subjects: int = 4,
    first_subject: int = 1,
    slices: int = 30,
    size: int = 256,
    country: str = "BEL",
    defects: Sequence[str] = (),
) -> SampleTransfer:
    """Write a complete transfer into `folder`, which must be absent or empty.

    Equal arguments give equal bytes. An incremental transfer that adds two subjects to a first one
    of four is the same call with `first_subject=5, subjects=2`; a cumulative one has
    `subjects=6`. `slices` of 25 and `size` of 64 give the smallest transfer that passes the
    quality check; its pixels are then 1.5 mm wide, so the phantom is scaled down.

    Args:
        folder: Where to write.
        partner: Partner identifier, 1 to 10 letters, digits, _ or - (Table 3).
        seed: Any whole number.
        subjects: How many subjects, numbered from `first_subject`.
        first_subject: Number of the first subject, from 1.
        slices: Slices of every series.
        size: Rows and columns of every slice.
        country: ISO 3166-1 alpha-3 code for DM.COUNTRY.
        defects: Names from `dragon_ledger.samples.defects.DEFECTS`, applied in this order.

    Raises:
        InputError: An argument cannot be used, or the folder holds something.
    """
    _refuse_unusable(folder, partner, subjects, first_subject, slices, size)
    wanted = find_defects(defects)
    folder.mkdir(parents=True, exist_ok=True)
    people = tuple(
        make_subject(partner, seed, number)
        for number in range(first_subject, first_subject + subjects)
    )
    shape = geometry(slices, size)
    for subject in people:
        for scan in subject.scans:
            write_series(folder, partner, seed, subject, scan, shape)
    for domain, rows in domain_tables(people, partner, seed, country).items():
        write_table(folder / f"{partner}_{domain.lower()}.csv", rows)
    _write_metadata(folder, partner, people, shape)
    editor = TransferEditor(folder, partner)
    for defect in wanted:
        defect.damage(editor)
    (folder / COMPLETION_MARKER).touch()
    return SampleTransfer(folder, partner, people)


def _refuse_unusable(
    folder: Path, partner: str, subjects: int, first_subject: int, slices: int, size: int
) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,10}", partner):
        raise InputError(f"partner {partner!r}: expected 1 to 10 letters, digits, _ or - (Table 3)")
    for name, value, lowest in (
        ("subjects", subjects, 1),
        ("first_subject", first_subject, 1),
        ("slices", slices, 1),
        ("size", size, 8),
    ):
        if value < lowest:
            raise InputError(f"{name} {value}: expected {lowest} or more")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: exists and is not an empty folder; name another one")


def _write_metadata(folder: Path, partner: str, people: Sequence[Subject], shape: Geometry) -> None:
    rows = [
        _metadata_row(partner, subject, scan, shape) for subject in people for scan in subject.scans
    ]
    unfinished = folder / f".{partner}_metadata.csv.part"
    write_table(unfinished, rows)
    unfinished.replace(folder / f"{partner}_metadata.csv")


def _metadata_row(partner: str, subject: Subject, scan: Scan, shape: Geometry) -> Row:
    taken = scan.taken.strftime("%Y/%m/%d %H:%M:%S")
    return {
        "project": PROJECT,
        "partner": partner,
        "patient": subject.pseudonym,
        "modality": "CT",
        "date_time": taken,
        "study_uid": scan.study_uid,
        "series_uid": scan.series_uid,
        "series_date_time": taken,
        "slices_number": str(shape.slices),
        "convolution_kernel": KERNEL,
        "slice_thickness": f"{shape.slice_thickness:g}",
        "pixel_spacing": f"{shape.pixel_spacing:g}",
    }
