"""The CT Image IOD as far as a file itself can show it (PS3.3 A.3), and the file meta."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import tag_for_keyword
from pydicom.uid import UID, CTImageStorage

from dragon_ledger.quality.dicom.elements import PIXEL_DATA, Element, ParsedFile
from dragon_ledger.quality.dicom.image_facts import Issue
from dragon_ledger.quality.dicom.vr_rules import label_of
from dragon_ledger.quality.numbers import whole

_META_CLASS, _META_INSTANCE, _META_SYNTAX = 0x00020002, 0x00020003, 0x00020010
_META_VERSION, _META_LENGTH, _META_IMPLEMENTATION = 0x00020001, 0x00020000, 0x00020012
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_BITS = range(12, 17)
_LIKE_PIXELS = frozenset({0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280120, 0x00280121})


@dataclass(frozen=True, slots=True)
class Clause:
    """Part of a condition: `present` or `absent` (any of the attributes), `equals`, `above`."""

    kind: str
    tags: tuple[int, ...]
    values: tuple[str, ...]

    def holds(self, values: Mapping[int, str], filled: frozenset[int]) -> bool:
        """Whether a data set meets it; for the arguments see `attribute_issues`."""
        match self.kind:
            case "present":
                return any(tag in filled for tag in self.tags)
            case "absent":
                return not any(tag in filled for tag in self.tags)
            case "equals":
                return values.get(self.tags[0], "") in self.values
        return (whole(values.get(self.tags[0], "")) or 0) > int(self.values[0])


@dataclass(frozen=True, slots=True)
class Condition:
    """A conditional attribute and the condition that the file itself shows: all clauses hold."""

    tag: int
    kind: str
    code: str
    clauses: tuple[Clause, ...]

    def is_met(self, values: Mapping[int, str], filled: frozenset[int]) -> bool:
        """Whether a data set must have the attribute; for the arguments see `attribute_issues`."""
        return all(clause.holds(values, filled) for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class ImageObjectDefinition:
    """The attributes of the IOD outside of sequences.

    Attributes:
        type1: must have a value.
        type2: must be there.
        type1c: must have a value if they are there.
        conditions: when an attribute must be there, as far as a file itself shows it.
    """

    type1: frozenset[int]
    type2: frozenset[int]
    type1c: frozenset[int]
    conditions: tuple[Condition, ...]


@cache
def ct_image() -> ImageObjectDefinition:
    """The CT Image IOD, reduced to its mandatory modules."""
    file = resources.files("dragon_ledger.quality") / "data" / "ct_image_iod.json"
    document = json.loads(file.read_text("utf-8"))
    conditional = document["conditional"]
    not_judged = {**document["covered_otherwise"], **document["not_checked"]}
    return ImageObjectDefinition(
        _of_type("1", document["attributes"]),
        _of_type("2", document["attributes"]),
        _of_type("1C", {**conditional, **not_judged}),
        tuple(_condition(keyword, row) for keyword, row in conditional.items()),
    )


def _of_type(kind: str, rows: Mapping[str, Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(_tag(keyword) for keyword, row in rows.items() if row["type"] == kind)


def condition_tags() -> frozenset[int]:
    """The attributes whose values conditions look at."""
    clauses = [clause for condition in ct_image().conditions for clause in condition.clauses]
    return frozenset(tag for clause in clauses if clause.values for tag in clause.tags)


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no keyword of the DICOM data dictionary")
    return tag


def _condition(keyword: str, row: Mapping[str, Any]) -> Condition:
    clauses = tuple(_clause(text) for text in row["when"])
    return Condition(_tag(keyword), row["type"], row.get("code", "dicom.conditional"), clauses)


def _clause(text: str) -> Clause:
    kind, *words = text.split(" ")
    if kind in {"present", "absent"}:
        return Clause(kind, tuple(_tag(word) for word in words), ())
    values = tuple(word.replace("_", " ") for word in words[1:])
    return Clause(kind, (_tag(words[0]),), values)


def attribute_issues(
    values: Mapping[int, str], filled: frozenset[int], present: frozenset[int]
) -> list[Issue]:
    """Type 1, type 2 and conditional attributes that are missing or empty (PS3.5 7.4).

    Args:
        values: text of each text attribute, numbers and the transfer syntax as text, by tag.
        filled: attributes that have a value.
        present: attributes that are there.
    """
    iod = ct_image()
    issues = [
        Issue("dicom.type1", label_of(tag), "empty" if tag in present else "absent")
        for tag in sorted(iod.type1 - filled)
    ]
    issues += [Issue("dicom.type2", label_of(tag), "absent") for tag in sorted(iod.type2 - present)]
    wanting = [
        condition
        for condition in iod.conditions
        if condition.tag not in (present if condition.kind.startswith("2") else filled)
        and condition.is_met(values, filled)
    ]
    for condition in wanting:
        found = "empty" if condition.tag in present else "absent"
        issues.append(Issue(condition.code, label_of(condition.tag), found))
    empty = (iod.type1c & present) - filled - {condition.tag for condition in wanting}
    return issues + [Issue("dicom.empty", label_of(tag), "empty") for tag in sorted(empty)]


def sign_issues(elements: Iterable[Element], representation: int | None) -> list[Issue]:
    """Pixel values written as US though PixelRepresentation says signed, or the other way round."""
    wrong = {0: "SS", 1: "US"}.get(representation if representation is not None else -1)
    return [
        Issue("dicom.sign", label_of(element.tag), f"{wrong}, PixelRepresentation {representation}")
        for element in elements
        if element.tag in _LIKE_PIXELS and element.vr == wrong and element.length
    ]


def enumerated_issues(image_type: str, numbers: Mapping[str, int], photometric: str) -> list[Issue]:
    """Values that PS3.3 C.8.2.1 enumerates for a CT image; `numbers` are US values by keyword."""
    bits = numbers.get("BitsStored", 0)
    kinds = image_type.split("\\")
    rules = (
        ("SamplesPerPixel", numbers.get("SamplesPerPixel", 1) == 1),
        ("PhotometricInterpretation", photometric in {"MONOCHROME1", "MONOCHROME2", ""}),
        ("BitsAllocated", numbers.get("BitsAllocated", 16) == 16),  # noqa: PLR2004 (C.8.2.1)
        ("BitsStored", bits in _BITS or "BitsStored" not in numbers),
        ("HighBit", numbers.get("HighBit", bits - 1) == bits - 1),
        ("PixelRepresentation", numbers.get("PixelRepresentation", 0) in {0, 1}),
        ("ImageType", kinds[0] in {"ORIGINAL", "DERIVED", ""}),
        ("ImageType", len(kinds) < 2 or kinds[1] in {"PRIMARY", "SECONDARY"}),  # noqa: PLR2004
    )
    return [
        Issue("dicom.enumerated", label_of(_tag(keyword)), str(numbers.get(keyword, "")))
        for keyword, holds in rules
        if not holds
    ]


def meta_issues(parsed: ParsedFile, sop_class: str, sop_instance: str) -> list[Issue]:
    """The file meta information against PS3.10 7.1 and the data set."""
    issues = [
        Issue("dicom.meta", label_of(tag), "absent or empty")
        for tag in (_META_LENGTH, _META_VERSION, _META_CLASS, _META_INSTANCE, _META_IMPLEMENTATION)
        if not parsed.meta.get(tag)
    ]
    for tag, expected in ((_META_CLASS, sop_class), (_META_INSTANCE, sop_instance)):
        value = parsed.meta.get(tag, b"").strip(b" \0").decode("ascii", "replace")
        if value and value != expected:
            issues.append(Issue("dicom.meta", label_of(tag), "differs from the data set"))
    if not _is_known_syntax(parsed.transfer_syntax):
        found = parsed.transfer_syntax if parsed.transfer_syntax.isascii() else ""
        issues.append(Issue("dicom.transfer-syntax", label_of(_META_SYNTAX), found[:64]))
    return issues


@cache
def _is_known_syntax(name: str) -> bool:
    return name in UID_dictionary and UID(name).is_transfer_syntax


# Objects that hold readable text or documents instead of slices (PS3.4 B.5).
_DOCUMENTS = ("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.88",
              "1.2.840.10008.5.1.4.1.1.104", "1.2.840.10008.5.1.4.1.1.11")  # fmt: skip


def class_issues(sop_class: str) -> list[Issue]:
    """An object that is no CT image, and whether it is one that shows text."""
    if sop_class == CTImageStorage:
        return []
    name = UID(sop_class).name if sop_class in UID_dictionary else sop_class or "absent"
    issues = [Issue("dicom.sop-class", label_of(_SOP_CLASS), name)]
    if any(sop_class == root or sop_class.startswith(root + ".") for root in _DOCUMENTS):
        issues.append(Issue("privacy.object", label_of(_SOP_CLASS), name))
    return issues


def order_issues(tags: list[int]) -> list[Issue]:
    """Elements that are not in ascending order, or there twice (PS3.5 7.1)."""
    for before, after in pairwise(tags):
        if after <= before:
            return [Issue("dicom.order", label_of(after), f"behind {label_of(before)}")]
    return []


def pixel_length_issues(parsed: ParsedFile, numbers: Mapping[str, int], frames: int) -> list[Issue]:
    """Pixel data whose length is not what rows, columns, samples, bits and frames ask for."""
    if parsed.pixels is None:
        return []
    label = label_of(PIXEL_DATA)
    if parsed.encapsulated:
        empty = not parsed.pixels.value
        return [Issue("dicom.pixel-length", label, "no pixel data")] if empty else []
    names = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
    if any(name not in numbers for name in names):
        return []
    rows, columns, samples, bits = (numbers[name] for name in names)
    expected = (rows * columns * samples * bits * frames + 7) // 8
    found = min(parsed.pixels.length, len(parsed.data) - parsed.pixels.start)
    if found in {expected, expected + expected % 2}:
        return []
    return [Issue("dicom.pixel-length", label, f"{found} bytes instead of {expected}")]
