"""Defects against an earlier transfer: the clean one was accepted, and the second contradicts it.

The second transfer is the clean one again, spoiled. What comes again unchanged is no defect.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta

from pydicom.dataset import FileDataset
from pydicom.uid import UID

from dragon_ledger.samples.defects.building import one_slice, with_value
from dragon_ledger.samples.defects.defect import Damage, defect
from dragon_ledger.samples.defects.editing import TransferEditor
from dragon_ledger.samples.subjects import uid
from dragon_ledger.samples.tables import Row, read_table

FIRST, SECOND, LAST = 0, 1, 3  # the two scans of the first subject, and the last scan
SLICE = 5
CUMULATIVE = {"transfer": {"type": "cumulative"}}


def _identified(image: FileDataset) -> None:
    """Give an image a SOPInstanceUID of its own."""
    instance = UID(uid(image.SOPInstanceUID, "again"))
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = instance


def _marked(image: FileDataset) -> None:
    """Change one pixel, so that the image is another one."""
    image.PixelData = b"\xff\x0f" + image.PixelData[2:]


def _under_another_name(*edits: Callable[[FileDataset], None]) -> Damage:
    """Send a slice again, changed, in a file of another name."""

    def damage(editor: TransferEditor) -> str:
        path = editor.slices(LAST)[SLICE]
        renamed = path.rename(path.with_name("again.dcm"))

        def edit(image: FileDataset) -> None:
            for each in edits:
                each(image)

        return editor.edit_slices([renamed], edit)

    return damage


def _in_another_study(editor: TransferEditor) -> str:
    """New images under the SeriesInstanceUID of an earlier series, in a study of their own."""
    folder = editor.series(LAST)
    study = uid(folder.parent.name, "again")
    folder.parent.rename(folder.parent.with_name(study))
    editor.edit_table("metadata", lambda lines: lines[LAST].update(study_uid=study))

    def edit(image: FileDataset) -> None:
        image.StudyInstanceUID = study
        _identified(image)
        _marked(image)

    return editor.edit_slices(editor.slices(LAST), edit)


def _half_a_minute_later(editor: TransferEditor) -> str:
    """The table dates a series that came before half a minute later; the tags stay."""

    def edit(lines: list[Row]) -> None:
        moment = _moment(lines[LAST]["series_date_time"]) + timedelta(seconds=30)
        lines[LAST]["series_date_time"] = _written(moment)

    editor.edit_table("metadata", edit)
    return editor.relative(editor.slices(LAST)[0])


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y/%m/%d %H:%M:%S")  # noqa: DTZ007 (as the table writes it)


def _written(moment: datetime) -> str:
    return moment.strftime("%Y/%m/%d %H:%M:%S")


def _another_scan(later: timedelta, in_table: timedelta | None = None) -> Damage:
    """Instead of the first subject's scans, send a new one, so much later than the first.

    `in_table` is what the metadata table says instead.
    """

    def damage(editor: TransferEditor) -> str:
        lines = read_table(editor.table("metadata"))
        taken = _moment(lines[FIRST]["series_date_time"])
        for path in editor.slices(FIRST):
            path.unlink()
        editor.series(FIRST).rmdir()
        editor.series(FIRST).parent.rmdir()
        folder = editor.series(SECOND)
        study, series = uid(folder.parent.name, "again"), uid(folder.name, "again")
        target = folder.parent.with_name(study) / series
        target.parent.mkdir()
        folder.rename(target)
        folder.parent.rmdir()
        stated = _written(taken + (later if in_table is None else in_table))
        row = {"study_uid": study, "series_uid": series}
        lines[SECOND] |= row | {"date_time": stated, "series_date_time": stated}
        editor.edit_table("metadata", lambda old: old.__setitem__(slice(None), lines[1:]))
        paths = sorted(target.glob("*.dcm"))
        named = editor.edit_slices(paths, _taken(study, series, taken + later))
        return named if in_table is None else editor.relative(editor.table("metadata"))

    return damage


def _taken(study: str, series: str, moment: datetime) -> Callable[[FileDataset], None]:
    def edit(image: FileDataset) -> None:
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.StudyDate = image.SeriesDate = moment.strftime("%Y%m%d")
        image.StudyTime = image.SeriesTime = moment.strftime("%H%M%S")
        _identified(image)
        _marked(image)

    return edit


def _series_left_out(editor: TransferEditor) -> str:
    """A series and its row are not in a transfer that has to hold everything."""
    paths = editor.slices(SECOND)
    named = editor.relative(paths[0])
    for path in paths:
        path.unlink()
    paths[0].parent.rmdir()
    paths[0].parent.parent.rmdir()
    editor.edit_table("metadata", lambda lines: lines.__delitem__(SECOND))
    return named


def _declared(action: str, path_of: Callable[[TransferEditor], str]) -> Damage:
    """Declare a change in the table of changes."""

    def damage(editor: TransferEditor) -> str:
        text = io.StringIO()
        row = (path_of(editor), action, "asked for by the patient")
        csv.writer(text, lineterminator="\n").writerows([("path", "action", "reason"), row])
        return editor.write(editor.table("changes"), text.getvalue().encode())

    return damage


def _sent(editor: TransferEditor) -> str:
    return editor.relative(editor.slices(LAST)[SLICE])


def _misspelt(editor: TransferEditor) -> str:
    return _sent(editor).replace("0006.dcm", "006.dcm")


EARLIER = tuple(
    each.after_the_clean_one()
    for each in (
        defect("accepted-slice-changed", "changes.changed",
               "an accepted image comes again, changed and not declared",
               one_slice(LAST, SLICE, with_value("BodyPartExamined", "THORAX")), None,
               "uniqueness.known-instance"),
        defect("accepted-series-changed", "changes.changed",
               "an accepted series comes again with another description",
               lambda editor: editor.edit_slices(
                   editor.slices(LAST), with_value("BodyPartExamined", "THORAX")), None,
               "uniqueness.known-instance"),
        defect("instance-uid-of-an-earlier-image", "uniqueness.known-instance",
               "another image has the SOPInstanceUID of an earlier one",
               _under_another_name(_marked), "SOPInstanceUID"),
        defect("series-uid-of-an-earlier-series", "uniqueness.known-series",
               "another series has the SeriesInstanceUID of an earlier one",
               _in_another_study, "SeriesInstanceUID"),
        defect("pixels-of-an-earlier-image", "uniqueness.known-pixels",
               "the pixels of an earlier image under another SOPInstanceUID",
               _under_another_name(_identified), "PixelData"),
        defect("accepted-series-left-out", "changes.missing",
               "a cumulative transfer lacks a series that was accepted and is not withdrawn",
               _series_left_out).under(CUMULATIVE),
        defect("withdrawal-of-unknown-file", "changes.unknown",
               "a withdrawal names a file that was never accepted",
               _declared("withdraw", _misspelt), "path"),
        defect("withdrawal-of-sent-file", "changes.unknown",
               "a withdrawal names a file that is in the transfer",
               _declared("withdraw", _sent), "path"),
        defect("correction-of-absent-file", "changes.unknown",
               "a correction names a file that is not in the transfer",
               _declared("correct", _misspelt), "path"),
        defect("date-of-earlier-series-changed", "chronology.known-series",
               "the table dates an earlier series otherwise", _half_a_minute_later,
               "SeriesDate"),
        defect("scan-without-order-to-earlier-one", "chronology.order",
               "a scan has the date and time of an earlier one", _another_scan(timedelta()),
               "SeriesDate"),
        defect("scan-before-earlier-ones", "chronology.before-known",
               "a scan is older than all earlier ones of its subject",
               _another_scan(timedelta(days=-30)), "SeriesDate"),
        defect("order-with-earlier-scan-contradicted", "chronology.contradiction",
               "tags and table put a scan and an earlier one into opposite orders",
               _another_scan(timedelta(days=40), timedelta(days=-30)), "series_date_time",
               "chronology.table"),
    )
)  # fmt: skip
