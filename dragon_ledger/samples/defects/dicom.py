"""Check 8: files that are no compliant CT images."""

from __future__ import annotations

import struct

from pydicom.dataset import FileDataset
from pydicom.uid import JPEG2000Lossless, MRImageStorage

from dragon_ledger.samples.defects.building import (
    kebab,
    one_slice,
    slice_bytes,
    with_value,
    without,
)
from dragon_ledger.samples.defects.defect import Damage, Defect, defect
from dragon_ledger.samples.defects.editing import SliceEdit, TransferEditor

SERIES, SLICE = 3, 5  # the slice is not the one that a check would decode
PIXEL_HEADER = b"\xe0\x7f\x10\x00OW\x00\x00"


def _patched(old: bytes, new: bytes) -> Damage:
    """Replace bytes of one slice; the lengths are the same, so nothing else moves."""
    return slice_bytes(SERIES, SLICE, lambda content: content.replace(old, new, 1))


def _raw_value(tag: int, vr: bytes, value: bytes) -> Damage:
    """Replace an element's value by bytes that a DICOM toolkit would refuse to write."""
    header = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr

    def change(content: bytes) -> bytes:
        at = content.index(header)
        (length,) = struct.unpack("<H", content[at + 6 : at + 8])
        return content[:at] + _element(tag, vr, value) + content[at + 8 + length :]

    return slice_bytes(SERIES, SLICE, change)


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr + struct.pack("<H", len(value)) + value


def _inserted(before: bytes, element: bytes) -> Damage:
    """Insert an encoded element before a place in one slice."""
    return slice_bytes(SERIES, SLICE, lambda content: content.replace(before, element + before, 1))


def _wrong_meta(content: bytes) -> bytes:
    """Change the instance that the file meta names; it comes before the data set's own."""
    at = content.index(b"\x02\x00\x03\x00UI") + 8
    (length,) = struct.unpack("<H", content[at - 2 : at])
    return content[:at] + b"1.2.3".ljust(length, b"\0") + content[at + length :]


def _not_utf8(content: bytes) -> bytes:
    named = content.replace(b"ISO_IR 100", b"ISO_IR 192", 1)
    return named.replace(b"Synthetic", b"Synth\xe9tic"[:9], 1)


def _half_pixels(content: bytes) -> bytes:
    """Pixel data of half the length, correctly encoded otherwise."""
    at = content.index(PIXEL_HEADER) + len(PIXEL_HEADER)
    (length,) = struct.unpack("<I", content[at : at + 4])
    return content[:at] + struct.pack("<I", length // 2) + content[at + 4 : at + 4 + length // 2]


def _broken_jpeg(dataset: FileDataset) -> None:
    from pydicom.encaps import encapsulate  # noqa: PLC0415 (for this damage only)

    dataset.PixelData = encapsulate(
        [b"\xff\x4f\xff\x51 no image %4d" % int(dataset.InstanceNumber)]
    )
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless


def _constant(dataset: FileDataset) -> None:
    dataset.PixelData = bytes(len(dataset.PixelData))


def _signed(dataset: FileDataset) -> None:
    dataset.add_new(0x00280106, "SS", 0)


def _decoded(edit: SliceEdit) -> Damage:
    """Edit a whole series; the middle slice is named, which a check would decode."""

    def damage(editor: TransferEditor) -> str:
        paths = editor.slices(SERIES)
        editor.edit_slices(paths, edit)
        return editor.relative(paths[len(paths) // 2])

    return damage


def _absent(keyword: str, code: str, *also: str) -> Defect:
    return defect(f"{kebab(keyword)}-absent", code, f"{keyword} is not there",
                  one_slice(SERIES, SLICE, without(keyword)), keyword, *also)  # fmt: skip


DICOM = (
    defect("image-truncated", "dicom.truncated", "a file is cut off",
           slice_bytes(SERIES, SLICE, lambda content: content[:-700]), "PixelData",
           "dicom.pixel-length"),
    defect("image-of-text", "dicom.unreadable", "a text file is named .dcm",
           slice_bytes(SERIES, SLICE, lambda _: b"This is no image.\n" * 40), None,
           "slices.missing", "slices.number", "slices.instance-gap"),
    defect("image-of-zeros", "dicom.unreadable", "a file holds zeros only",
           slice_bytes(SERIES, SLICE, lambda content: bytes(len(content))), None,
           "slices.missing", "slices.number", "slices.instance-gap"),
    _absent("SOPInstanceUID", "dicom.type1", "dicom.meta"),
    _absent("ImageType", "dicom.type1"),
    _absent("Rows", "dicom.type1"),
    _absent("RescaleSlope", "dicom.type1"),
    _absent("ImageOrientationPatient", "dicom.type1", "slices.missing", "slices.instance-gap"),
    _absent("KVP", "dicom.type2"),
    _absent("PatientSex", "dicom.type2"),
    _absent("StudyID", "dicom.type2"),
    _absent("PatientPosition", "dicom.conditional"),
    defect("deidentification-method-absent", "dicom.conditional",
           "PatientIdentityRemoved is YES and DeidentificationMethod is not there",
           one_slice(SERIES, SLICE, without("DeidentificationMethod")), "DeidentificationMethod"),
    defect("window-width-absent", "dicom.conditional", "WindowCenter without WindowWidth",
           one_slice(SERIES, SLICE, with_value("WindowCenter", "40")), "WindowWidth"),
    defect("contrast-agent-absent", "dicom.conditional", "ContrastBolusVolume without an agent",
           one_slice(SERIES, SLICE, with_value("ContrastBolusVolume", "80")),
           "ContrastBolusAgent"),
    defect("rescale-type-empty", "dicom.empty", "RescaleType is there without a value",
           one_slice(SERIES, SLICE, with_value("RescaleType", "")), "RescaleType"),
    defect("laterality-absent", "dicom.laterality", "a knee without Laterality",
           one_slice(SERIES, SLICE, with_value("BodyPartExamined", "KNEE")), "Laterality"),
    defect("lossy-without-ratio", "dicom.lossy", "lossy compression without its ratio",
           one_slice(SERIES, SLICE, with_value("LossyImageCompression", "01")),
           "LossyImageCompressionRatio"),
    defect("pixel-value-sign", "dicom.sign", "SmallestImagePixelValue is signed, the pixels not",
           one_slice(SERIES, SLICE, _signed), "SmallestImagePixelValue"),
    defect("bits-allocated", "dicom.enumerated", "HighBit is not BitsStored less one",
           one_slice(SERIES, SLICE, with_value("HighBit", 15)), "HighBit"),
    defect("samples-per-pixel", "dicom.enumerated", "PhotometricInterpretation is RGB",
           one_slice(SERIES, SLICE, with_value("PhotometricInterpretation", "RGB")),
           "PhotometricInterpretation"),
    defect("image-type", "dicom.enumerated", "ImageType begins with NONE",
           one_slice(SERIES, SLICE, with_value("ImageType", ["NONE", "PRIMARY", "AXIAL"])),
           "ImageType"),
    defect("code-string-in-lower-case", "dicom.value", "BodyPartExamined is in lower case",
           _raw_value(0x00180015, b"CS", b"chest "),
           "BodyPartExamined"),
    defect("decimal-string-with-comma", "dicom.value", "SliceLocation has a decimal comma",
           _raw_value(0x00201041, b"DS", b"-143,75 "),
           "SliceLocation"),
    defect("two-slopes", "dicom.vm", "RescaleSlope has two values",
           _raw_value(0x00281053, b"DS", b"1\\1 "),
           "RescaleSlope"),
    defect("character-set", "dicom.charset", "a text is not in the character set",
           slice_bytes(SERIES, SLICE, _not_utf8), "DeidentificationMethod"),
    defect("value-representation", "dicom.vr", "KVP is written as LO",
           _patched(b"\x18\x00\x60\x00DS", b"\x18\x00\x60\x00LO"), "KVP"),
    defect("elements-out-of-order", "dicom.order", "an element stands behind a higher one",
           _inserted(b"\x28\x00\x02\x00US", _element(0x00200012, b"IS", b"1 ")),
           "AcquisitionNumber"),
    defect("file-meta-differs", "dicom.meta", "the file meta names another instance",
           slice_bytes(SERIES, SLICE, _wrong_meta), "MediaStorageSOPInstanceUID"),
    defect("transfer-syntax", "dicom.transfer-syntax", "the transfer syntax does not exist",
           _patched(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.7\0"), "TransferSyntaxUID"),
    defect("sop-class", "dicom.sop-class", "a slice is an MR image",
           one_slice(SERIES, SLICE, with_value("SOPClassUID", MRImageStorage)), "SOPClassUID"),
    defect("pixels-half", "dicom.pixel-length", "half of the pixel data is there",
           slice_bytes(SERIES, SLICE, _half_pixels), "PixelData"),
    defect("pixels-undecodable", "dicom.decode", "the compressed pixels cannot be decoded",
           _decoded(_broken_jpeg), "PixelData"),
    defect("pixels-constant", "dicom.constant", "all pixels of the scan are equal",
           _decoded(_constant), "PixelData"),
    defect("hounsfield-values", "dicom.hounsfield", "RescaleIntercept makes values of no CT",
           _decoded(with_value("RescaleIntercept", "-20000")), "PixelData"),
    defect("odd-length", "dicom.odd-length", "a value has an odd length",
           _raw_value(0x00185100, b"CS", b"HFS"),
           "PatientPosition"),
)  # fmt: skip
