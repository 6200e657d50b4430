"""Conditional attributes of the CT Image IOD: each condition met and not, and none forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from dragon_ledger.quality.dicom.iod_rules import attribute_issues, ct_image
from tests.quality.dicom.conftest import Edit, issues

Editor = Callable[[Edit], bytes]
DOCS = Path(__file__).resolve().parents[3] / "docs"
TABLE: dict[str, Any] = json.loads(
    (resources.files("dragon_ledger.quality") / "data" / "ct_image_iod.json").read_text("utf-8")
)
CODE = [pydicom.Dataset()]


def put(**values: Any) -> Edit:
    """Set attributes; None removes one."""

    def change(image: FileDataset) -> None:
        for keyword, value in values.items():
            if value is not None:
                setattr(image, keyword, value)
                if image[keyword].VR == "US or SS":
                    image[keyword].VR = "US"
            elif keyword in image:
                delattr(image, keyword)

    return change


def raw(change: Edit, **written: str) -> Edit:
    """Change, and write attributes with another VR."""

    def both(image: FileDataset) -> None:
        change(image)
        for keyword, vr in written.items():
            image[keyword].VR = vr

    return both


MET: list[tuple[str, Edit, Edit]] = [
    (
        "PatientAlternativeCalendar",
        put(PatientBirthDateInAlternativeCalendar="1"),
        put(PatientAlternativeCalendar="JAPANESE"),
    ),
    ("ResponsiblePersonRole", put(ResponsiblePerson="P^1"), put(ResponsiblePersonRole="OWNER")),
    (
        "DeidentificationMethod",
        put(DeidentificationMethod=None),
        put(DeidentificationMethodCodeSequence=CODE),
    ),
    (
        "ClinicalTrialSubjectID",
        put(ClinicalTrialSponsorName="S"),
        put(ClinicalTrialSubjectReadingID="R1"),
    ),
    (
        "ClinicalTrialProtocolEthicsCommitteeName",
        put(ClinicalTrialProtocolEthicsCommitteeApprovalNumber="7"),
        put(ClinicalTrialProtocolEthicsCommitteeName="C"),
    ),
    (
        "LongitudinalTemporalEventType",
        put(LongitudinalTemporalOffsetFromEvent=3.0),
        put(LongitudinalTemporalEventType="ENROLLMENT"),
    ),
    (
        "PatientPosition",
        put(PatientPosition=None),
        put(PatientOrientationCodeSequence=CODE),
    ),
    ("Laterality", put(BodyPartExamined="KNEE"), put(Laterality="")),
    ("Laterality", put(BodyPartExamined="LUNG"), put(ImageLaterality="L")),
    ("PixelPaddingValue", put(PixelPaddingRangeLimit=5), put(PixelPaddingValue=0)),
    ("PlanarConfiguration", put(SamplesPerPixel=3), put(PlanarConfiguration=0)),
    *(
        (
            f"{colour}PaletteColorLookupTable{part}",
            put(PhotometricInterpretation="PALETTE COLOR"),
            put(**{f"{colour}PaletteColorLookupTable{part}": value}),
        )
        for colour in ("Red", "Green", "Blue")
        for part, value in (("Descriptor", [256, 0, 16]), ("Data", bytes(512)))
    ),
    (
        "ExtendedOffsetTableLengths",
        put(ExtendedOffsetTable=bytes(8)),
        put(ExtendedOffsetTableLengths=bytes(8)),
    ),
    ("PixelData", put(PixelData=None), put(PixelDataProviderURL="https://example.org/1")),
    (
        "WaterEquivalentDiameterCalculationMethodCodeSequence",
        put(WaterEquivalentDiameter=200.0),
        put(WaterEquivalentDiameterCalculationMethodCodeSequence=CODE),
    ),
    (
        "RescaleType",
        put(MultienergyCTAcquisition="YES", RescaleType=None),
        put(RescaleType="HU"),
    ),
    ("WindowCenter", put(WindowWidth="400"), put(WindowCenter="40")),
    ("WindowCenter", put(VOILUTFunction="LINEAR"), put(VOILUTSequence=CODE)),
    ("WindowWidth", put(WindowCenter="40"), put(WindowWidth="400")),
    ("ContrastBolusAgent", put(ContrastBolusVolume="80"), put(ContrastBolusAgent="")),
    (
        "MultienergyCTAcquisitionSequence",
        put(MultienergyCTAcquisition="YES"),
        put(MultienergyCTAcquisitionSequence=CODE),
    ),
    (
        "LossyImageCompressionRatio",
        put(LossyImageCompression="01"),
        put(LossyImageCompressionRatio="10"),
    ),
    (
        "LossyImageCompressionMethod",
        put(LossyImageCompression="01"),
        put(LossyImageCompressionMethod="ISO_10918_1"),
    ),
]


def conditional(content: bytes) -> set[str]:
    codes = {"dicom.conditional", "dicom.laterality", "dicom.lossy"}
    return {keyword for code, keyword in issues(content) if code in codes}


@pytest.mark.parametrize(("keyword", "met", "given"), MET)
def test_a_met_condition_asks_for_its_attribute(
    edit: Editor, keyword: str, met: Edit, given: Edit
) -> None:
    assert keyword not in conditional(edit(put()))
    assert keyword in conditional(edit(met))

    def both(image: FileDataset) -> None:
        met(image)
        given(image)

    assert keyword not in conditional(edit(both))


@pytest.mark.parametrize(
    ("syntax", "keyword"),
    [
        ("1.2.840.10008.1.2.4.51", "LossyImageCompression"),
        ("1.2.840.10008.1.2.4.94", "PixelDataProviderURL"),
    ],
)
def test_a_transfer_syntax_asks_for_an_attribute(syntax: str, keyword: str) -> None:
    """By the rule itself: no file of these syntaxes can be written here."""
    asked = attribute_issues({0x00020010: UID(syntax)}, frozenset(), frozenset())
    other = attribute_issues({0x00020010: "1.2.840.10008.1.2.1"}, frozenset(), frozenset())
    assert {issue.tag.split(" ")[1] for issue in asked} - {
        issue.tag.split(" ")[1] for issue in other
    } == {keyword}


def test_every_condition_is_tested() -> None:
    by_syntax = {"LossyImageCompression", "PixelDataProviderURL"}
    assert {keyword for keyword, *_ in MET} | by_syntax == set(TABLE["conditional"])
    assert len(ct_image().conditions) == len(TABLE["conditional"])


def test_no_conditional_attribute_of_the_iod_is_forgotten() -> None:
    """highdicom has the standard's table; types, not conditions."""
    from highdicom._standard_utils import (  # noqa: PLC0415 (slow import)
        get_iod_module_map,
        get_module_attribute_map,
        get_sop_class_iod_map,
    )

    iod = get_sop_class_iod_map()["1.2.840.10008.5.1.4.1.1.2"]
    attributes = get_module_attribute_map()
    conditional = {
        (row["keyword"], row["type"])
        for module in get_iod_module_map()[iod]
        for row in attributes[module["key"]]
        if not row["path"] and row["type"] in {"1C", "2C"}
    }
    parts = [
        {(key, row["type"]) for key, row in TABLE[part].items() if row["type"] in {"1C", "2C"}}
        for part in ("conditional", "covered_otherwise", "not_checked")
    ]
    assert set.union(*parts) == conditional
    assert sum(map(len, parts)) == len(conditional)


@pytest.mark.parametrize(
    ("change", "keyword"),
    [
        (put(RescaleType=""), "RescaleType"),
        (put(SpecificCharacterSet=""), "SpecificCharacterSet"),
        (put(ReferencedSeriesSequence=[]), "ReferencedSeriesSequence"),
        (put(SynchronizationChannel=None, PixelPaddingRangeLimit=None), None),
        (put(ContentDate=""), None),
    ],
    ids=["not asked for", "text", "sequence", "absent", "type 2C"],
)
def test_a_type_1c_attribute_that_is_there_has_a_value(
    edit: Editor, change: Edit, keyword: str | None
) -> None:
    found = {tag for code, tag in issues(edit(change)) if code == "dicom.empty"}
    assert found == ({keyword} if keyword else set())


def test_a_sequence_of_undefined_length_counts_as_filled(edit: Editor) -> None:
    """A known limitation: its length does not tell that it has no item."""

    def change(image: FileDataset) -> None:
        image.ReferencedSeriesSequence = []
        image["ReferencedSeriesSequence"].is_undefined_length = True

    assert "dicom.empty" not in {code for code, _ in issues(edit(change))}


def test_an_empty_attribute_that_is_asked_for_is_named_once(edit: Editor) -> None:
    found = issues(edit(put(DeidentificationMethod="")))
    codes = [code for code, keyword in found if keyword == "DeidentificationMethod"]
    assert codes == ["dicom.conditional"]


def test_the_page_lists_what_is_not_checked_with_the_reason() -> None:
    page = (DOCS / "quality-check.md").read_text("utf-8")
    for head, part in (("NOT CHECKED", "not_checked"), ("covered otherwise", "covered_otherwise")):
        table = page.partition(f"| {head} |")[2].partition("\n\n")[0]
        listed = re.findall(r"^\| (\w+) \| (.*) \|$", table, re.MULTILINE)
        assert dict(listed) == {keyword: row["reason"] for keyword, row in TABLE[part].items()}


@pytest.mark.parametrize(("representation", "right", "wrong"), [(0, "US", "SS"), (1, "SS", "US")])
@pytest.mark.parametrize("keyword", ["SmallestImagePixelValue", "PixelPaddingValue"])
def test_values_of_pixels_have_the_sign_of_the_pixels(
    edit: Editor, representation: int, right: str, wrong: str, keyword: str
) -> None:
    change = put(**{"PixelRepresentation": representation, keyword: 7})
    found = ("dicom.sign", keyword)
    assert found not in issues(edit(raw(change, **{keyword: right})))
    assert found in issues(edit(raw(change, **{keyword: wrong})))


def test_values_inside_a_sequence_are_counted(edit: Editor) -> None:
    item = pydicom.Dataset()
    item.add_new(0x00181150, "IS", [1, 2])
    assert ("dicom.vm", "ExposureTime") in issues(edit(put(ReferencedImageSequence=[item])))
