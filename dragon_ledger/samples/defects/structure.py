"""The folder structure, the metadata table and the links between subjects."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from dragon_ledger.samples.defects.building import (
    add_file,
    drop,
    move_table,
    put,
    put_all,
    remove_table,
    rows,
    series,
    table_bytes,
    with_value,
)
from dragon_ledger.samples.defects.defect import Damage, defect
from dragon_ledger.samples.defects.editing import TransferEditor
from dragon_ledger.samples.tables import Row

SERIES = 1


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("slice.dcm"), b"x")
    return stream.getvalue()


def _renamed_slice(name: str, shown: str = "") -> Damage:
    """Rename a slice; `shown` is how a report writes the name."""

    def damage(editor: TransferEditor) -> str:
        path = editor.slices(SERIES)[6]
        renamed = path.rename(path.with_name(name))
        return editor.relative(renamed.with_name(shown or name))

    return damage


def _renamed_folder(level: int, name: str) -> Damage:
    """Rename the patient's (0), study's (1) or series' (2) folder; its first file is named."""

    def damage(editor: TransferEditor) -> str:
        first = editor.slices(SERIES)[0].relative_to(editor.folder)
        old = Path(*first.parts[: level + 1])
        new = old.with_name(name)
        (editor.folder / old).rename(editor.folder / new)
        return (new / first.relative_to(old)).as_posix()

    return damage


def _to_the_root(editor: TransferEditor) -> str:
    path = editor.slices(SERIES)[6]
    return editor.relative(path.rename(editor.folder / path.name))


def _link(editor: TransferEditor) -> str:
    paths = editor.slices(SERIES)
    link = paths[6].with_name("link.dcm")
    link.symlink_to(paths[6].name)
    return editor.relative(link)


def _pipe(editor: TransferEditor) -> str:
    pipe = editor.series(SERIES) / "pipe.dcm"
    os.mkfifo(pipe)
    return editor.relative(pipe)


def _beside_slices(name: str, content: bytes) -> Damage:
    return lambda editor: editor.write(editor.series(SERIES) / name, content)


def _empty_folder(editor: TransferEditor) -> str:
    folder = editor.series(SERIES).parent / "empty"
    folder.mkdir()
    return editor.relative(folder)


def _emptied(editor: TransferEditor) -> str:
    return editor.write(editor.slices(SERIES)[6], b"")


def _no_images(editor: TransferEditor) -> None:
    for path in editor.folder.rglob("*.dcm"):
        path.unlink()


STRUCTURE = (
    defect("no-images", "structure.no-images", "there is no image at all", _no_images, None,
           "metadata.row-extra", "subject-linkage.no-images", "structure.empty-folder"),
    defect("image-at-the-root", "structure.depth", "an image lies outside the three folders",
           _to_the_root, None, "uniqueness.series"),
    defect("series-folder-name", "structure.series-folder", "a series' folder has another name",
           _renamed_folder(2, "1.2.3.4")),
    defect("study-folder-name", "structure.study-folder", "a study's folder has another name",
           _renamed_folder(1, "1.2.3.4")),
    defect("patient-folder-name", "structure.patient-folder",
           "a patient's folder has another name", _renamed_folder(0, "UN-0007"), None,
           "metadata.differs", "subject-linkage.no-clinical", "subject-linkage.no-images"),
    defect("image-extension", "structure.extension", "an image is named .ima",
           _renamed_slice("0007.ima")),
    defect("image-extension-in-capitals", "structure.extension-case", "an image is named .DCM",
           _renamed_slice("0007.DCM")),
    defect("dicomdir", "structure.dicomdir", "a DICOMDIR", add_file("DICOMDIR", b"DICM" * 40)),
    defect("hidden-file", "structure.hidden", "a hidden file", _beside_slices(".DS_Store", b"x")),
    defect("archive", "structure.archive", "an archive", add_file("images.zip", _zip())),
    defect("symbolic-link", "structure.link", "a symbolic link", _link),
    defect("empty-folder", "structure.empty-folder", "an empty folder", _empty_folder),
    defect("empty-image", "structure.empty-file", "an image of zero bytes", _emptied, None,
           "dicom.unreadable", "slices.missing", "slices.number", "slices.instance-gap"),
    defect("unknown-file", "structure.unknown", "a text file", add_file("notes.txt", b"notes\n")),
    defect("name-with-line-end", "structure.name-unsafe", "a line end in a file's name",
           _renamed_slice("0007\n.dcm", r"0007\n.dcm")),
    defect("name-with-direction-mark", "structure.name-unsafe", "a name that reads from the right",
           _renamed_slice("0007\u202emcd.dcm", r"0007\u202emcd.dcm")),
    defect("named-pipe", "structure.special", "a named pipe", _pipe),
    defect("strange-name", "structure.name", "a name with letters beyond ASCII",
           _renamed_slice("0007 é.dcm")),
)  # fmt: skip


def _appended(edit_of_last: dict[str, str]) -> Damage:
    def edit(lines: list[Row]) -> None:
        lines.append(lines[-1] | edit_of_last)

    return rows("metadata", edit)


def _without_row(lines: list[Row]) -> None:
    del lines[SERIES]


def _row_absent(editor: TransferEditor) -> str:
    first = editor.relative(editor.slices(SERIES)[0])
    editor.edit_table("metadata", _without_row)
    return first


def _second_table(editor: TransferEditor) -> str:
    path = editor.table("metadata")
    return editor.write(path.with_name("second_metadata.csv"), path.read_bytes())


def _column_twice(content: bytes) -> bytes:
    lines = content.decode().splitlines()
    ends = ["project", *["IMI2 DRAGON"] * (len(lines) - 1)]
    return "".join(f"{a},{b}\n" for a, b in zip(lines, ends, strict=True)).encode()


METADATA = (
    defect("metadata-absent", "metadata.absent", "there is no metadata table",
           remove_table("metadata")),
    defect("metadata-twice", "metadata.several", "there are two metadata tables", _second_table),
    defect("metadata-name", "metadata.name", "the metadata table has another name",
           move_table("metadata", "overview.csv")),
    defect("metadata-unreadable", "metadata.unreadable", "the metadata table is no text",
           table_bytes("metadata", lambda _: bytes(range(256)) * 4)),
    defect("metadata-column-absent", "metadata.column", "convolution_kernel is not there",
           drop("metadata", "convolution_kernel"), "convolution_kernel"),
    defect("metadata-column-twice", "metadata.column-twice", "project is there twice",
           table_bytes("metadata", _column_twice), "project"),
    defect("metadata-value-empty", "metadata.empty", "project has no value",
           put("metadata", SERIES, project=""), "project"),
    defect("metadata-type", "metadata.type", "slice_thickness is no number",
           put("metadata", SERIES, slice_thickness="thin"), "slice_thickness"),
    defect("metadata-length", "metadata.length", "project is longer than 20 characters",
           put_all("metadata", project="A project with a long name"), "project"),
    defect("metadata-date", "metadata.date", "date_time is written otherwise",
           put("metadata", SERIES, date_time="4 March 2021"), "date_time"),
    defect("metadata-row-absent", "metadata.row-absent", "a series has no row", _row_absent),
    defect("metadata-row-extra", "metadata.row-extra", "a row has no series",
           _appended({"series_uid": "1.2.3.4"}), "series_uid"),
    defect("metadata-row-twice", "metadata.row-twice", "a series has two rows",
           _appended({}), "series_uid"),
    defect("metadata-row-short", "metadata.row-shape", "a row has too few values",
           table_bytes("metadata", lambda old: old.rstrip(b"\n").rpartition(b",")[0] + b"\n")),
    defect("metadata-kernel", "metadata.differs", "convolution_kernel is not the images'",
           put("metadata", SERIES, convolution_kernel="FC08"), "convolution_kernel"),
    defect("metadata-study", "metadata.differs", "study_uid is not the images'",
           put("metadata", SERIES, study_uid="1.2.3.4"), "study_uid"),
    defect("metadata-modality", "metadata.differs", "modality is not the images'",
           put("metadata", SERIES, modality="MR"), "modality"),
    defect("metadata-patient", "metadata.differs", "patient is not the images'",
           put("metadata", SERIES, patient="UN-0007"), "patient"),
    defect("metadata-partners", "metadata.partner", "the table names two partners",
           put("metadata", SERIES, partner="OTHER"), "partner"),
)  # fmt: skip


def _subject_folder(table: str, column: str, number: int) -> Damage:
    """Take a subject out of a table; the finding names the subject's folder."""

    def damage(editor: TransferEditor) -> str:
        folder = editor.series(number).parts[-3]
        for each in (table, "lb", "mb", "su", "mi"):
            editor.edit_table(each, lambda lines: _keep_others(lines, column, folder))
        return folder

    return damage


def _keep_others(lines: list[Row], column: str, value: str) -> None:
    lines[:] = [line for line in lines if line[column] != value]


def _stranger_in_dm(editor: TransferEditor) -> str:
    return editor.edit_table(
        "dm", lambda lines: lines.append(lines[-1] | {"USUBJID": "UN-0099", "DTHFL": "",
                                                      "DTHDTC": ""})
    )  # fmt: skip


LINKAGE = (
    defect("subject-without-clinical-data", "subject-linkage.no-clinical",
           "a patient with images is in no clinical table", _subject_folder("dm", "USUBJID", 2)),
    defect("subject-without-images", "subject-linkage.no-images",
           "a subject of DM has no images", _stranger_in_dm),
    defect("second-identifier", "subject-linkage.two-ids",
           "PatientName holds another identifier than PatientID",
           series(2, with_value("PatientName", "PSEUDO-0815")), "PatientName"),
    defect("association-columns", "subject-linkage.association",
           "the association table has other columns",
           add_file("{partner}_association.csv", b"old,new\nA,B\n")),
    defect("association-twice", "subject-linkage.association",
           "the association table links a patient twice",
           add_file("{partner}_association.csv", b"patient,usubjid\nA,B\nA,C\n"), "patient"),
    defect("changes-columns", "changes.declaration", "the changes table has other columns",
           add_file("{partner}_changes.csv", b"file,what\nA,B\n")),
)  # fmt: skip
