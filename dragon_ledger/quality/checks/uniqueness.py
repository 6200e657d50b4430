"""Check 2: identifiers are unique in the transfer and against what this site transferred before."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from dragon_ledger.quality.checks.gathering import at_images, at_series
from dragon_ledger.quality.dicom.elements import Unreadable, parse
from dragon_ledger.quality.dicom.inspect_image import pixel_bytes
from dragon_ledger.quality.examination import Examination, Image, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude, not_applicable
from dragon_ledger.quality.known import KnownImage, KnownSeries
from dragon_ledger.quality.masking import without_tokens
from dragon_ledger.quality.vocabulary import tag_label

_SERIES = tag_label("SeriesInstanceUID")
_INSTANCE = tag_label("SOPInstanceUID")
_PIXELS = tag_label("PixelData")
_MOST_CONFIRMED = 3  # equal pixels have equal hashes; copies beyond these would be read in vain


def check_uniqueness(exam: Examination) -> CheckResult:
    """Series and images once; the same pixels never under two identifiers."""
    if not exam.images:
        return not_applicable("uniqueness", "the transfer has no DICOM image")
    findings = chain(
        chain.from_iterable(_places(exam, series) for series in exam.series),
        _instances(exam),
        _pixels(exam),
        chain.from_iterable(_known_series(exam, series) for series in exam.series),
        _known_images(exam),
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
        digest = _pixel_digest(exam.tree.root / image.path)
        if digest is None:
            continue
        if digest in first and first[digest].facts.sop_instance != image.facts.sop_instance:
            elsewhere = first[digest].folder != image.folder
            place = "of another series" if elsewhere else "of this series"
            found = _pixels_of(exam, image, place, first[digest].facts.sop_instance)
            yield from at_images(exam, "uniqueness.pixels", found, [image], tag=_PIXELS)
        first.setdefault(digest, image)


def _pixels_of(exam: Examination, image: Image, place: str, other: str) -> str:
    own = image.facts.sop_instance
    return without_tokens(f"{own} has the pixels of image {other} {place}", exam.name_tokens)


def _pixel_digest(path: Path) -> bytes | None:
    """SHA-256 of a file's pixel data; None when it cannot be read, or all pixels are equal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            pixels = bytes(pixel_bytes(parse(path.read_bytes())))
    except (OSError, Unreadable):
        return None
    return None if len(set(pixels[::2])) < 2 else hashlib.sha256(pixels).digest()  # noqa: PLR2004


def _known_series(exam: Examination, series: Series) -> Iterator[Finding]:
    known = exam.known.series.get(series.uid)
    if known is None or known.withdrawn or _is_declared(exam, series, known):
        return
    if known.patient != series.subject:
        yield at_series(exam, "uniqueness.known-series", "another patient", series, tag=_SERIES)
    if known.study_uid != series.text("StudyInstanceUID"):
        yield at_series(exam, "uniqueness.known-series", "another study", series, tag=_SERIES)


def _is_declared(exam: Examination, series: Series, known: KnownSeries) -> bool:
    """Whether the table of changes corrects files of a series, or takes the earlier ones back."""
    earlier = f"{known.patient}/{known.study_uid}/{series.uid}/"
    corrected = exam.declared("correct")
    return any(image.path in corrected for image in series.images) or any(
        path.startswith(earlier) for path in exam.declared("withdraw")
    )


def _known_images(exam: Examination) -> Iterator[Finding]:
    """Images of earlier transfers with the identifier or the pixels of one of this transfer."""
    accepted = exam.previous.files if exam.previous else {}
    # A file that is carried on unchanged was compared when it came first.
    fresh = [image for image in exam.readable if accepted.get(image.path) != image.sha256]
    corrected, withdrawn = exam.declared("correct"), exam.declared("withdraw")
    by_instance: dict[str, KnownImage] = {}
    by_pixels: dict[str, list[KnownImage]] = {}
    instances = {image.facts.sop_instance for image in fresh} - {""}
    pixels = {image.facts.pixel_hash for image in fresh} - {""}
    for known in exam.known.recall(instances, pixels):
        if known.path not in withdrawn:
            by_instance[known.instance] = known
            by_pixels.setdefault(known.pixels, []).append(known)
    for image in fresh:
        if image.path not in corrected:
            yield from _known_instance(exam, image, by_instance.get(image.facts.sop_instance))
            yield from _known_pixels(exam, image, by_pixels.get(image.facts.pixel_hash, []))


def _known_instance(exam: Examination, image: Image, known: KnownImage | None) -> Iterator[Finding]:
    if known is not None and known.sha256 != image.sha256:
        yield from at_images(
            exam, "uniqueness.known-instance", "another content", [image], tag=_INSTANCE
        )


def _known_pixels(exam: Examination, image: Image, known: list[KnownImage]) -> Iterator[Finding]:
    others = [each for each in known if each.instance != image.facts.sop_instance]
    digest = _pixel_digest(exam.tree.root / image.path) if others else None
    if digest is None:
        return
    for other in others[:_MOST_CONFIRMED]:
        known_digest = _pixel_digest(other.copy)
        if known_digest in {digest, None}:
            place = "of an earlier transfer"
            if known_digest is None:
                place += " (XXH3-128 only: the site's copy cannot be read)"
            found = _pixels_of(exam, image, place, other.instance)
            yield from at_images(exam, "uniqueness.known-pixels", found, [image], tag=_PIXELS)
            return
