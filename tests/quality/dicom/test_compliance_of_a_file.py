"""Check 8 as a single file shows it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from dragon_ledger.quality.dicom.elements import MOST_INFLATED
from tests.quality.dicom.conftest import Edit, edited, inspect, issues, spliced
from tests.quality.dicom.test_privacy_of_a_file import put

Editor = Callable[[Edit], bytes]


def gone(*keywords: str) -> Edit:
    def change(image: FileDataset) -> None:
        for keyword in keywords:
            delattr(image, keyword)

    return change


CASES: list[tuple[str, Edit, str, str]] = [
    ("type 1 absent", gone("FrameOfReferenceUID"), "dicom.type1", "FrameOfReferenceUID"),
    ("type 1 empty", put(ImageType=None), "dicom.type1", "ImageType"),
    ("type 2 absent", gone("KVP"), "dicom.type2", "KVP"),
    ("type 1C", gone("DeidentificationMethod"), "dicom.conditional", "DeidentificationMethod"),
    ("type 2C", gone("PatientPosition"), "dicom.conditional", "PatientPosition"),
    ("window", put(WindowCenter="40"), "dicom.conditional", "WindowWidth"),
    ("no pixels", gone("PixelData"), "dicom.conditional", "PixelData"),
    ("class", put(SOPClassUID="1.2.840.10008.5.1.4.1.1.4"), "dicom.sop-class", "SOPClassUID"),
    ("bits", put(BitsStored=20), "dicom.enumerated", "BitsStored"),
    ("high bit", put(HighBit=15), "dicom.enumerated", "HighBit"),
    (
        "colour",
        put(PhotometricInterpretation="RGB"),
        "dicom.enumerated",
        "PhotometricInterpretation",
    ),
    ("image type", put(ImageType=["ORIGINAL", "TERTIARY"]), "dicom.enumerated", "ImageType"),
    ("rows", put(Rows=65), "dicom.pixel-length", "PixelData"),
    (
        "constant",
        lambda i: setattr(i, "PixelData", b"\0" * len(i.PixelData)),
        "dicom.constant",
        "PixelData",
    ),
    ("rescale", put(RescaleIntercept="0"), "dicom.hounsfield", "PixelData"),
]


@pytest.mark.parametrize(("change", "code", "keyword"), [c[1:] for c in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_one_edit_gives_its_issue(edit: Editor, change: Edit, code: str, keyword: str) -> None:
    assert (code, keyword) in issues(edit(change))


RAW: list[tuple[str, int, str, bytes, str, str]] = [
    ("date", 0x00080020, "DA", b"2020130x", "dicom.value", "StudyDate"),
    ("time", 0x00080030, "TM", b"25:61 ", "dicom.value", "StudyTime"),
    ("decimal", 0x00180050, "DS", b"thin", "dicom.value", "SliceThickness"),
    ("uid", 0x00200052, "UI", b"1.02.3", "dicom.value", "FrameOfReferenceUID"),
    ("code", 0x00185100, "CS", b"hfs!", "dicom.value", "PatientPosition"),
    ("too long", 0x00181210, "SH", b"B" * 18, "dicom.value", "ConvolutionKernel"),
    ("three spacings", 0x00280030, "DS", b"1\\1\\1 ", "dicom.vm", "PixelSpacing"),
    ("one of two", 0x00280030, "DS", b"1 ", "dicom.vm", "PixelSpacing"),
    ("wrong VR", 0x00181210, "LO", b"B30f", "dicom.vr", "ConvolutionKernel"),
    ("half a number", 0x00280010, "US", b"\x40", "dicom.value", "Rows"),
    ("group length", 0x00080000, "UL", b"\0\0\0\0", "dicom.group-length", ""),
]


@pytest.mark.parametrize(("tag", "vr", "value", "code", "keyword"), [case[1:] for case in RAW],
                         ids=[case[0] for case in RAW])  # fmt: skip
def test_one_value_gives_its_issue(
    slice_bytes: bytes, tag: int, vr: str, value: bytes, code: str, keyword: str
) -> None:
    assert (code, keyword) in issues(spliced(slice_bytes, tag, vr, value))


@pytest.mark.parametrize("charset", [b"ISO_IR 192", b"", b"ISO_IR 13 "])
def test_text_beyond_its_character_set(slice_bytes: bytes, charset: bytes) -> None:
    content = spliced(slice_bytes, 0x00080005, "CS", charset)
    content = spliced(content, 0x0008103E, "LO", b"caf\xe9\xff\xfd")
    assert ("dicom.charset", "SeriesDescription") in issues(content)


def test_meta_information_against_the_data_set(slice_bytes: bytes) -> None:
    dataset = pydicom.dcmread(BytesIO(slice_bytes))
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=False)
    assert ("dicom.meta", "MediaStorageSOPInstanceUID") in issues(stream.getvalue())


def test_an_unknown_transfer_syntax(slice_bytes: bytes) -> None:
    known, unknown = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"
    assert ("dicom.transfer-syntax", "TransferSyntaxUID") in issues(
        slice_bytes.replace(known, unknown, 1)
    )


def test_elements_out_of_order(slice_bytes: bytes) -> None:
    start = slice_bytes.index(struct.pack("<HH2s", 0x0008, 0x0060, b"CS"))
    moved = slice_bytes[start : start + 10]
    content = slice_bytes[:start] + slice_bytes[start + 10 :]
    place = content.index(struct.pack("<HH2s", 0x0010, 0x0020, b"LO"))
    assert ("dicom.order", "Modality") not in issues(slice_bytes)
    shown = {code for code, _ in issues(content[:place] + moved + content[place:])}
    assert "dicom.order" in shown


@pytest.mark.parametrize("cut", [1, 100, 4096])
def test_a_file_that_was_cut_off(slice_bytes: bytes, cut: int) -> None:
    assert ("dicom.truncated", "PixelData") in issues(slice_bytes[:-cut])


@pytest.mark.parametrize("content", [b"", b"DICM", b"\0" * 132, b"PK\3\4" * 100])
def test_what_is_no_dicom_is_said(content: bytes) -> None:
    assert "no DICOM file" in inspect(content).problem


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_plain_transfer_syntax_reads_alike(slice_bytes: bytes, syntax: str) -> None:
    dataset = pydicom.dcmread(BytesIO(slice_bytes))
    if syntax == ExplicitVRBigEndian:
        pixels = np.frombuffer(dataset.PixelData, "<u2").astype(">u2")
        dataset.PixelData = pixels.tobytes()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    stream = BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    assert issues(stream.getvalue()) == set()
    assert inspect(stream.getvalue()).tags == inspect(slice_bytes).tags


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless])
def test_compressed_pixels_are_decoded(slice_bytes: bytes, syntax: str) -> None:
    dataset = pydicom.dcmread(BytesIO(slice_bytes))
    dataset.compress(syntax, generate_instance_uid=False)
    stream = BytesIO()
    dataset.save_as(stream)
    assert issues(stream.getvalue()) == set()
    assert inspect(stream.getvalue()).decoded
    broken = stream.getvalue().replace(b"\xff\x52", b"\0\0").replace(b"\2\0\0\0\x40", b"\xff" * 5)
    if syntax == JPEG2000Lossless:
        assert ("dicom.decode", "PixelData") in issues(broken)


def test_a_deflate_bomb_is_refused(slice_bytes: bytes) -> None:
    dataset = pydicom.dcmread(BytesIO(slice_bytes))
    meta = DicomBytesIO()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    pydicom.filewriter.write_file_meta_info(meta, dataset.file_meta)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    chunk = b"\0" * (1 << 20)
    bomb = b"".join(packer.compress(chunk) for _ in range((MOST_INFLATED >> 20) + 8))
    content = b"\0" * 128 + b"DICM" + meta.getvalue() + bomb + packer.flush()
    assert len(content) < 1 << 20
    assert "larger than" in inspect(content).problem


def test_a_claimed_gigabyte_is_a_cut_off_file(slice_bytes: bytes) -> None:
    start = slice_bytes.index(struct.pack("<HH2s", 0x7FE0, 0x0010, b"OW"))
    claimed = slice_bytes[: start + 8] + struct.pack("<L", 1 << 30) + slice_bytes[start + 12 :]
    assert ("dicom.truncated", "PixelData") in issues(claimed)


def test_deeply_nested_sequences_are_refused(slice_bytes: bytes) -> None:
    def change(image: FileDataset) -> None:
        inner = pydicom.Dataset()
        for _ in range(40):
            outer = pydicom.Dataset()
            outer.OriginalAttributesSequence = pydicom.Sequence([inner])
            inner = outer
        image.OriginalAttributesSequence = pydicom.Sequence([inner])

    assert "nested deeper" in inspect(edited(slice_bytes, change)).problem
