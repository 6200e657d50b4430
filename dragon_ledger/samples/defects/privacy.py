"""Check 1: identifying personal data in images, names and clinical tables."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, EncapsulatedPDFStorage, SecondaryCaptureImageStorage

from dragon_ledger.samples.defects.building import (
    move_table,
    one_slice,
    put,
    put_all,
    series,
    slice_bytes,
    together,
    with_value,
)
from dragon_ledger.samples.defects.defect import Damage, defect
from dragon_ledger.samples.defects.editing import SliceEdit, TransferEditor

SERIES = 2
NAME = "Dubois^Jeanne"


def _everywhere(keyword: str, value: object) -> Damage:
    return series(SERIES, with_value(keyword, value))


def _private(dataset: FileDataset) -> None:
    dataset.private_block(0x0009, "SOME VENDOR", create=True).add_new(0x01, "LO", "scanner 4")


def _other_ids(dataset: FileDataset) -> None:
    other = Dataset()
    other.PatientID, other.TypeOfPatientID = "4711-HOSPITAL", "TEXT"
    dataset.OtherPatientIDsSequence = Sequence([other])


def _overlay(dataset: FileDataset) -> None:
    rows, columns = dataset.Rows, dataset.Columns
    dataset.add_new(0x60000010, "US", rows)
    dataset.add_new(0x60000011, "US", columns)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60000102, "US", 0)
    dataset.add_new(0x60003000, "OW", bytes((rows * columns + 7) // 8 + 1 & ~1))


def _of_class(sop_class: str) -> SliceEdit:
    def edit(dataset: FileDataset) -> None:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID(sop_class)

    return edit


def _renamed(editor: TransferEditor, name: str) -> str:
    path = editor.slices(SERIES)[3]
    return editor.relative(path.rename(path.with_name(name)))


PRIVACY = (
    defect("private-attribute", "privacy.private", "a private attribute was left",
           series(SERIES, _private), "(0009,1001)"),
    defect("patient-name", "privacy.person-name", "PatientName holds a name",
           _everywhere("PatientName", NAME), "PatientName"),
    defect("patient-name-in-one-slice", "privacy.person-name",
           "PatientName holds a name in one slice only",
           one_slice(SERIES, 7, with_value("PatientName", NAME)), "PatientName"),
    defect("patient-birth-date", "privacy.birth-date", "PatientBirthDate has a value",
           _everywhere("PatientBirthDate", "19500102"), "PatientBirthDate"),
    defect("patient-address", "privacy.attribute", "PatientAddress has a value",
           _everywhere("PatientAddress", "Rue Haute 1"), "PatientAddress"),
    defect("other-patient-ids", "privacy.attribute", "the hospital's own number in a sequence",
           series(SERIES, _other_ids), "OtherPatientIDsSequence"),
    defect("referring-physician", "privacy.person-name", "ReferringPhysicianName holds a name",
           _everywhere("ReferringPhysicianName", "Martin^Luc"), "ReferringPhysicianName"),
    defect("operators-name", "privacy.person-name", "OperatorsName holds a name",
           _everywhere("OperatorsName", "Peeters^An"), "OperatorsName"),
    defect("institution-name", "privacy.retained", "InstitutionName has a value",
           _everywhere("InstitutionName", "Hospital of Somewhere"), "InstitutionName"),
    defect("patient-age", "privacy.retained", "PatientAge has a value",
           _everywhere("PatientAge", "065Y"), "PatientAge"),
    defect("accession-number", "privacy.dummy", "AccessionNumber has a value",
           _everywhere("AccessionNumber", "A4711"), "AccessionNumber"),
    defect("image-comments", "privacy.description", "ImageComments has a text",
           _everywhere("ImageComments", "compare with the last scan"), "ImageComments"),
    defect("name-in-description", "privacy.text-pattern", "a patient's name in StudyDescription",
           _everywhere("StudyDescription", "CT THORAX Mrs Jeanne Dubois"), "StudyDescription"),
    defect("patient-name-repeated", "privacy.text-name",
           "the name of PatientName also in SeriesDescription",
           together(_everywhere("SeriesDescription", "CHEST DUBOIS 1.25"),
                    _everywhere("PatientName", NAME)),
           "SeriesDescription", "privacy.person-name"),
    defect("e-mail-in-description", "privacy.text-pattern", "an e-mail address in a description",
           _everywhere("SeriesDescription", "ask j.dubois@example.org"), "SeriesDescription"),
    defect("telephone-in-description", "privacy.text-pattern", "a telephone number in a text",
           _everywhere("StudyDescription", "CT THORAX TEL 04 123 45 67"), "StudyDescription"),
    defect("national-number-in-description", "privacy.text-pattern",
           "a national number in a description",
           _everywhere("StudyDescription", "CT THORAX 85.07.30-033.28"), "StudyDescription"),
    defect("birth-date-in-description", "privacy.text-pattern", "a birth date in a description",
           _everywhere("StudyDescription", "CT THORAX DOB 30/07/1985"), "StudyDescription"),
    defect("date-in-description", "privacy.text-date", "a date in a description",
           _everywhere("StudyDescription", "CT THORAX 2021-03-04"), "StudyDescription"),
    defect("name-in-device", "privacy.text-pattern", "a doctor's name in DeviceID",
           _everywhere("DeviceID", "CT of Dr. Martin"), "DeviceID"),
    defect("burned-in-annotation", "privacy.burned-in", "BurnedInAnnotation is YES",
           _everywhere("BurnedInAnnotation", "YES"), "BurnedInAnnotation"),
    defect("identity-not-removed", "privacy.not-removed", "PatientIdentityRemoved is NO",
           _everywhere("PatientIdentityRemoved", "NO"), "PatientIdentityRemoved"),
    defect("overlay", "privacy.overlay", "an overlay plane", series(SERIES, _overlay),
           "OverlayData"),
    defect("secondary-capture", "privacy.object", "a secondary capture among the images",
           one_slice(SERIES, 24, _of_class(SecondaryCaptureImageStorage)), "SOPClassUID",
           "dicom.sop-class"),
    defect("encapsulated-document", "privacy.object", "an encapsulated document among the images",
           one_slice(SERIES, 24, _of_class(EncapsulatedPDFStorage)), "SOPClassUID",
           "dicom.sop-class"),
    defect("preamble", "privacy.preamble", "text in the preamble",
           slice_bytes(SERIES, 4, lambda old: b"Jeanne Dubois".ljust(128, b" ") + old[128:])),
    defect("trailing-bytes", "privacy.trailing", "text behind the last element",
           slice_bytes(SERIES, 4, lambda old: old + b"Jeanne Dubois ")),
    defect("name-in-file-name", "privacy.path", "a file is named like a person",
           lambda editor: _renamed(editor, "Jeanne Dubois.dcm")),
    defect("words-in-file-name", "privacy.path-words", "a file's name may be a person's",
           lambda editor: _renamed(editor, "jeanne dubois.dcm")),
    defect("telephone-in-table-name", "privacy.path", "a table's name holds a telephone number",
           move_table("su", "{partner} tel 04 123 45 67_su.csv"), None,
           "domains.partner-differs"),
    defect("clinical-birth-date", "privacy.clinical-birth-date", "DM has dates of birth",
           put_all("dm", BRTHDTC="1950-01-02"), "BRTHDTC"),
    defect("clinical-name-column", "privacy.clinical-column", "DM has a column for names",
           put_all("dm", LASTNAME="X"), "LASTNAME"),
    defect("clinical-address-column", "privacy.clinical-column", "DM has a column for addresses",
           put_all("dm", ZIPCODE="4000"), "ZIPCODE"),
    defect("clinical-name-as-pseudonym", "privacy.clinical-subject", "SUBJID is a name",
           put("dm", 0, SUBJID="Dubois, Jeanne"), "SUBJID"),
    defect("clinical-e-mail", "privacy.clinical-pattern", "an e-mail address in a result",
           put("dd", 0, DDORRES="ASK J.DUBOIS@EXAMPLE.ORG"), "DDORRES"),
    defect("clinical-telephone", "privacy.clinical-pattern", "a telephone number in a substance",
           put("su", 1, SUTRT="CIGARETTES TEL 04 123 45 67"), "SUTRT"),
    defect("clinical-national-number", "privacy.clinical-pattern", "a national number in a site",
           put("dm", 0, SITEID="NISS 85.07.30-033.28"), "SITEID"),
    defect("clinical-name", "privacy.clinical-pattern", "a name after a title in a result",
           put("dd", 0, DDORRES="Madame Dubois died at home"), "DDORRES"),
    defect("clinical-name-of-images", "privacy.clinical-name",
           "a name of the images in a clinical result",
           together(put("dd", 0, DDORRES="PNEUMONIA OF DUBOIS"),
                    _everywhere("PatientName", NAME)), "DDORRES", "privacy.person-name"),
    defect("clinical-date", "privacy.clinical-date", "a date in a clinical result",
           put("dd", 0, DDORRES="PNEUMONIA SINCE 2021-03-04"), "DDORRES"),
)  # fmt: skip
