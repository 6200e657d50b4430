"""What the pages promise: every code and decision is listed, and the minimal example passes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from dragon_ledger.quality.catalogue import entries
from dragon_ledger.quality.rules import built_in
from tests.quality.conftest import Transfer, codes

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("part", ["imaging", "clinical"])
def test_every_code_is_listed_with_its_weight(part: str) -> None:
    page = (DOCS / "quality-check.md").read_text("utf-8")
    for code, entry in entries(part).items():
        assert f"| `{code}` | {entry.severity} |" in page


def test_every_listed_code_exists() -> None:
    page = (DOCS / "quality-check.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z-]+\.[a-z0-9-]+)` \|", page, re.MULTILINE)
    assert set(listed) == {*entries("imaging"), *entries("clinical")}


def test_every_check_has_a_row() -> None:
    page = (DOCS / "quality-check.md").read_text("utf-8")
    for rule in built_in().checks:
        assert f"`{rule.id}`" in page, rule.id


def test_the_minimal_example_of_the_data_manager_s_page_passes(transfer: Transfer) -> None:
    """The images are the sample's first series, named as the page names them."""
    tables = re.findall(
        r"```csv\n(.*?)```", (DOCS / "data-manager.md").read_text("utf-8"), re.DOTALL
    )
    metadata = tables[0].splitlines()[1].split(",")
    patient, study, series = metadata[2], metadata[5], metadata[6]
    images = transfer.series[0]
    target = transfer.folder.parent / "minimal"
    shutil.copytree(images, target / patient / study / series)
    for name, text in zip(("metadata", "dm", "lb", "mb"), tables, strict=True):
        (target / f"UNIFI_{name}.csv").write_text(text, "utf-8")
    (target / "TRANSFER_COMPLETE").write_bytes(b"")
    minimal = Transfer(target)

    def rename(image: object) -> None:
        for keyword, value in (
            ("PatientID", patient),
            ("StudyInstanceUID", study),
            ("SeriesInstanceUID", series),
            ("StudyDate", "20201203"),
            ("SeriesDate", "20201203"),
            ("StudyTime", "133026"),
            ("SeriesTime", "133026"),
            ("SliceThickness", "1.25"),
            ("PixelSpacing", ["1.25", "1.25"]),
        ):
            setattr(image, keyword, value)

    minimal.edit_series(rename)
    minimal.edit_text("UNIFI_metadata.csv", ",30,", f",{len(minimal.images())},")
    assert codes(minimal.judge()) == set()
