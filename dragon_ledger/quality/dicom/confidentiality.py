"""PS3.15 Annex E, Basic Profile: what a value in an attribute means for the patient's privacy.

The profile's action is X (remove), Z (empty or dummy), D (dummy) or U (another UID), or a choice of
these; its options retain or clean some attributes. A file does not say whether a value is the
original or a dummy, so only an attribute that must be gone is an error; the others are warned of.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dragon_ledger.quality.dicom.image_facts import Issue
from dragon_ledger.quality.masking import shape_of
from dragon_ledger.quality.person_names import looks_like_person

PATIENT_NAME = 0x00100010
PATIENT_ID = 0x00100020
BIRTH_DATE = 0x00100030
_OVERLAY_DATA = 0x60003000
_REPEATING = 0xFF00FFFF
_DATE_VRS = ("DA", "TM", "DT")
_RETAINED = {
    "characteristics": "privacy.retained",
    "device": "privacy.retained",
    "institution": "privacy.retained",
}


@dataclass(frozen=True, slots=True)
class Action:
    """The Basic Profile's action on an attribute and the options that retain or clean it."""

    action: str
    options: frozenset[str]


@cache
def _table() -> dict[int, Action]:
    file = resources.files("dragon_ledger.quality") / "data" / "confidentiality.json"
    rows = json.loads(file.read_text("utf-8"))["attributes"]
    return {
        int(number[1:5] + number[6:10], 16): Action(action, frozenset(options))
        for number, (action, *options) in rows.items()
        if "X" not in number
    }


def action_on(tag: int) -> Action | None:
    """The profile's row of an attribute, None when the profile leaves it alone."""
    if tag >> 24 == 0x50:  # noqa: PLR2004 (curves, groups 50xx)
        return Action("X", frozenset())
    if tag & _REPEATING in {_OVERLAY_DATA, 0x60004000}:
        return Action("X", frozenset({"graphics"}))
    return _table().get(tag)


def judge(tag: int, label: str, vr: str, text: str, *, required: bool) -> Issue | None:
    """What a value that is there says against the profile; None when nothing.

    Args:
        tag: the attribute.
        label: how findings name it.
        vr: value representation of the data dictionary.
        text: the value, not empty; any text for a sequence or for bytes.
        required: whether the rule set asks for this attribute (Table 1).
    """
    if tag == BIRTH_DATE:
        return Issue("privacy.birth-date", label, shape_of(text))
    if vr == "PN" and looks_like_person(text) and (tag == PATIENT_NAME or "^" in text):
        return Issue("privacy.person-name", label, shape_of(text))
    if tag >> 24 == 0x60 and tag & _REPEATING == _OVERLAY_DATA:  # noqa: PLR2004 (groups 60xx)
        return Issue("privacy.overlay", label, "overlay data")
    row = action_on(tag)
    if required or row is None or row.action.startswith("U") or "uids" in row.options:
        return None
    return _judge_by_action(row, tag, label, vr, text)


def _judge_by_action(row: Action, tag: int, label: str, vr: str, text: str) -> Issue | None:
    shown = "a value" if vr in {"SQ", "OB", "OW", "UN"} else shape_of(text)
    if "dates" in row.options and (vr in _DATE_VRS or "device" not in row.options):
        return Issue("privacy.date", label, shown)
    if row.action in {"Z", "D", "Z/D"}:
        return _judge_dummy(tag, label, shown)
    for option, code in _RETAINED.items():
        if option in row.options:
            return Issue(code, label, shown)
    if "descriptions" in row.options:
        return Issue("privacy.description", label, shown)
    return Issue("privacy.attribute", label, shown)


def _judge_dummy(tag: int, label: str, shown: str) -> Issue | None:
    if tag in {PATIENT_NAME, PATIENT_ID}:
        return None  # a pseudonym is what the specification asks for
    return Issue("privacy.dummy", label, shown)
