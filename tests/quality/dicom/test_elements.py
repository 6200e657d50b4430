"""The lean reading against pydicom's ordinary reading, over every real DICOM file."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import RawDataElement

from dragon_ledger.quality.dicom.elements import PIXEL_DATA, Unreadable, parse
from dragon_ledger.quality.dicom.image_facts import ImageFacts, Issue, from_memo, to_memo

SETS = ("ct_ge_variable_thickness", "ct_lidc0314_1mm", "ct_dicom2nifti_broken_geometry",
        "dicom_odd_pydicom", "ct_weasis_rt_3mm")  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_elements_are_those_that_pydicom_reads(shared_data: Path, name: str) -> None:
    compared = 0
    for path in sorted((shared_data / name).rglob("*")):
        if path.is_file() and path.read_bytes()[128:132] == b"DICM":
            compared += _agrees(path)
    assert compared >= 22


def _agrees(path: Path) -> bool:
    try:
        parsed = parse(path.read_bytes())
    except Unreadable:
        return False
    dataset = pydicom.dcmread(path)
    ours = {entry.tag: entry.value for entry in parsed.elements if entry.tag != PIXEL_DATA}
    for tag in dataset.keys():  # noqa: SIM118 (iterating would convert the elements)
        theirs = dataset.get_item(tag)
        if tag != PIXEL_DATA and isinstance(theirs, RawDataElement):
            if ours.get(int(tag)) is not None:
                assert (theirs.value or b"") == ours[int(tag)], f"{path}: {tag}"
            else:
                assert int(tag) in ours, f"{path}: {tag}"
    return True


def test_facts_survive_their_memo() -> None:
    facts = ImageFacts(
        sop_instance="1.2.3",
        tags={"Modality": "CT", "StudyDescription": "Ångström"},
        position=(0.1, 2.0, -3.5),
        texts=(("(0008,1030) StudyDescription", "Ångström"),),
        issues=(Issue("dicom.value", "(0008,0020) StudyDate", "no valid DA"),),
        decoded=True,
    )
    memo = to_memo(facts, "profile")
    assert from_memo(memo, "profile") == facts
    shared: dict[object, object] = {}
    bare = to_memo(ImageFacts(), "profile")
    assert from_memo(bare, "profile", shared) == ImageFacts()
    again = [from_memo(memo, "profile", shared) for _ in range(2)]
    assert again == [facts, facts]
    assert again[0] is not None
    assert again[1] is not None
    assert again[0].tags is again[1].tags
    assert from_memo(memo, "other") is None
    assert from_memo(b"[]", "profile") is None
    assert from_memo(b"", "profile") is None
