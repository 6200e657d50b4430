"""The three defects of the demonstration's fourth hospital."""

from __future__ import annotations

from dragon_ledger.samples.defects.defect import Defect
from dragon_ledger.samples.defects.editing import TransferEditor
from dragon_ledger.samples.tables import Row

NAME_IN_DESCRIPTION = "CT THORAX Mrs Jeanne Dubois"


def _missing_slice(editor: TransferEditor) -> str:
    inner = editor.slices(0)[11]
    inner.unlink()
    return editor.relative(inner.parent)


def _name_in_description(editor: TransferEditor) -> str:
    return editor.edit_slices(
        editor.slices(2), lambda ds: setattr(ds, "StudyDescription", NAME_IN_DESCRIPTION)
    )


def _missing_required_value(editor: TransferEditor) -> str:
    def edit(rows: list[Row]) -> None:
        rows[1]["LBORRES"] = ""

    return editor.edit_table("lb", edit)


BASIC = (
    Defect(
        "missing-slice",
        "slices",
        "slices.missing",
        "one slice inside a series is not there",
        _missing_slice,
    ),
    Defect(
        "name-in-description",
        "privacy",
        "privacy.name",
        "a patient's name in StudyDescription",
        _name_in_description,
        "StudyDescription",
    ),
    Defect(
        "missing-required-value",
        "clinical-complete",
        "clinical-complete.missing",
        "a laboratory result is blank",
        _missing_required_value,
        "LBORRES",
    ),
)
