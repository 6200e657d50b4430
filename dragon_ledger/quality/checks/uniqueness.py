"""Check 2: identifiers are unique in the transfer and against what this site transferred before."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from itertools import chain

from dragon_ledger.quality.checks.gathering import at_images, at_series
from dragon_ledger.quality.dicom.elements import Unreadable, parse
from dragon_ledger.quality.dicom.inspect_image import pixel_bytes
from dragon_ledger.quality.examination import Examination, Image, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.vocabulary import tag_label

_SERIES = tag_label("SeriesInstanceUID")
_INSTANCE = tag_label("SOPInstanceUID")
_PIXELS = tag_label("PixelData")


def check_uniqueness(exam: Examination) -> CheckResult:
    """Series and images once; the same pixels never under two identifiers."""
    if not exam.images:
        return not_applicable("uniqueness", "the transfer has no DICOM image")
    corrected = frozenset(exam.declared("correct"))
    findings = chain(
        chain.from_iterable(_places(exam, series) for series in exam.series),
        _instances(exam),
        _pixels(exam),
        chain.from_iterable(_known_series(exam, series) for series in exam.series),
        _known_instances(exam, corrected),
    )
    return conclude("uniqueness", findings, exam.doubts)


def _places(exam: Examination, series: Series) -> Iterator[Finding]:
    keywords = ("StudyInstanceUID", "PatientID")
    for keyword in keywords:
        values = {image.facts.tags.get(keyword, "") for image in series.images}
        if len(values) > 1:
            found = f"{len(values)} values of {keyword} in one series"
            yield at_series(exam, "uniqueness.series", found, series, tag=_SERIES)
    folders = {image.folder for image in series.images}
    if len(folders) > 1:
        found = f"in {len(folders)} folders"
        usual = max(sorted(folders), key=lambda name: _count(series, name))
        strays = [image for image in series.images if image.folder != usual]
        yield from at_images(exam, "uniqueness.series", found, strays, series=series, tag=_SERIES)


def _count(series: Series, folder: str) -> int:
    return sum(image.folder == folder for image in series.images)


def _instances(exam: Examination) -> Iterator[Finding]:
    seen: dict[str, Image] = {}
    for image in exam.readable:
        uid = image.facts.sop_instance
        if uid and uid in seen:
            same = "the same file" if seen[uid].sha256 == image.sha256 else "another image"
            yield from at_images(exam, "uniqueness.instance", same, [image], tag=_INSTANCE)
        elif uid:
            seen[uid] = image


def _pixels(exam: Examination) -> Iterator[Finding]:
    members: dict[str, list[Image]] = {}
    for image in exam.readable:
        if image.facts.pixel_hash:
            members.setdefault(image.facts.pixel_hash, []).append(image)
    for images in members.values():
        identifiers = {image.facts.sop_instance for image in images}
        if len(identifiers) > 1:
            yield from _confirmed(exam, images)


def _confirmed(exam: Examination, images: list[Image]) -> Iterator[Finding]:
    """Equal fast hashes, confirmed by SHA-256 of the pixels; slices of one value say nothing."""
    first: dict[bytes, Image] = {}
    for image in images:
        digest = _pixel_digest(exam, image)
        if digest is None:
            continue
        if digest in first and first[digest].facts.sop_instance != image.facts.sop_instance:
            elsewhere = first[digest].folder != image.folder
            found = "pixels of an image of " + ("another series" if elsewhere else "this series")
            yield from at_images(exam, "uniqueness.pixels", found, [image], tag=_PIXELS)
        first.setdefault(digest, image)


def _pixel_digest(exam: Examination, image: Image) -> bytes | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            pixels = bytes(pixel_bytes(parse((exam.tree.root / image.path).read_bytes())))
    except (OSError, Unreadable):
        return None
    return None if len(set(pixels[::2])) < 2 else hashlib.sha256(pixels).digest()  # noqa: PLR2004


def _known_series(exam: Examination, series: Series) -> Iterator[Finding]:
    known = exam.known.series.get(series.uid)
    if known is None:
        return
    if known.patient != series.subject:
        yield at_series(exam, "uniqueness.known-series", "another patient", series, tag=_SERIES)
    if known.study_uid != series.text("StudyInstanceUID"):
        yield at_series(exam, "uniqueness.known-series", "another study", series, tag=_SERIES)


def _known_instances(exam: Examination, corrected: frozenset[str]) -> Iterator[Finding]:
    for image in exam.readable:
        known = exam.known.instances.get(image.facts.sop_instance)
        if known is not None and known != image.sha256 and image.path not in corrected:
            yield from at_images(
                exam, "uniqueness.known-instance", "another content", [image], tag=_INSTANCE
            )
