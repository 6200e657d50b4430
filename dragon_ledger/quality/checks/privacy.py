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
        for part in file.parts:
            why = "" if part in seen else _why_leaking(exam, part, table=tables)
            seen.add(part)
            if why:
                yield exam.catalogue.finding("privacy.path", why, file=file.path)


def _why_leaking(exam: Examination, part: str, *, table: bool) -> str:
    name = part.rpartition(".")[0] if part.lower().endswith(_SUFFIXES) else part
    if _UID.fullmatch(name):
        return ""
    spoken = re.sub("[_^,]+", " ", name)
    if contained(exam.name_tokens, spoken):
        return "a word of a patient's name"
    if not table and looks_like_full_name(spoken):
        return f"words that read as a name: {shape_of(name)}"
    return ", ".join(leak.kind for leak in leaks(spoken) if not leak.is_date)
