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


def annex_sentences(spec: Path) -> list[str]:
    """The sentences and table titles of Annex 1, sections 3 to 6; table rows are the rule set's."""
    text = (spec / "D7.1-data-management-plan.txt").read_text("utf-8")
    start = text.index("3. Transfer Specifications", text.index("For protocol IMI2"))
    lines = text[start : text.index("7. Revision History")].splitlines()
    prose = [line for line in lines if line.count("\t") < 2 or line.startswith("Checks\t")]
    prose = [line for line in prose if not re.match(r"\d\.(\d\.)? ", line)]
    plain = re.sub(r"<[^>]+>", "\n", "\n".join(prose)).replace("*", "")
    parts = re.split(r"\n|(?<=[.;?])\s+(?=[A-Z(])|(?<=\?)\s", plain)
    sentences = [part.strip(" -\t;") for part in parts]
    headings = re.compile(r"Figure \d|Checks\b|\w+:$|\W*$")
    return [sentence for sentence in sentences if not headings.match(sentence)]


def test_every_sentence_of_the_annex_has_a_row(shared_spec: Path) -> None:
    page = (DOCS / "quality-check.md").read_text("utf-8")
    rows = re.findall(r"^\| [\d.]+ \| (.*?) \|", page, re.MULTILINE)
    sentences = annex_sentences(shared_spec)
    assert len(sentences) >= 40
    assert [sentence for sentence in sentences if sentence not in rows] == []


def test_every_option_of_section_3_has_a_row(shared_spec: Path) -> None:
    text = (shared_spec / "D7.1-data-management-plan.txt").read_text("utf-8")
    page = (DOCS / "quality-check.md").read_text("utf-8")
    options = re.findall(r"^([A-Z][A-Za-z ]+)\t(<input.*)$", text, re.MULTILINE)
    assert len(options) == 5
    for name, boxes in options:
        values = ", ".join(re.findall(r"/> ([^<\t]+)", boxes))
        assert f"| 3 | {name}: {values} |" in page


def test_every_decision_of_the_table_exists() -> None:
    page = (DOCS / "quality-check.md").read_text("utf-8")
    table = page[page.index("| Annex 1 |") : page.index("Sections 1, 2 and 7")]
    named = {
        name
        for cell in re.findall(r"decisions? ([^|]*?) \|", table)
        for name in re.findall(r"\*([a-z0-9-]+)\*", cell)
    }
    assert named - {decision.id for decision in built_in().decisions} == set()


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
