"""A small clean transfer, copies of it to spoil, and one way to judge them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileDataset

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.report import QualityReport
from dragon_ledger.quality.rules import RuleSet, built_in
from dragon_ledger.samples import make_transfer

TODAY = date(2026, 11, 22)

Edit = Callable[[FileDataset], object]


class Transfer:
    """A transfer on disk: 3 series of 25 slices, two of them of one subject."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def series(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*/*/*") if path.is_dir())

    def images(self, series: int = 0) -> list[Path]:
        return sorted(self.series[series].glob("*.dcm"))

    def edit(self, path: Path, change: Edit) -> None:
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)

    def edit_series(self, change: Edit, series: int = 0) -> None:
        for path in self.images(series):
            self.edit(path, change)

    def edit_text(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1), "utf-8")

    def relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def judge(self, rules: RuleSet | None = None, **more: object) -> QualityReport:
        return check_transfer(
            self.folder,
            rules or built_in(),
            today=TODAY,
            workers=2,
            **more,  # type: ignore[arg-type]  # each test gives what check_transfer takes
        )


def codes(report: QualityReport, *severities: Severity) -> set[str]:
    """Codes of the findings, errors and warnings unless told."""
    wanted = severities or (Severity.ERROR, Severity.WARNING)
    return {finding.code for finding in report.findings if finding.severity in wanted}


@pytest.fixture(scope="session")
def clean_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "transfer"
    make_transfer(folder, partner="UNIFI", seed=7, subjects=2, slices=25, size=64)
    return folder


@pytest.fixture
def transfer(clean_folder: Path, tmp_path: Path) -> Transfer:
    folder = tmp_path / "transfer"
    shutil.copytree(clean_folder, folder)
    return Transfer(folder)


@pytest.fixture(scope="session")
def clean_report(clean_folder: Path) -> QualityReport:
    return Transfer(clean_folder).judge()


@pytest.fixture(scope="session")
def slice_bytes(clean_folder: Path) -> bytes:
    """The bytes of one clean slice."""
    return Transfer(clean_folder).images()[12].read_bytes()
