"""Write a phantom as a de-identified CT series (PS3.3 CT Image IOD, Explicit VR Little Endian)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from dragon_ledger.samples.phantom import chest_volume
from dragon_ledger.samples.subjects import Scan, Subject, stream, uid

KERNEL = "B30f"
FIELD_OF_VIEW = 320.0
STORED_OFFSET = 1024


@dataclass(frozen=True, slots=True)
class Geometry:
    """Slices, matrix size (pixels), pixel spacing and slice thickness (millimetres)."""

    slices: int
    size: int
    pixel_spacing: float
    slice_thickness: float


def geometry(slices: int, size: int) -> Geometry:
    """Return a geometry inside the specification's limits (Table 1).

    The field of view is 320 mm, less where that would need pixels larger than 1.5 mm.
    """
    spacing = min(1.5, max(0.6, FIELD_OF_VIEW / size))
    return Geometry(slices, size, round(spacing, 4), 1.25)


def write_series(
    folder: Path, partner: str, seed: int, subject: Subject, scan: Scan, shape: Geometry
) -> Path:
    """Write one series below `folder` in the three-tier structure and return its folder."""
    target = folder / subject.pseudonym / scan.study_uid / scan.series_uid
    target.mkdir(parents=True)
    volume = chest_volume(
        stream(partner, seed, subject.number, "anatomy"),
        stream(partner, seed, subject.number, scan.number, "noise"),
        severity=scan.severity,
        slices=shape.slices,
        size=shape.size,
    )
    header = _header(partner, subject, scan, shape)
    for index, hounsfield in enumerate(volume):
        _write_slice(target / f"{index + 1:04d}.dcm", header, index, hounsfield, shape)
    return target


def _write_slice(
    path: Path, header: FileDataset, index: int, hounsfield: npt.NDArray[np.int16], shape: Geometry
) -> None:
    edge = -shape.pixel_spacing * (shape.size - 1) / 2
    position = round(-150.0 + index * shape.slice_thickness, 4)
    instance = UID(uid(header.SeriesInstanceUID, index))
    header.file_meta.MediaStorageSOPInstanceUID = instance
    header.SOPInstanceUID = instance
    header.InstanceNumber = index + 1
    header.ImagePositionPatient = [round(edge, 4), round(edge, 4), position]
    header.SliceLocation = position
    stored = np.clip(hounsfield.astype(np.int32) + STORED_OFFSET, 0, 4095)
    header.PixelData = stored.astype("<u2").tobytes()
    header.save_as(path, enforce_file_format=True)


def _header(partner: str, subject: Subject, scan: Scan, shape: Geometry) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid("dragon-ledger", "sample-transfer"))
    meta.ImplementationVersionName = "DRAGON_SAMPLE"
    header = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    header.SpecificCharacterSet = "ISO_IR 100"
    header.SOPClassUID = CTImageStorage
    _describe_subject(header, subject)
    _describe_study(header, partner, scan)
    _describe_equipment(header)
    _describe_image(header, shape)
    return header


def _describe_subject(header: Dataset, subject: Subject) -> None:
    header.PatientName = ""
    header.PatientID = subject.pseudonym
    header.PatientBirthDate = ""
    header.PatientSex = ""
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = "Synthetic phantom, no person"
    header.LongitudinalTemporalInformationModified = "MODIFIED"


def _describe_study(header: Dataset, partner: str, scan: Scan) -> None:
    header.StudyInstanceUID, header.SeriesInstanceUID = scan.study_uid, scan.series_uid
    header.FrameOfReferenceUID = scan.frame_of_reference_uid
    header.PositionReferenceIndicator = ""
    header.StudyDate = header.SeriesDate = scan.taken.strftime("%Y%m%d")
    header.StudyTime = header.SeriesTime = scan.taken.strftime("%H%M%S")
    header.StudyDescription = "CT THORAX"
    header.SeriesDescription = f"CHEST {KERNEL} 1.25"
    header.StudyID = header.AccessionNumber = header.ReferringPhysicianName = ""
    header.SeriesNumber = 2
    header.Modality = "CT"
    header.BodyPartExamined = "CHEST"
    header.PatientPosition = "HFS"
    header.DeviceID = f"CT-{partner[:8].upper()}"


def _describe_equipment(header: Dataset) -> None:
    header.Manufacturer = "DRAGON PHANTOM"
    header.ManufacturerModelName = "Sample 1"
    header.ConvolutionKernel = KERNEL
    header.KVP = 120
    header.AcquisitionNumber = 1


def _describe_image(header: Dataset, shape: Geometry) -> None:
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.BurnedInAnnotation = "NO"
    header.SliceThickness = shape.slice_thickness
    header.PixelSpacing = [shape.pixel_spacing, shape.pixel_spacing]
    header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.Rows = header.Columns = shape.size
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 12, 11
    header.PixelRepresentation = 0
    header.RescaleIntercept, header.RescaleSlope = -STORED_OFFSET, 1
    header.RescaleType = "HU"
