"""Reads one image file once: its digest and its facts (runs in a worker process)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import xxhash
from pydicom.uid import CTImageStorage

from dragon_ledger.quality.dicom import elements, iod_rules
from dragon_ledger.quality.dicom.element_rules import ElementJudge, Judgement
from dragon_ledger.quality.dicom.elements import Element, ParsedFile, Unreadable
from dragon_ledger.quality.dicom.image_facts import ImageFacts, Issue
from dragon_ledger.quality.dicom.pixels import pixel_issues
from dragon_ledger.quality.dicom.vr_rules import label_of
from dragon_ledger.quality.numbers import floats, whole

LARGEST_IMAGE = 128 << 20
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
_NO_PREAMBLE = bytes(elements.PREAMBLE)
_MOST_STRUCTURES = 1000
_LONGEST_NUMBER = 8  # bytes; a US has 2, and what is longer is no number
_LONGEST_TEXT = 256  # of facts that a report may show; no attribute of Table 1 may be longer
_CHARSET, _FRAMES, _PHOTOMETRIC = 0x00080005, 0x00280008, 0x00280004
_SOP_CLASS, _SOP_INSTANCE, _IMAGE_TYPE = 0x00080016, 0x00080018, 0x00080008
_PATIENT_NAME, _INSTANCE_NUMBER = 0x00100010, 0x00200013
_TRANSFER_SYNTAX = 0x00020010
_POSITION, _ORIENTATION = 0x00200032, 0x00200037
_BURNED_IN, _IDENTITY_REMOVED, _DATES_MODIFIED = 0x00280301, 0x00120062, 0x00280303

_WATCHED = frozenset({*_NUMBERS, _FRAMES, _PHOTOMETRIC, _SOP_CLASS, _IMAGE_TYPE, _BURNED_IN,
                      _IDENTITY_REMOVED, *iod_rules.condition_tags()})  # fmt: skip
Pair = tuple[Element, Judgement]


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
        self._judge = ElementJudge(frozenset(self._required), _WATCHED)
        self._structures: dict[object, list[Issue]] = {}

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
        except elements.PARSER_ERRORS as error:
            return ImageFacts(problem=f"the values cannot be judged ({type(error).__name__})")

    def _facts(self, content: bytes, parsed: ParsedFile, *, decode: bool) -> ImageFacts:
        charset = _charset(parsed)
        judged = self._judge.judge_all(parsed.elements, charset)
        pairs = list(zip(parsed.elements, judged, strict=True))
        for element, judgement in pairs:
            if judgement.sequence:
                elements.read_nested(parsed, element, charset)
        texts = {element[0]: judgement.text for element, judgement in pairs}
        issues = [issue for judgement in judged for issue in judgement.issues]
        nested = list(
            zip(parsed.nested, self._judge.judge_all(parsed.nested, charset), strict=True)
        )
        issues += _nested_issues(nested)
        issues += self._structural(parsed, pairs, texts)
        issues += _issues_of_this_file(content, parsed, texts)
        looked = decode and not parsed.truncated and parsed.pixels is not None
        if looked and texts.get(_SOP_CLASS) == CTImageStorage:
            issues += pixel_issues(content)
        return self._gathered(parsed, pairs + nested, texts, issues, looked=looked)

    def _gathered(
        self,
        parsed: ParsedFile,
        pairs: list[Pair],
        texts: dict[int, str],
        issues: list[Issue],
        *,
        looked: bool,
    ) -> ImageFacts:
        def text(tag: int) -> str:
            return texts.get(tag, "")[:_LONGEST_TEXT]

        pixels = pixel_bytes(parsed)
        return ImageFacts(
            sop_class=text(_SOP_CLASS),
            sop_instance=text(_SOP_INSTANCE),
            transfer_syntax=parsed.transfer_syntax[:_LONGEST_TEXT],
            patient_name=text(_PATIENT_NAME),
            nested_names=_names_in(pairs[len(parsed.elements) :]),
            instance_number=text(_INSTANCE_NUMBER),
            image_type=text(_IMAGE_TYPE),
            tags={name: text(tag) for tag, name in self._required.items() if tag in texts},
            position=floats(text(_POSITION), 3),
            orientation=floats(text(_ORIENTATION), 6),
            pixel_hash=xxhash.xxh3_128_hexdigest(pixels) if pixels else "",
            texts=_descriptive(pairs),
            issues=_settle_dates(tuple(dict.fromkeys(issues)), texts) if issues else (),
            decoded=looked,
        )

    def _structural(
        self, parsed: ParsedFile, pairs: list[Pair], texts: dict[int, str]
    ) -> list[Issue]:
        """Issues that follow from which elements there are and a few of their values.

        These are the same for the files of a series, so they are remembered.
        """
        pixels = (parsed.pixels.length if parsed.pixels else 0, len(parsed.data) - parsed.end)
        key = (
            tuple([judgement.shape for _, judgement in pairs]),
            tuple([element[3] for element, judgement in pairs if judgement.watched]),
            (parsed.transfer_syntax, parsed.truncated, *pixels),
        )
        known = self._structures.get(key)
        if known is None:
            if len(self._structures) >= _MOST_STRUCTURES:
                self._structures.clear()
            known = self._structures[key] = _structural_issues(parsed, pairs, texts)
        return known


def _nested_issues(nested: list[Pair]) -> list[Issue]:
    return [
        issue
        for _, judgement in nested
        for issue in judgement.issues
        if issue.code != "dicom.group-length"
    ]


def _names_in(nested: list[Pair]) -> tuple[str, ...]:
    """PatientName inside sequences, such as what it was before de-identification."""
    names = [
        judgement.text[:_LONGEST_TEXT]
        for element, judgement in nested
        if element[0] == _PATIENT_NAME
    ]
    return tuple(dict.fromkeys(name for name in names if name))


def _structural_issues(parsed: ParsedFile, pairs: list[Pair], texts: dict[int, str]) -> list[Issue]:
    tags = [element.tag for element, _ in pairs]
    filled = frozenset(element.tag for element, judgement in pairs if judgement.shape & 1)
    numbers = _numbers(parsed)
    issues = iod_rules.class_issues(texts.get(_SOP_CLASS, ""))
    if not issues:
        shown = {tag: str(numbers[name]) for tag, name in _NUMBERS.items() if name in numbers}
        values = {**texts, **shown, _TRANSFER_SYNTAX: parsed.transfer_syntax}
        issues += iod_rules.attribute_issues(values, filled, frozenset(tags))
        issues += iod_rules.sign_issues(parsed.elements, numbers.get("PixelRepresentation"))
        issues += iod_rules.enumerated_issues(
            texts.get(_IMAGE_TYPE, ""), numbers, texts.get(_PHOTOMETRIC, "")
        )
    frames = whole(texts.get(_FRAMES, "")) or 1
    issues += iod_rules.pixel_length_issues(parsed, numbers, frames)
    if parsed.truncated:
        issues.append(Issue("dicom.truncated", parsed.truncated))
    return issues + iod_rules.order_issues(tags) + _declaration_issues(texts)


def _charset(parsed: ParsedFile) -> str:
    for entry in parsed.elements:
        if entry.tag >= _CHARSET:
            if entry.tag == _CHARSET:
                return (entry.value or b"").decode("ascii", "replace").strip(" \0")
            break
    return ""


def _numbers(parsed: ParsedFile) -> dict[str, int]:
    order: Literal["little", "big"] = "little" if parsed.little_endian else "big"
    return {
        _NUMBERS[entry.tag]: int.from_bytes(entry.value, order)
        for entry in parsed.elements
        if entry.tag in _NUMBERS and entry.value and len(entry.value) <= _LONGEST_NUMBER
    }


def _issues_of_this_file(content: bytes, parsed: ParsedFile, texts: dict[int, str]) -> list[Issue]:
    issues = iod_rules.meta_issues(parsed, texts.get(_SOP_CLASS, ""), texts.get(_SOP_INSTANCE, ""))
    preamble = content[: elements.PREAMBLE]
    if preamble != _NO_PREAMBLE and not preamble.startswith(_TIFF):
        issues.append(Issue("privacy.preamble", "", "bytes that are not zero"))
    if len(parsed.data) > parsed.end and not parsed.truncated:
        issues.append(Issue("privacy.trailing", "", "bytes behind the last element"))
    return issues


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


def _descriptive(pairs: list[Pair]) -> tuple[tuple[str, str], ...]:
    return tuple(
        [
            judgement.leaf
            for element, judgement in pairs
            if judgement.leaf is not None and element[0] != _PATIENT_NAME
        ]
    )


def _too_large(descriptor: int, size: int) -> ReadFile:
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, _CHUNK):
        digest.update(chunk)
    problem = f"larger than {LARGEST_IMAGE >> 20} MiB, which no single CT slice is"
    return ReadFile(size, digest.digest(), ImageFacts(problem=problem))
