"""Reads one image file once: its digest and its facts (runs in a worker process)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import xxhash
from pydicom.uid import CTImageStorage

from dragon_ledger.quality.dicom import elements, iod_rules
from dragon_ledger.quality.dicom.element_rules import ElementJudge, Judgement
from dragon_ledger.quality.dicom.elements import Element, ParsedFile, Unreadable
from dragon_ledger.quality.dicom.image_facts import ImageFacts, Issue
from dragon_ledger.quality.dicom.pixels import pixel_issues
from dragon_ledger.quality.dicom.vr_rules import label_of
from dragon_ledger.quality.numbers import floats

LARGEST_IMAGE = 256 << 20
_CHUNK = 4 << 20
_TIFF = (b"II*\0", b"MM\0*")
_NUMBERS = {
    0x00280002: "SamplesPerPixel",
    0x00280010: "Rows",
    0x00280011: "Columns",
    0x00280100: "BitsAllocated",
    0x00280101: "BitsStored",
    0x00280102: "HighBit",
    0x00280103: "PixelRepresentation",
}
_CHARSET, _FRAMES, _PHOTOMETRIC = 0x00080005, 0x00280008, 0x00280004
_SOP_CLASS, _SOP_INSTANCE, _IMAGE_TYPE = 0x00080016, 0x00080018, 0x00080008
_PATIENT_NAME, _INSTANCE_NUMBER, _FRAME_OF_REFERENCE = 0x00100010, 0x00200013, 0x00200052
_POSITION, _ORIENTATION = 0x00200032, 0x00200037
_BURNED_IN, _IDENTITY_REMOVED, _DATES_MODIFIED = 0x00280301, 0x00120062, 0x00280303


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What reading a file gave: its length and SHA-256, and its facts when it is an image."""

    size: int
    sha256: bytes
    facts: ImageFacts


class ImageInspector:
    """Inspects files for one set of required attributes; remembers equal elements."""

    def __init__(self, required: Iterable[tuple[int, str]]) -> None:
        self._required = dict(required)
        self._judge = ElementJudge(frozenset(self._required))

    def read(self, path: Path, *, decode: bool) -> ReadFile:
        """Read a file once and inspect it.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > LARGEST_IMAGE:
                return _too_large(stream.fileno(), size)
            content = stream.readall()
        digest = hashlib.sha256(content).digest()
        return ReadFile(len(content), digest, self.inspect(content, decode=decode))

    def inspect(self, content: bytes, *, decode: bool) -> ImageFacts:
        """The facts of a file's bytes; never raises on what the bytes say."""
        try:
            parsed = elements.parse(content)
            return self._facts(content, parsed, decode=decode)
        except Unreadable as error:
            return ImageFacts(problem=str(error))

    def _facts(self, content: bytes, parsed: ParsedFile, *, decode: bool) -> ImageFacts:
        charset = _charset(parsed)
        judged = [(entry, self._judge.judge(entry, charset)) for entry in parsed.elements]
        for entry in tuple(parsed.elements):
            if entry.vr == "SQ" or (entry.vr is None and _is_sequence(entry)):
                elements.read_nested(parsed, entry, charset)
        texts = {entry.tag: judgement.text for entry, judgement in judged}
        issues = [issue for _, judgement in judged for issue in judgement.issues]
        issues += self._nested_issues(parsed, charset)
        issues += _file_issues(content, parsed, texts)
        pixels = pixel_bytes(parsed)
        looked = decode and not parsed.truncated and parsed.pixels is not None
        if looked and texts.get(_SOP_CLASS) == CTImageStorage:
            issues += pixel_issues(content)
        return ImageFacts(
            sop_class=texts.get(_SOP_CLASS, ""),
            sop_instance=texts.get(_SOP_INSTANCE, ""),
            transfer_syntax=parsed.transfer_syntax,
            patient_name=texts.get(_PATIENT_NAME, ""),
            frame_of_reference=texts.get(_FRAME_OF_REFERENCE, ""),
            instance_number=texts.get(_INSTANCE_NUMBER, ""),
            image_type=texts.get(_IMAGE_TYPE, ""),
            tags={name: texts[tag] for tag, name in self._required.items() if tag in texts},
            position=floats(texts.get(_POSITION, ""), 3),
            orientation=floats(texts.get(_ORIENTATION, ""), 6),
            pixel_hash=xxhash.xxh3_128_hexdigest(pixels) if pixels else "",
            texts=_descriptive(judged),
            issues=_settle_dates(tuple(dict.fromkeys(issues)), texts),
            decoded=looked,
        )

    def _nested_issues(self, parsed: ParsedFile, charset: str) -> list[Issue]:
        return [
            issue
            for entry in parsed.nested
            for issue in self._judge.judge(entry, charset).issues
            if issue.code not in {"dicom.group-length", "dicom.vm"}
        ]


def _charset(parsed: ParsedFile) -> str:
    for entry in parsed.elements:
        if entry.tag >= _CHARSET:
            if entry.tag == _CHARSET:
                return (entry.value or b"").decode("ascii", "replace").strip(" \0")
            break
    return ""


def _is_sequence(entry: Element) -> bool:
    return label_of(entry.tag).endswith("Sequence")


def _file_issues(content: bytes, parsed: ParsedFile, texts: dict[int, str]) -> list[Issue]:
    tags = [entry.tag for entry in parsed.elements]
    present = frozenset(tags)
    filled = frozenset(entry.tag for entry in parsed.elements if _has_value(entry, texts))
    numbers = _numbers(parsed)
    issues = iod_rules.class_issues(texts.get(_SOP_CLASS, ""))
    if not issues:
        issues += iod_rules.attribute_issues(texts, filled, present)
        issues += iod_rules.enumerated_issues(
            texts.get(_IMAGE_TYPE, ""), numbers, texts.get(_PHOTOMETRIC, "")
        )
    issues += iod_rules.meta_issues(parsed, texts.get(_SOP_CLASS, ""), texts.get(_SOP_INSTANCE, ""))
    frames = texts.get(_FRAMES, "")
    issues += iod_rules.pixel_length_issues(parsed, numbers, int(frames) if frames.isdigit() else 1)
    if parsed.truncated:
        issues.append(Issue("dicom.truncated", parsed.truncated))
    issues += _around_issues(content, parsed, tags)
    issues += _declaration_issues(texts)
    return issues


def _has_value(entry: Element, texts: dict[int, str]) -> bool:
    return bool(entry.length) and (bool(texts[entry.tag]) or not (entry.value or b"x").isspace())


def _numbers(parsed: ParsedFile) -> dict[str, int]:
    order = "little" if parsed.little_endian else "big"
    return {
        _NUMBERS[entry.tag]: int.from_bytes(entry.value, order)  # type: ignore[arg-type]
        for entry in parsed.elements
        if entry.tag in _NUMBERS and entry.value
    }


def _around_issues(content: bytes, parsed: ParsedFile, tags: list[int]) -> list[Issue]:
    preamble = content[: elements.PREAMBLE]
    issues = []
    if any(preamble) and not preamble.startswith(_TIFF):
        issues.append(Issue("privacy.preamble", "", "bytes that are not zero"))
    behind = len(parsed.data) - parsed.end
    if behind > 0 and not parsed.truncated:
        issues.append(Issue("privacy.trailing", "", "bytes behind the last element"))
    return issues + iod_rules.order_issues(tags)


def _declaration_issues(texts: dict[int, str]) -> list[Issue]:
    issues = []
    if texts.get(_BURNED_IN, "").upper() == "YES":
        issues.append(Issue("privacy.burned-in", label_of(_BURNED_IN), "YES"))
    if texts.get(_IDENTITY_REMOVED, "").upper() == "NO":
        issues.append(Issue("privacy.not-removed", label_of(_IDENTITY_REMOVED), "NO"))
    return issues


def _settle_dates(issues: tuple[Issue, ...], texts: dict[int, str]) -> tuple[Issue, ...]:
    declared = texts.get(_DATES_MODIFIED, "").upper() in {"MODIFIED", "REMOVED"}
    code = "privacy.dates-kept" if declared else "privacy.retained"
    return tuple(
        Issue(code, issue.tag, issue.found) if issue.code == "privacy.date" else issue
        for issue in issues
    )


def pixel_bytes(parsed: ParsedFile) -> memoryview | bytes:
    """The pixel data's bytes as the file has them, encapsulated or not; may be empty."""
    pixels = parsed.pixels
    if pixels is None:
        return b""
    if pixels.value:
        return pixels.value
    return parsed.data[pixels.start : pixels.start + pixels.length]


def _descriptive(judged: list[tuple[Element, Judgement]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (label_of(entry.tag), judgement.text)
        for entry, judgement in judged
        if judgement.descriptive and judgement.text and entry.tag != _PATIENT_NAME
    )


def _too_large(descriptor: int, size: int) -> ReadFile:
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, _CHUNK):
        digest.update(chunk)
    problem = f"larger than {LARGEST_IMAGE >> 20} MiB, which no single CT slice is"
    return ReadFile(size, digest.digest(), ImageFacts(problem=problem))
