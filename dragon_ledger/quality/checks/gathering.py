"""Turns what many files say alike into few findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dragon_ledger.quality.dicom.image_facts import Issue
from dragon_ledger.quality.examination import Examination, Image, Series
from dragon_ledger.quality.findings import Finding

_NAMED = 3


def at_images(
    exam: Examination,
    code: str,
    found: str,
    images: Sequence[Image],
    *,
    series: Series | None = None,
    tag: str | None = None,
) -> Iterator[Finding]:
    """One finding for each of the first images, the last of them standing for all others."""
    named = images[:_NAMED]
    for number, image in enumerate(named, 1):
        rest = len(images) - _NAMED if number == _NAMED else 0
        yield exam.catalogue.finding(
            code,
            found,
            file=image.path,
            tag=tag or None,
            subject=image.subject or None,
            series=series.uid if series else None,
            count=1 + max(0, rest),
        )


def at_series(
    exam: Examination, code: str, found: str, series: Series, *, tag: str | None = None
) -> Finding:
    """A finding about a whole series, at its first file."""
    return exam.catalogue.finding(
        code,
        found,
        file=series.first.path,
        tag=tag,
        subject=series.subject or None,
        series=series.uid,
    )


def of_file_issues(exam: Examination, check: str) -> Iterator[Finding]:
    """What single files show of a check by themselves; equal findings of a series together."""
    for series in exam.series:
        members: dict[Issue, list[Image]] = {}
        for image in series.images:
            for issue in image.facts.issues:
                if issue.code.startswith(check + "."):
                    members.setdefault(issue, []).append(image)
        for issue, images in members.items():
            yield from at_images(
                exam, issue.code, issue.found, images, series=series, tag=issue.tag
            )


def at_paths(
    exam: Examination, code: str, paths: Iterable[str], found: str = ""
) -> Iterator[Finding]:
    """One finding for each path."""
    return (exam.catalogue.finding(code, found, file=path) for path in paths)
