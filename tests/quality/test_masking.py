"""Identifying values, planted wherever a transfer has room for text, are in no output."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset
from rich.console import Console

from dragon_ledger.quality.report import QualityReport
from dragon_ledger.quality.report_html import render_html
from dragon_ledger.quality.report_terminal import render_report
from tests.quality.conftest import Transfer, codes

IN_IMAGES = {
    "PatientName": "Quillfeather^Zebedee",
    "PatientBirthDate": "19430517",
    "PatientAddress": "12 Larkspur Lane",
    "PatientTelephoneNumbers": "+32 475 12 34 56",
    "OtherPatientIDs": "HOSP-998877",
    "ReferringPhysicianName": "Montgomery^Percival",
    "StudyDescription": "tel 0475998811",
    "SeriesDescription": "THORAX QUILLFEATHER",
    "ProtocolName": "for Zebedee",
    "ImageComments": "seen by Dr Featherstone",
    "InstitutionName": "Agatha Hospital",
    "DeviceID": "Quillfeather's scanner",
    "ConvolutionKernel": "ZEBEDEE",
    "AccessionNumber": "ACC-776655",
    "PatientComments": "85.07.30-033.28",
}
IN_TABLES = (
    ("UNIFI_dm.csv", "BRTHDTC", "1944-06-18"),
    ("UNIFI_dm.csv", "PATNAME", "Zebedee Quillfeather"),
    ("UNIFI_dm.csv", "ADDRESS", "3 Hollyhock Street"),
    ("UNIFI_dm.csv", "SUBJID", "Ravensworth, Ottoline"),
    ("UNIFI_dm.csv", "SEX", "Cuthbert"),
    ("UNIFI_dm.csv", "RACE", "Thackeray"),
    ("UNIFI_dm.csv", "AGE", "Pemberton"),
    ("UNIFI_lb.csv", "LBORRES", "Mr Braithwaite"),
    ("UNIFI_lb.csv", "LBTESTCD", "WHITTINGHAM"),
    ("UNIFI_lb.csv", "LBCAT", "z.q@hospital.example"),
    ("UNIFI_lb.csv", "LBORRESU", "Fairweather"),
    ("UNIFI_lb.csv", "LBSPEC", "zebedee"),
    ("UNIFI_mb.csv", "MBDTC", "Wolstenholme"),
    ("UNIFI_mb.csv", "MBSEQ", "Abernathy"),
    ("UNIFI_mb.csv", "MBTEST", "Quillfeather"),
    ("UNIFI_su.csv", "SUDUR", "Fotheringay"),
    ("UNIFI_su.csv", "QUILLFEATHER", "x"),
    ("UNIFI_su.csv", "Chatterton of ward 3", "x"),
    ("UNIFI_su.csv", "DOMAIN", "Higginbotham"),
    ("UNIFI_metadata.csv", "project", "Quillfeather's"),
    ("UNIFI_metadata.csv", "date_time", "Wigglesworth"),
    ("UNIFI_metadata.csv", "slice_thickness", "Postlethwaite"),
)
WORDS = (
    "quillfeather", "zebedee", "19430517", "larkspur", "475 12", "475.12", "998877", "montgomery",
    "percival", "0475998811", "featherstone", "agatha", "776655", "85.07.30", "033.28", "1944-06",
    "hollyhock", "ravensworth", "ottoline", "cuthbert", "thackeray", "pemberton", "braithwaite",
    "whittingham", "z.q@", "hospital.example", "fairweather", "wolstenholme", "abernathy",
    "fotheringay", "higginbotham", "wigglesworth", "postlethwaite", "privatesecret",
    "preamblesecret", "trailingsecret", "chatterton",
)  # fmt: skip


def plant_in_image(image: FileDataset) -> None:
    for keyword, value in IN_IMAGES.items():
        setattr(image, keyword, value)
    image.private_block(0x0009, "PRIVATESECRET", create=True).add_new(1, "LO", "privatesecret")


def plant_in_table(path: Path, column: str, value: str) -> None:
    """Write a value into a column's first record; add the column where there is none."""
    header, first, *others = path.read_text("utf-8").splitlines()
    names, values = header.split(","), first.split(",")
    if column not in names:
        names.append(column)
        values.append("")
        others = [f"{line}," for line in others]
    values[names.index(column)] = value if "," not in value else f'"{value}"'
    path.write_text("\n".join([",".join(names), ",".join(values), *others]) + "\n", "utf-8")


def plant_in_bytes(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(b"preamblesecret".ljust(128, b"\0") + content[128:] + b"trailingsecret")


@pytest.fixture(scope="module")
def planted(clean_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Transfer:
    folder = tmp_path_factory.mktemp("planted") / "transfer"
    shutil.copytree(clean_folder, folder)
    transfer = Transfer(folder)
    transfer.edit_series(plant_in_image)
    for name, column, value in IN_TABLES:
        plant_in_table(folder / name, column, value)
    plant_in_bytes(transfer.images(1)[3])
    shutil.move(transfer.images()[4], transfer.series[0] / "Quillfeather_Zebedee.dcm")
    (folder / "Zebedee").mkdir()
    (folder / "Zebedee" / "letter of Quillfeather.docx").write_bytes(b"x")
    (folder / "UNIFI_quillfeather.csv").write_text("A,B\nZebedee,1\n")
    (folder / "UNIFI_mi.csv").write_text('STUDYID,DOMAIN\n"Zebedee" Quillfeather,MI,\n"Zebedee\n')
    (folder / "UNIFI_dd.csv").write_text("DRAGON,DD,Chatterton,1\nDRAGON,DD,Zebedee,2\n")
    (folder / "UNIFI_changes.csv").write_text(
        "path,action,reason\nZebedee/1.dcm,Quillfeather,Zebedee\n"
    )
    return transfer


@pytest.fixture(scope="module")
def report(planted: Transfer) -> QualityReport:
    return planted.judge()


def outputs(report: QualityReport) -> dict[str, str]:
    terminal = StringIO()
    Console(file=terminal, width=4000).print(render_report(report.summary(), report.annex()))
    return {
        "summary.json": report.summary_json().decode(),
        "annex.json": report.annex_json().decode(),
        "report.html": render_html(report.summary(), report.annex()),
        "terminal": terminal.getvalue(),
    }


def found_in(text: str, words: Iterable[str]) -> set[str]:
    return {word for word in words if word in text.lower()}


def test_no_planted_value_is_shown(report: QualityReport) -> None:
    for name, text in outputs(report).items():
        assert found_in(text, WORDS) == set(), name


def test_no_planted_value_is_logged(
    planted: Transfer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    planted.judge()
    shown = capfd.readouterr()
    assert found_in(caplog.text + shown.out + shown.err, WORDS) == set()


def test_what_was_planted_is_found(report: QualityReport) -> None:
    """Otherwise nothing would have to be masked."""
    expected = {
        "privacy.person-name", "privacy.birth-date", "privacy.attribute", "privacy.private",
        "privacy.text-name", "privacy.text-pattern", "privacy.path", "privacy.preamble",
        "privacy.trailing", "privacy.clinical-birth-date", "privacy.clinical-column",
        "privacy.clinical-subject", "privacy.clinical-name", "privacy.clinical-pattern",
        "sdtm.type", "sdtm.term", "sdtm.term-extended", "sdtm.date-format", "sdtm.duration",
        "sdtm.domain", "sdtm.testcd", "metadata.type", "metadata.date", "domains.unreadable",
        "domains.unknown-table", "changes.declaration", "structure.unknown",
    }  # fmt: skip
    assert expected - codes(report) == set()
