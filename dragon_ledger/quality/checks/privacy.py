"""Check 1: identifying personal data in the images, in file names and folder names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from dragon_ledger.quality.checks.gathering import at_images, of_file_issues
from dragon_ledger.quality.examination import Examination, Image, Series
from dragon_ledger.quality.findings import CheckResult, Finding, conclude
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.person_names import contained, looks_like_full_name
from dragon_ledger.quality.text_leaks import leaks
from dragon_ledger.quality.transfer import TABLE_SUFFIXES, Role

_UID = re.compile(r"\d+(\.\d+){3,}")
_NUMBERED = re.compile(r"\d{1,6}")  # too short for any pattern
_TITLE_CASE = re.compile(r"[A-Z][a-z]+[ _,^]+[A-Z][a-z]+")
_SUFFIXES = (".dcm", ".csv", ".xpt")


def check_privacy(exam: Examination, clinical: tuple[Finding, ...]) -> CheckResult:
    """The images' part and the clinical tables' part of check 1."""
    findings = chain(
        of_file_issues(exam, "privacy"),
        chain.from_iterable(_names_in_texts(exam, series) for series in exam.series),
        _paths(exam),
        clinical,
    )
    return conclude("privacy", findings, exam.doubts)


def _names_in_texts(exam: Examination, series: Series) -> Iterator[Finding]:
    if not exam.name_tokens:
        return
    members: dict[tuple[str, str], list[Image]] = {}
    for image in series.images:
        for label, text in image.facts.texts:
            members.setdefault((label, text), []).append(image)
    for (label, text), images in members.items():
        if contained(exam.name_tokens, text):
            yield from at_images(
                exam, "privacy.text-name", shape_of(text), images, series=series, tag=label
            )


def _paths(exam: Examination) -> Iterator[Finding]:
    seen: set[str] = set()
    for file in exam.tree.files:
        tables = file.role in {
            Role.METADATA,
            Role.DOMAIN,
            Role.ASSOCIATION,
            Role.CHANGES,
            Role.MARKER,
        } or file.path.lower().endswith(TABLE_SUFFIXES)
        for level, part in enumerate(file.parts):
            if part in seen:
                continue
            seen.add(part)
            why = _why_leaking(exam, part)
            words = "" if why or tables else _reads_as_name(part)
            if why or (words and (not level or _TITLE_CASE.match(part))):
                yield exam.catalogue.finding("privacy.path", why or words, file=file.path)
            elif words:
                yield exam.catalogue.finding("privacy.path-words", words, file=file.path)


def _why_leaking(exam: Examination, part: str) -> str:
    name = part.rpartition(".")[0] if part.lower().endswith(_SUFFIXES) else part
    if _NUMBERED.fullmatch(name) or _UID.fullmatch(name):
        return ""
    spoken = re.sub("[_^,]+", " ", name)
    if contained(exam.name_tokens, spoken):
        return "a word of a patient's name"
    return ", ".join(leak.kind for leak in leaks(spoken) if not leak.is_date)


def _reads_as_name(part: str) -> str:
    name = part.rpartition(".")[0] if part.lower().endswith(_SUFFIXES) else part
    reads = looks_like_full_name(re.sub("[_^,]+", " ", name))
    return f"words that may be a name: {shape_of(name)}" if reads else ""
