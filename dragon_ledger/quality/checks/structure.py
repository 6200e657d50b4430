"""Folder structure (2.1, 4.1 Figure 1): patient, study, series folders and what lies in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from dragon_ledger.quality.checks.gathering import at_images, at_paths
from dragon_ledger.quality.examination import Examination, Image, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude
from dragon_ledger.quality.masking import unsafe_in
from dragon_ledger.quality.transfer import IMAGE_DEPTH, TABLE_SUFFIXES, Role, TreeFile

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst", ".iso")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._ -]+")


def check_structure(exam: Examination) -> CheckResult:
    """Where files lie, what they are named, and what does not belong into a transfer."""
    findings = chain(
        _no_images(exam),
        _oddities(exam),
        chain.from_iterable(_other_file(exam, file) for file in exam.tree.files),
        chain.from_iterable(_image_place(exam, image) for image in exam.images),
        chain.from_iterable(_folders_against_tags(exam, series) for series in exam.series),
        _names(exam),
    )
    return conclude("structure", findings, exam.doubts)


def _no_images(exam: Examination) -> Iterator[Finding]:
    if not exam.images:
        yield exam.catalogue.finding("structure.no-images", "no file named *.dcm")


def _oddities(exam: Examination) -> Iterator[Finding]:
    for oddity in exam.tree.oddities:
        yield exam.catalogue.finding(f"structure.{oddity.kind}", file=oddity.path)
    yield from at_paths(exam, "structure.empty-folder", exam.tree.empty_folders)


def _other_file(exam: Examination, file: TreeFile) -> Iterator[Finding]:
    if not file.size and file.role is not Role.MARKER:
        yield exam.catalogue.finding("structure.empty-file", file=file.path)
    if file.parts[-1].startswith("."):
        yield exam.catalogue.finding("structure.hidden", file=file.path)
    elif file.role is Role.MISNAMED_IMAGE:
        yield exam.catalogue.finding("structure.extension", file=file.path)
    elif file.role is Role.OTHER and not _is_table_of_no_domain(file):
        yield exam.catalogue.finding(_code_of_other(file), file=file.path)


def _is_table_of_no_domain(file: TreeFile) -> bool:
    """Check 12 refuses these; saying it twice would help nobody."""
    return len(file.parts) == 1 and file.suffix.lower() in TABLE_SUFFIXES


def _code_of_other(file: TreeFile) -> str:
    name, suffix = file.parts[-1], file.suffix.lower()
    if name.upper() == "DICOMDIR":
        return "structure.dicomdir"
    if suffix in _ARCHIVES:
        return "structure.archive"
    return "structure.unknown"


def _image_place(exam: Examination, image: Image) -> Iterator[Finding]:
    if image.path.count("/") != IMAGE_DEPTH - 1:
        depth = image.path.count("/")
        yield exam.catalogue.finding(
            "structure.depth", f"below {depth} folders instead of 3", file=image.path
        )
    extension = exam.rules.document["transfer"]["image_extension"]
    if image.path.lower().endswith(extension) and not image.path.endswith(extension):
        yield exam.catalogue.finding("structure.extension-case", file=image.path)


def _folders_against_tags(exam: Examination, series: Series) -> Iterator[Finding]:
    rules = (
        ("structure.series-folder", 2, "SeriesInstanceUID"),
        ("structure.study-folder", 1, "StudyInstanceUID"),
    )
    placed = [image for image in series.images if image.path.count("/") == IMAGE_DEPTH - 1]
    for code, level, keyword in rules:
        wrong = [
            image
            for image in placed
            if image.facts.tags.get(keyword) not in {None, "", image.path.split("/")[level]}
        ]
        yield from at_images(exam, code, f"another {keyword} in the file", wrong, series=series)
    strange = [image for image in placed if not _patient_folder_fits(exam, image)]
    yield from at_images(
        exam, "structure.patient-folder", "another PatientID in the file", strange, series=series
    )


def _patient_folder_fits(exam: Examination, image: Image) -> bool:
    patient = image.facts.tags.get("PatientID", "")
    folder = image.path.split("/")[0]
    return not patient or patient == folder or (folder, patient) in exam.linked_ids


def _names(exam: Examination) -> Iterator[Finding]:
    parts = {part for file in exam.tree.files for part in file.parts}
    strange = {part for part in parts if not _PLAIN_NAME.fullmatch(part)}
    for file in exam.tree.files:
        if strange.intersection(file.parts):
            code = "structure.name-unsafe" if unsafe_in(file.path) else "structure.name"
            yield exam.catalogue.finding(code, file=file.path)
