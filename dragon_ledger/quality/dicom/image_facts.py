"""What one image file says: the facts that the checks of a transfer are made from.

The facts travel as JSON: from the process that reads a file, and from the site's records database
when a file is unchanged. So a fresh and a remembered file take the same way through the checks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

FACTS_VERSION = 5  # to be raised with every change of what a file is judged by
_SAME_LAYOUT = (3, 4, FACTS_VERSION)


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that the file shows by itself: a code of the catalogue, a tag, what was found."""

    code: str
    tag: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    r"""The facts of one file.

    Attributes:
        problem: why the file could not be read as DICOM; empty when it could.
        tags: text of each attribute of Table 1 that the file has (several values joined by `\\`).
        nested_names: PatientName values inside sequences.
        position: ImagePositionPatient in mm, None when absent or no three numbers.
        orientation: ImageOrientationPatient, None when absent or no six numbers.
        pixel_hash: XXH3-128 of the pixel data's bytes; equal pixels have equal hashes, and equal
            hashes are confirmed by SHA-256.
        texts: (tag label, text) of descriptive attributes, searched for words of names.
        decoded: whether the pixels were decoded and looked at.
    """

    problem: str = ""
    sop_class: str = ""
    sop_instance: str = ""
    transfer_syntax: str = ""
    patient_name: str = ""
    nested_names: tuple[str, ...] = ()
    instance_number: str = ""
    image_type: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    pixel_hash: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    issues: tuple[Issue, ...] = ()
    decoded: bool = False

    @property
    def is_localizer(self) -> bool:
        """Whether ImageType says LOCALIZER (PS3.3 C.8.2.1.1.1)."""
        return "LOCALIZER" in self.image_type.split("\\")


def to_memo(facts: ImageFacts, profile: str) -> bytes:
    """The facts as JSON; `profile` names what was asked for, see `from_memo`."""
    values: list[Any] = [FACTS_VERSION, profile]
    for entry in fields(facts):
        value = getattr(facts, entry.name)
        if entry.name == "issues":
            value = [(issue.code, issue.tag, issue.found) for issue in value]
        values.append(value)
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def from_memo(
    memo: bytes, profile: str, shared: dict[object, Any] | None = None
) -> ImageFacts | None:
    """The facts of a memo, None when it was made by another version or for another profile.

    Args:
        memo: what `to_memo` made.
        profile: what was asked for.
        shared: values that other files have, too, are taken from here and put here: the files of a
            series differ in little, and a transfer may have a million.
    """
    try:
        version, made_for, *values = json.loads(memo)
    except ValueError:
        return None
    if version != FACTS_VERSION or made_for != profile or len(values) != len(_NAMES):
        return None
    return _restored(values, shared)


def from_any_memo(memo: bytes) -> ImageFacts | None:
    """The facts of a memo that may be older, for what no rule changes: identifiers, pixels, dates.

    None when its layout is another one.
    """
    try:
        version, _, *values = json.loads(memo)
    except ValueError:
        return None
    if version not in _SAME_LAYOUT or len(values) != len(_NAMES):
        return None
    return _restored(values, None)


_NAMES = tuple(entry.name for entry in fields(ImageFacts))


def _restored(values: list[Any], shared: dict[object, Any] | None) -> ImageFacts:
    state = dict(zip(_NAMES, values, strict=True))
    state["issues"] = tuple(Issue(*issue) for issue in state["issues"])
    state["texts"] = tuple((label, text) for label, text in state["texts"])
    if shared is not None:
        for name in ("issues", "texts"):
            state[name] = shared.setdefault((name, state[name]), state[name])
        state["tags"] = shared.setdefault(("tags", *state["tags"].items()), state["tags"])
    state["nested_names"] = tuple(state["nested_names"])
    for name in ("position", "orientation"):
        state[name] = None if state[name] is None else tuple(state[name])
    return ImageFacts(**state)
