"""Checks 2 to 6, 9 and 10 and the limits of slices: the scans themselves."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from dragon_ledger.samples.defects.building import (
    kebab,
    one_slice,
    put,
    series,
    together,
    with_value,
    without,
)
from dragon_ledger.samples.defects.defect import Damage, Defect, defect
from dragon_ledger.samples.defects.editing import SliceEdit, TransferEditor
from dragon_ledger.samples.subjects import uid

FIRST, SECOND, LAST = 0, 1, 3  # the two scans of the first subject, and the last scan
MOST_SLICES = 1500


def _first_file(editor: TransferEditor, number: int) -> str:
    """The file that a finding about a whole series names: its first."""
    return editor.relative(editor.slices(number)[0])


def _remove(number: int, *indices: int) -> Damage:
    """Remove inner slices; the slice before the first gap is named."""

    def damage(editor: TransferEditor) -> str:
        paths = editor.slices(number)
        for index in indices:
            paths[index].unlink()
        return editor.relative(paths[indices[0] - 1])

    return damage


def _remove_end(index: int) -> Damage:
    """Remove the first (0) or last (-1) slice; only the table's number shows the last."""

    def damage(editor: TransferEditor) -> str:
        editor.slices(FIRST)[index].unlink()
        return editor.relative(editor.table("metadata"))

    return damage


def _every_second(editor: TransferEditor) -> str:
    """Half of the slices is missing, and the table was made to fit."""
    for path in editor.slices(FIRST)[1::2]:
        path.unlink()
    put("metadata", FIRST, slices_number=str(len(editor.slices(FIRST))))(editor)
    return _first_file(editor, FIRST)


def _every_second_renumbered(editor: TransferEditor) -> str:
    """The same, and the slices that are left are numbered without gaps."""
    named = _every_second(editor)
    for number, path in enumerate(editor.slices(FIRST), 1):
        editor.edit_slices([path], with_value("InstanceNumber", number))
    return named


def _first_forgotten(editor: TransferEditor) -> str:
    """The first slice is missing, and the table was made to fit."""
    _remove_end(0)(editor)
    put("metadata", FIRST, slices_number=str(len(editor.slices(FIRST))))(editor)
    return _first_file(editor, FIRST)


def _tilted(dataset: FileDataset) -> None:
    """Each slice lies further in its plane, as with a gantry tilt of 18 degrees."""
    position = [float(value) for value in dataset.ImagePositionPatient]
    position[1] = round(position[1] + 0.4 * int(dataset.InstanceNumber), 4)
    dataset.ImagePositionPatient = position


def _copied_slice(editor: TransferEditor) -> str:
    path = editor.slices(FIRST)[5]
    return editor.write(path.with_name("copy of 0006.dcm"), path.read_bytes())


def _same_instance(editor: TransferEditor) -> str:
    paths = editor.slices(FIRST)
    instance = dcmread(paths[3], stop_before_pixels=True).SOPInstanceUID

    def edit(dataset: FileDataset) -> None:
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = instance

    return editor.edit_slices([paths[4]], edit)


def _same_pixels(editor: TransferEditor) -> str:
    paths = editor.slices(FIRST)
    pixels = dcmread(paths[3]).PixelData
    return editor.edit_slices([paths[4]], with_value("PixelData", pixels))


def _series_of_another_patient(editor: TransferEditor) -> str:
    """One slice carries the SeriesInstanceUID of another patient's series."""
    stray = editor.slices(LAST)[0]
    other = editor.series(FIRST).name
    return editor.edit_slices([stray], with_value("SeriesInstanceUID", other))


def _moved(index: int, axis: int, millimetres: float) -> Damage:
    def edit(dataset: FileDataset) -> None:
        position = [float(value) for value in dataset.ImagePositionPatient]
        position[axis] += millimetres
        dataset.ImagePositionPatient = [round(value, 4) for value in position]

    return one_slice(FIRST, index, edit)


def _uneven(dataset: FileDataset) -> None:
    """Slices grow further apart: as if two reconstructions were mixed."""
    position = [float(value) for value in dataset.ImagePositionPatient]
    position[2] += 0.04 * int(dataset.InstanceNumber) ** 2
    dataset.ImagePositionPatient = [round(value, 4) for value in position]


def _rounded(dataset: FileDataset) -> None:
    dataset.ImagePositionPatient = [round(float(v), 1) for v in dataset.ImagePositionPatient]


def _localizer(dataset: FileDataset) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


def _renumbered(shift: int) -> SliceEdit:
    def edit(dataset: FileDataset) -> None:
        dataset.InstanceNumber = int(dataset.InstanceNumber) + shift

    return edit


def _number_skipped(editor: TransferEditor) -> str:
    """The last slice's number is one too high; the slice before the gap is named."""
    paths = editor.slices(FIRST)
    editor.edit_slices(paths[-1:], _renumbered(1))
    return editor.relative(paths[-2])


def _few_slices(editor: TransferEditor) -> str:
    for path in editor.slices(LAST)[24:]:
        path.unlink()
    put("metadata", LAST, slices_number="24")(editor)
    return _first_file(editor, LAST)


def _many_slices(editor: TransferEditor) -> str:
    """A series of 1 501 slices, the table says so, too."""
    paths = editor.slices(LAST)
    template = dcmread(paths[0])
    x, y, z = (float(value) for value in template.ImagePositionPatient)
    for index in range(len(paths), MOST_SLICES + 1):
        instance = UID(uid(template.SeriesInstanceUID, index))
        template.SOPInstanceUID = template.file_meta.MediaStorageSOPInstanceUID = instance
        template.InstanceNumber = index + 1
        template.ImagePositionPatient = [x, y, round(z + 1.25 * index, 4)]
        stored = bytearray(template.PixelData)
        stored[:4] = b"\xff\x0f" + index.to_bytes(2, "little")
        template.PixelData = bytes(stored)
        template.save_as(paths[0].with_name(f"{index + 1:04d}.dcm"), enforce_file_format=True)
    put("metadata", LAST, slices_number=str(MOST_SLICES + 1))(editor)
    return _first_file(editor, LAST)


def _absent(keyword: str, *also: str) -> Defect:
    return defect(f"{kebab(keyword)}-absent", "tags.absent", f"{keyword} is not there",
                  series(LAST, without(keyword)), keyword, *also)  # fmt: skip


def _empty(keyword: str, *also: str) -> Defect:
    return defect(f"{kebab(keyword)}-empty", "tags.empty", f"{keyword} has no value",
                  series(LAST, with_value(keyword, "")), keyword, *also)  # fmt: skip


def _differs(keyword: str, value: object, *also: str) -> Defect:
    return defect(f"{kebab(keyword)}-differs", "same-values.differ",
                  f"{keyword} of one slice differs from its scan's",
                  one_slice(LAST, 9, with_value(keyword, value)), keyword, *also)  # fmt: skip


UNIQUENESS = (
    defect("slice-copied", "uniqueness.instance", "a slice lies in its folder twice",
           _copied_slice, "SOPInstanceUID", "slices.number", "slices.duplicate-position",
           "slices.instance-repeated"),
    defect("instance-uid-repeated", "uniqueness.instance",
           "two slices have one SOPInstanceUID", _same_instance, "SOPInstanceUID"),
    defect("pixels-repeated", "uniqueness.pixels",
           "two slices have the same pixels under two identifiers", _same_pixels, "PixelData"),
    defect("series-of-two-patients", "uniqueness.series",
           "a slice has the SeriesInstanceUID of another patient's series",
           _series_of_another_patient, "SeriesInstanceUID", "same-values.differ", "slices.number",
           "slices.duplicate-position", "slices.instance-first", "slices.instance-repeated",
           "structure.series-folder"),
)  # fmt: skip

SLICES = (
    defect("missing-slice", "slices.missing", "a slice inside a scan is not there",
           _remove(FIRST, 11), "ImagePositionPatient", "slices.number", "slices.instance-gap"),
    defect("two-missing-slices", "slices.missing", "two slices inside a scan are not there",
           _remove(FIRST, 6, 15), "ImagePositionPatient", "slices.number", "slices.instance-gap"),
    defect("first-slice-missing", "slices.number", "a scan's first slice is not there",
           _remove_end(0), "slices_number", "slices.instance-first"),
    defect("last-slice-missing", "slices.number", "a scan's last slice is not there",
           _remove_end(-1), "slices_number"),
    defect("every-second-slice-missing", "slices.regular-gap",
           "every second slice of a scan is not there", _every_second, None,
           "slices.thickness-gap", "slice-limits.few"),
    defect("every-second-slice-missing-renumbered", "slices.thickness-gap",
           "every second slice is not there, and InstanceNumber was written anew",
           _every_second_renumbered, None, "slice-limits.few"),
    defect("first-slice-missing-in-the-table-too", "slices.instance-first",
           "a scan's first slice is not there, and the table agrees", _first_forgotten,
           "InstanceNumber"),
    defect("gantry-tilt", "slices.tilt", "the gantry was tilted: a note, no slice is missing",
           series(FIRST, _tilted)),
    defect("slices-number-wrong", "slices.number", "slices_number is not the number of files",
           put("metadata", FIRST, slices_number="99"), "slices_number"),
    defect("duplicate-position", "slices.duplicate-position", "two slices at one position",
           _moved(8, 2, -1.25), None, "slices.missing"),
    defect("slice-shifted-in-plane", "slices.shifted", "one slice is shifted in its plane",
           _moved(8, 0, 7.0)),
    defect("uneven-slices", "slices.uneven", "the distance between slices varies",
           series(FIRST, _uneven), None, "slices.thickness-gap"),
    defect("mixed-orientation", "slices.mixed-orientation", "one slice has another orientation",
           one_slice(FIRST, 8, with_value("ImageOrientationPatient", [1, 0, 0, 0, 0, -1]))),
    defect("localizer", "slices.localizer", "a localizer among the slices",
           one_slice(FIRST, -1, _localizer)),
    defect("positions-rounded", "slices.rounded", "positions are rounded to 0.1 mm",
           series(FIRST, _rounded)),
    defect("instance-number-gap", "slices.instance-gap", "InstanceNumber skips a number",
           _number_skipped, "InstanceNumber"),
    defect("instance-number-late", "slices.instance-first", "InstanceNumber begins at 6",
           series(FIRST, _renumbered(5)), "InstanceNumber"),
    defect("instance-number-repeated", "slices.instance-repeated",
           "two slices have one InstanceNumber", one_slice(FIRST, -1, _renumbered(-1)),
           "InstanceNumber"),
    defect("few-slices", "slice-limits.few", "a scan of 24 slices", _few_slices),
    defect("many-slices", "slice-limits.many", "a scan of 1 501 slices", _many_slices),
)  # fmt: skip

TAGS = (
    _absent("ConvolutionKernel"),
    _absent("Manufacturer", "dicom.type2"),
    _absent("ManufacturerModelName"),
    _absent("DeviceID"),
    _absent("SeriesDescription"),
    _absent("StudyDescription"),
    _absent("SeriesTime"),
    _absent("SeriesDate"),
    _absent("StudyTime", "dicom.type2"),
    _absent("StudyDate", "dicom.type2"),
    _absent("SliceThickness", "dicom.type2"),
    _absent("PixelSpacing", "dicom.type1"),
    _empty("ConvolutionKernel"),
    _empty("DeviceID"),
    _empty("StudyDescription"),
    _empty("Manufacturer"),
    defect("modality", "tags.value", "Modality is MR", series(LAST, with_value("Modality", "MR")),
           "Modality", "metadata.differs"),
    _differs("ConvolutionKernel", "FC08"),
    _differs("Manufacturer", "OTHER"),
    _differs("ManufacturerModelName", "Sample 2"),
    _differs("DeviceID", "CT-2"),
    _differs("SeriesDescription", "CHEST B30f"),
    _differs("StudyDescription", "CT CHEST"),
    _differs("StudyTime", "070000"),
    _differs("SeriesTime", "070000"),
    _differs("SliceThickness", "1.2", "slice-thickness.table"),
    _differs("PixelSpacing", [1.2, 1.2], "pixel-spacing.table"),
)  # fmt: skip


def _no_number(keyword: str, value: str) -> SliceEdit:
    """A decimal string that holds no number, past pydicom's own check."""

    def edit(dataset: FileDataset) -> None:
        element = dataset[keyword]
        dataset[keyword] = type(element)(element.tag, "LO", value)

    return edit


LIMITS = (
    defect("pixel-spacing-small", "pixel-spacing.limit", "PixelSpacing is 0.5 mm",
           series(LAST, with_value("PixelSpacing", [0.5, 0.5])), "PixelSpacing",
           "pixel-spacing.table"),
    defect("pixel-spacing-large", "pixel-spacing.limit", "PixelSpacing is 1.6 mm",
           series(LAST, with_value("PixelSpacing", [1.6, 1.6])), "PixelSpacing",
           "pixel-spacing.table"),
    defect("pixel-spacing-anisotropic", "pixel-spacing.anisotropic",
           "PixelSpacing differs between rows and columns",
           series(LAST, with_value("PixelSpacing", [1.4, 1.5])), "PixelSpacing",
           "pixel-spacing.table"),
    defect("pixel-spacing-of-table", "pixel-spacing.table", "pixel_spacing is another number",
           put("metadata", LAST, pixel_spacing="0.9"), "pixel_spacing"),
    defect("pixel-spacing-text", "pixel-spacing.number", "PixelSpacing has one value",
           series(LAST, with_value("PixelSpacing", "1.5")), "PixelSpacing", "dicom.vm"),
    defect("slice-thickness-text", "slice-thickness.number", "SliceThickness is no number",
           series(LAST, _no_number("SliceThickness", "thin")), "SliceThickness", "dicom.value",
           "dicom.vr"),
    defect("slice-thickness-small", "slice-thickness.limit", "SliceThickness is 0.4 mm",
           series(LAST, with_value("SliceThickness", "0.4")), "SliceThickness",
           "slices.thickness-gap", "slice-thickness.table"),
    defect("slice-thickness-large", "slice-thickness.limit", "SliceThickness is 2 mm",
           series(LAST, with_value("SliceThickness", "2")), "SliceThickness",
           "slice-thickness.table"),
    defect("slice-thickness-thin", "slices.thickness-gap", "slices do not touch",
           together(series(LAST, with_value("SliceThickness", "0.6")),
                    put("metadata", LAST, slice_thickness="0.6")), None),
    defect("slice-thickness-of-table", "slice-thickness.table",
           "slice_thickness is another number",
           put("metadata", LAST, slice_thickness="1.0"), "slice_thickness"),
)  # fmt: skip


def _dated(number: int, day: str, clock: str) -> Damage:
    def edit(dataset: FileDataset) -> None:
        dataset.StudyDate = dataset.SeriesDate = day
        dataset.StudyTime = dataset.SeriesTime = clock

    return series(number, edit)


def _same_moment(editor: TransferEditor) -> str:
    """Both scans of a subject have one date and time, in tags and table."""
    first = dcmread(editor.slices(FIRST)[0], stop_before_pixels=True)
    _dated(SECOND, first.SeriesDate, first.SeriesTime)(editor)
    table = Path(editor.table("metadata")).read_text().splitlines()
    moment = table[1 + FIRST].split(",")[4]
    put("metadata", SECOND, date_time=moment, series_date_time=moment)(editor)
    return _first_file(editor, FIRST)


CHRONOLOGY = (
    defect("scans-without-order", "chronology.order",
           "two scans of a subject have the same date and time", _same_moment, "SeriesDate"),
    defect("scan-in-the-future", "chronology.future", "SeriesDate is in the future",
           series(LAST, with_value("SeriesDate", "29990101")), "SeriesDate",
           "chronology.table"),
    defect("scan-before-ct", "chronology.impossible", "the scan is older than CT",
           _dated(LAST, "19600101", "080000"), "StudyDate", "chronology.table"),
    defect("order-contradicted", "chronology.contradiction",
           "tags and table put two scans into opposite orders",
           put("metadata", SECOND, date_time="2021/02/01 08:00:00",
               series_date_time="2021/02/01 08:00:00"), "series_date_time", "chronology.table"),
    defect("series-before-study", "chronology.before-study", "SeriesDate is before StudyDate",
           series(LAST, with_value("StudyDate", "20210601")), "SeriesDate"),
    defect("table-date-differs", "chronology.table", "series_date_time is not the tags' time",
           put("metadata", LAST, series_date_time="2021/03/10 23:00:00"), "series_date_time"),
    defect("table-date-in-the-future", "chronology.future", "series_date_time is in the future",
           put("metadata", LAST, series_date_time="2999/01/01 00:00:00"), "series_date_time",
           "chronology.table"),
)  # fmt: skip
