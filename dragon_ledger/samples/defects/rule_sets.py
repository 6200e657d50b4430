"""Rule sets that a consortium derives, which the clean transfer breaks."""

from __future__ import annotations

from dragon_ledger.samples.defects.defect import defect
from dragon_ledger.samples.defects.editing import TransferEditor


def _unchanged_images(editor: TransferEditor) -> str:
    """Nothing is damaged; the first image of the first series is named."""
    return editor.relative(editor.slices(0)[0])


def _unchanged_table(editor: TransferEditor) -> str:
    return editor.relative(editor.table("lb"))


RULE_SETS = (
    defect("more-slices-asked-for", "slice-limits.few", "a consortium asks for 40 slices",
           _unchanged_images).under({"limits": {"slices_minimum": "40"}}),
    defect("thinner-slices-asked-for", "slice-thickness.limit",
           "a consortium asks for slices of at most 1 mm", _unchanged_images,
           "SliceThickness").under({"limits": {"slice_thickness_maximum": "1.0"}}),
    defect("further-tag-asked-for", "tags.absent", "a consortium asks for ProtocolName",
           _unchanged_images, "ProtocolName").under(
               {"tags": {"ProtocolName": {"number": "(0018,1030)", "vr": "LO",
                                          "requirement": "value"}}}),
    defect("fewer-terms-allowed", "sdtm.term-rule-set", "a consortium allows one LBCAT only",
           _unchanged_table, "LBCAT").under({"terminology": {"LBCAT": ["CHEMISTRY"]}}),
)  # fmt: skip
