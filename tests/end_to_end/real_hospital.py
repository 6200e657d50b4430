"""A transfer from real data: 36 slices of a LIDC-IDRI series, and rows of public SDTM sets.

No public set has all that the specification asks for, in one place and of one person. So a
conforming transfer is put together, and every change that this takes is listed.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

PARTNER = "LIEGE"
SUBJECT = "LI-REAL-01"
SCANNED = "2013-01-10"
STUDY = "DRAGON"
SOURCE_SUBJECT = "CDISC004"  # a woman, as the scanned person is, and alive

# What de-identification removed or emptied, and the specification's Table 1 asks for.
FILLED = {
    "StudyDate": "20130110",
    "SeriesDate": "20130110",
    "AcquisitionDate": "20130110",
    "ContentDate": "20130110",
    "StudyTime": "101500",
    "SeriesTime": "101500",
    "AcquisitionTime": "101500",
    "ContentTime": "101500",
    "DeviceID": "CT-LIEGE",
    "StudyDescription": "CT THORAX",
    "SeriesDescription": "CHEST D 1.0",
    "AcquisitionNumber": "1",
}
# What de-identification left, and the check takes for identifying, retired, or dated 2000.
REMOVED = (
    "AccessionNumber", "LastMenstrualDate", "AdmittingDate", "AcquisitionDateTime",
    "OverlayDate", "CurveDate", "InstanceCreationDate", "InstanceCreationTime",
    "ScheduledProcedureStepStartDate", "ScheduledProcedureStepEndDate",
    "PerformedProcedureStepStartDate", "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest", "VerifyingObserverName", "PersonName",
    "ContentCreatorName",
)  # fmt: skip


@dataclass
class Changes:
    """What was changed against the sets as they were published."""

    listed: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, how: str) -> None:
        self.listed.setdefault(what, how)


def make_real_transfer(shared: Path, folder: Path) -> Changes:
    """Write the transfer; give every kind of change made to the published files."""
    changes = Changes()
    folder.mkdir(parents=True)
    slices = sorted((shared / "ct_lidc0314_1mm").glob("*.dcm"))
    images = [pydicom.dcmread(path) for path in slices]
    images.sort(key=lambda image: float(image.ImagePositionPatient[2]))
    for number, image in enumerate(images, start=1):
        conform(image, number, changes)
        write_image(image, number, folder)
    write_metadata(images, folder)
    write_tables(shared, folder, changes)
    (folder / "TRANSFER_COMPLETE").touch()
    return changes


def conform(image: Dataset, number: int, changes: Changes) -> None:
    """Re-identify, renumber, and fill in what de-identification removed."""
    changes.note("PatientID", f"LIDC-IDRI-0314 became {SUBJECT}")
    image.PatientID = SUBJECT
    changes.note("InstanceNumber", "renumbered from 1: the set is the middle of a series")
    image.InstanceNumber = number
    for keyword, value in FILLED.items():
        changes.note(keyword, f"filled in: {value}")
        setattr(image, keyword, value)
    for keyword in REMOVED:
        if keyword in image:
            changes.note(keyword, "removed")
            delattr(image, keyword)
    if any(element.tag.is_private for element in image):
        changes.note("private attributes", "removed")
        image.remove_private_tags()
    image.AccessionNumber = ""
    image.PatientSex = ""
    changes.note("PatientSex", "emptied, as the Basic Profile asks; DM has it")
    image.BurnedInAnnotation = "NO"
    changes.note("BurnedInAnnotation", "filled in: NO")


def write_image(image: Dataset, number: int, folder: Path) -> None:
    series = folder / SUBJECT / str(image.StudyInstanceUID) / str(image.SeriesInstanceUID)
    series.mkdir(parents=True, exist_ok=True)
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.save_as(series / f"{number:04d}.dcm", enforce_file_format=True)


def write_metadata(images: list[Any], folder: Path) -> None:
    first = images[0]
    row = {
        "project": "IMI2 DRAGON",
        "partner": PARTNER,
        "patient": SUBJECT,
        "modality": "CT",
        "date_time": "2013/01/10 10:15:00",
        "study_uid": first.StudyInstanceUID,
        "series_uid": first.SeriesInstanceUID,
        "series_date_time": "2013/01/10 10:15:00",
        "slices_number": len(images),
        "convolution_kernel": first.ConvolutionKernel,
        "slice_thickness": first.SliceThickness,
        "pixel_spacing": first.PixelSpacing[0],
    }
    write_rows(folder / f"{PARTNER}_metadata.csv", [row])


def write_tables(shared: Path, folder: Path, changes: Changes) -> None:
    """DM and LB of one person of the CDISC pilot, MB of another; relinked to the scans."""
    people = dataset_json(shared, "dm")
    person = next(row for row in people if row["USUBJID"] == SOURCE_SUBJECT)
    kept = ("AGE", "AGEU", "SEX", "RACE", "ETHNIC", "COUNTRY")
    changes.note("USUBJID", f"{SOURCE_SUBJECT} became {SUBJECT}: one person's rows, another's scan")
    changes.note("DM columns", "the dates of birth and of treatment and the arms were left out")
    subject = {"STUDYID": STUDY, "DOMAIN": "DM", "USUBJID": SUBJECT}
    write_rows(folder / f"{PARTNER}_dm.csv", [subject | {name: person[name] for name in kept}])
    write_rows(folder / f"{PARTNER}_lb.csv", laboratory(shared, changes))
    write_rows(folder / f"{PARTNER}_mb.csv", microbiology(shared, changes))


def laboratory(shared: Path, changes: Changes) -> list[dict[str, Any]]:
    kept = (
        "LBTESTCD", "LBTEST", "LBCAT", "LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU",
        "LBDTC",
    )  # fmt: skip
    changes.note("LB rows", "kept: results with units; numbered anew")
    rows = [
        row
        for row in dataset_json(shared, "lb")
        if row["USUBJID"] == SOURCE_SUBJECT and row["LBORRESU"] and row["LBSTRESU"]
    ]
    link = {"STUDYID": STUDY, "DOMAIN": "LB", "USUBJID": SUBJECT}
    return [
        link | {"LBSEQ": number} | {name: row[name] for name in kept}
        for number, row in enumerate(rows, start=1)
    ]


def microbiology(shared: Path, changes: Changes) -> list[dict[str, Any]]:
    source = shared / "sdtm_pharmaverse" / "inst" / "extdata" / "mb.csv"
    with source.open(encoding="utf-8", newline="") as stream:
        row = next(iter(csv.DictReader(stream)))
    kept = ("MBTESTCD", "MBTEST", "MBTSTDTL", "MBORRES", "MBSTRESC", "MBSPEC", "MBMETHOD", "MBDTC")
    changes.note("MB NA", "R's NA became an empty field")
    link = {"STUDYID": STUDY, "DOMAIN": "MB", "USUBJID": SUBJECT}
    blank = {"MBORRESU": "", "MBSTRESN": "", "MBSTRESU": ""}
    first = link | {"MBSEQ": 1} | {name: row[name] for name in kept} | blank
    changes.note("MB SARS-CoV-2", "one row added: no public set here holds the trained label")
    tested = {
        "MBSEQ": 2,
        "MBTESTCD": "SAR2RNA",
        "MBTEST": "SARS-CoV-2 RNA",
        "MBORRES": "NEGATIVE",
        "MBSTRESC": "NEGATIVE",
        "MBSPEC": "SWABBED MATERIAL",
        "MBMETHOD": "REVERSE TRANSCRIPTASE PCR",
        "MBDTC": f"{SCANNED}T09:00",
    }
    return [first, first | tested]


def dataset_json(shared: Path, domain: str) -> list[dict[str, Any]]:
    document = json.loads((shared / "sdtm_datasetjson_4formats" / f"{domain}.json").read_text())
    names = [column["name"] for column in document["columns"]]
    return [dict(zip(names, row, strict=True)) for row in document["rows"]]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
