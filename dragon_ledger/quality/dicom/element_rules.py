"""Judges single elements: representation, multiplicity, text, privacy. Equal elements once.

The files of a series differ in a handful of elements, so a judgement is remembered by the element's
bytes: this is what makes checking every value of every file affordable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dragon_ledger.quality.dicom import confidentiality, vr_rules
from dragon_ledger.quality.dicom.elements import Element
from dragon_ledger.quality.dicom.image_facts import Issue
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.person_names import looks_like_full_name
from dragon_ledger.quality.text_leaks import leaks

_MOST_REMEMBERED = 50_000
_LONGEST_REMEMBERED = 512
_ODD_GROUP = 0x00010000
_CHARSET = 0x00080005
_SIGNED = 33


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one element says.

    Attributes:
        text: the value's text, decoded, without padding; empty for numbers and bytes.
        issues: what is wrong with it.
        shape: twice the tag, one more when it has a value, and a bit for the VR SS.
        leaf: (label, text) when it is a text that describes something.
        sequence: whether it holds items.
        watched: whether the file's rules look at its value.
    """

    text: str
    issues: tuple[Issue, ...]
    shape: int
    leaf: tuple[str, str] | None = None
    sequence: bool = False
    watched: bool = False


class ElementJudge:
    """Judges elements against the data dictionary and the Basic Profile.

    Args:
        required: attributes that the rule set asks for, which the profile would remove.
        watched: attributes whose values the file's rules look at.
    """

    def __init__(self, required: frozenset[int], watched: frozenset[int]) -> None:
        self._required = required
        self._watched = watched
        self._remembered: dict[tuple[object, ...], Judgement] = {}

    def judge_all(self, elements: Iterable[Element], charset: str) -> list[Judgement]:
        """The judgements of elements of a data set with that SpecificCharacterSet."""
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.clear()
        remembered = self._remembered
        judged = []
        for element in elements:
            key = (charset, *element[:4])
            judgement = remembered.get(key)
            if judgement is None:
                judgement = self._judge(element, charset)
                if element.length <= _LONGEST_REMEMBERED or element.value is None:
                    remembered[key] = judgement
            judged.append(judgement)
        return judged

    def _judge(self, element: Element, charset: str) -> Judgement:
        tag, label = element.tag, vr_rules.label_of(element.tag)
        if not tag & 0xFFFF:
            return Judgement(
                "",
                (Issue("dicom.group-length", label),),
                _shape(element, filled=element.length > 0),
            )
        if tag & _ODD_GROUP:
            return _judge_private(element, label)
        vrs = vr_rules.dictionary_vrs(tag)
        vr = element.vr if element.vr in vrs else (vrs[0] if vrs else element.vr or "UN")
        issues: list[Issue] = []
        if element.vr is not None and vrs and element.vr not in {*vrs, "UN"}:
            issues.append(Issue("dicom.vr", label, f"{element.vr} instead of {' or '.join(vrs)}"))
        if element.length % 2 and element.length != 0xFFFFFFFF:  # noqa: PLR2004 (undefined)
            issues.append(Issue("dicom.odd-length", label))
        text = self._judge_value(element, vr, label, charset, issues)
        descriptive = text and vr in vr_rules.DESCRIPTIVE_VRS
        return Judgement(
            text,
            tuple(issues),
            _shape(
                element, filled=bool(text) or (vr not in vr_rules.TEXT_VRS and element.length > 0)
            ),
            (label, text) if descriptive else None,
            sequence=vr == "SQ",
            watched=tag in self._watched,
        )

    def _judge_value(
        self, element: Element, vr: str, label: str, charset: str, issues: list[Issue]
    ) -> str:
        text = ""
        if vr in vr_rules.TEXT_VRS:
            text = _text_of(element, vr, label, charset, issues)
            _judge_text(element, vr, label, text, issues)
        elif not vr_rules.length_fits(vr, element.length) and element.length < 1 << 31:
            issues.append(Issue("dicom.value", label, f"a length that no {vr} has"))
        else:
            _judge_count(element, vr, label, 0, issues)
        if text or (element.length and vr not in vr_rules.TEXT_VRS):
            self._judge_privacy(element.tag, vr, label, text, issues)
        return text

    def _judge_privacy(self, tag: int, vr: str, label: str, text: str, issues: list[Issue]) -> None:
        required = tag in self._required
        issue = confidentiality.judge(tag, label, vr, text, required=required)
        if issue is not None:
            issues.append(issue)
        if tag == confidentiality.PATIENT_ID and looks_like_full_name(text):
            issues.append(Issue("privacy.person-name", label, shape_of(text)))
        if vr in vr_rules.DESCRIPTIVE_VRS:
            issues += [
                Issue(
                    "privacy.text-date" if leak.is_date else "privacy.text-pattern",
                    label,
                    f"{leak.kind} in {shape_of(text)}",
                )
                for leak in leaks(text)
            ]


def _judge_private(element: Element, label: str) -> Judgement:
    if not element.length:
        return Judgement("", (), _shape(element, filled=element.length > 0))
    issue = Issue("privacy.private", label, "a value")
    return Judgement("", (issue,), _shape(element, filled=True), sequence=element.vr == "SQ")


def _shape(element: Element, *, filled: bool) -> int:
    return element.tag << 1 | int(filled) | (element.vr == "SS") << _SIGNED


def _text_of(element: Element, vr: str, label: str, charset: str, issues: list[Issue]) -> str:
    try:
        return vr_rules.decode(vr, element.value or b"", charset)
    except (ValueError, LookupError):
        issues.append(Issue("dicom.charset", label))
        return (element.value or b"").decode("latin-1").rstrip(" \0")


def _judge_text(element: Element, vr: str, label: str, text: str, issues: list[Issue]) -> None:
    values = vr_rules.values_of(vr, text)
    for value in values:
        problem = vr_rules.problem_with(vr, value)
        if problem:
            issues.append(Issue("dicom.value", label, problem))
            break
    _judge_count(element, vr, label, len(values), issues)


def _judge_count(element: Element, vr: str, label: str, values: int, issues: list[Issue]) -> None:
    if not element.length or not vr_rules.dictionary_vrs(element.tag):
        return
    count = vr_rules.multiplicity(vr, element.length, values)
    if not vr_rules.multiplicity_allowed(element.tag, count):
        issues.append(Issue("dicom.vm", label, f"{count} values"))
