"""The report's two parts: schema, determinism, what each may hold, and what people see."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.findings import CheckOutcome, Finding, Severity, conclude, group, overall
from dragon_ledger.quality.report import QualityReport
from dragon_ledger.quality.report_html import render_html
from dragon_ledger.quality.report_terminal import render_report, render_rules
from dragon_ledger.quality.rules import built_in
from tests.quality.conftest import TODAY, Transfer

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "spec" / "qc-report"
METADATA = "UNIFI_metadata.csv"


def spoil(transfer: Transfer) -> None:
    transfer.images()[12].unlink()
    transfer.edit_series(lambda image: setattr(image, "PatientName", "Quentin^Zoe"), 2)
    transfer.edit_text(METADATA, ",B30f,", ",,")


@pytest.fixture(scope="module")
def spoiled_transfer(clean_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Transfer:
    folder = tmp_path_factory.mktemp("spoiled") / "transfer"
    shutil.copytree(clean_folder, folder)
    spoil(Transfer(folder))
    return Transfer(folder)


@pytest.fixture(scope="module")
def spoiled(spoiled_transfer: Transfer) -> QualityReport:
    return spoiled_transfer.judge()


def page_of(report: QualityReport) -> str:
    return render_html(json.loads(report.summary_json()), json.loads(report.annex_json()))


@pytest.mark.parametrize("part", ["summary", "annex"])
def test_both_parts_keep_their_schema(
    spoiled: QualityReport, clean_report: QualityReport, part: str
) -> None:
    schema = json.loads((SCHEMAS / f"{part}.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for report in (spoiled, clean_report):
        content = report.summary_json() if part == "summary" else report.annex_json()
        validator.validate(json.loads(content))


def test_equal_input_gives_equal_bytes(spoiled_transfer: Transfer) -> None:
    reports = [
        check_transfer(spoiled_transfer.folder, built_in(), today=TODAY, workers=workers)
        for workers in (1, 3)
    ]
    assert reports[0].summary_json() == reports[1].summary_json()
    assert reports[0].annex_json() == reports[1].annex_json()


def test_parts_are_canonical_json(spoiled: QualityReport) -> None:
    for content in (spoiled.summary_json(), spoiled.annex_json()):
        again = json.dumps(
            json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        assert content == again.encode()


def test_the_summary_names_no_subject_and_no_file(
    spoiled_transfer: Transfer, spoiled: QualityReport
) -> None:
    summary = spoiled.summary_json().decode()
    for path in spoiled_transfer.series:
        patient, study, series = path.parts[-3:]
        assert patient not in summary
        assert study not in summary
        assert series not in summary
    for record in spoiled.files:
        assert record.path.rpartition("/")[2] not in summary
    assert "Quentin" not in summary + spoiled.annex_json().decode()


def test_the_page_of_the_summary_names_no_one_either(
    spoiled_transfer: Transfer, spoiled: QualityReport
) -> None:
    page = render_html(json.loads(spoiled.summary_json()))
    assert spoiled_transfer.series[0].parts[-3] not in page
    assert "names no subject" in page


def test_findings_point_to_their_group(spoiled: QualityReport) -> None:
    groups = json.loads(spoiled.summary_json())["findings"]
    findings = json.loads(spoiled.annex_json())["findings"]
    counted = [0] * len(groups)
    for finding in findings:
        assert groups[finding["group"]]["code"] == finding["code"]
        counted[finding["group"]] += finding["count"]
    assert counted == [entry["count"] for entry in groups]


def test_the_page_shows_lights_findings_and_the_gap(spoiled: QualityReport) -> None:
    page = page_of(spoiled)
    assert page.count('class="light ') == len(spoiled.results)
    assert page.index("The twelve checks") < page.index("Findings and how to mend them")
    assert "export the series again with all its slices" in page
    assert page.count("<svg") == 1
    assert 'fill="#ffb3ad"' in page
    assert "2.500 mm between slices 12 and 13" in page
    assert page.count('href="#') == page.count("<h3>") > 1
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_values_are_escaped_on_the_page(transfer: Transfer) -> None:
    (transfer.folder / "<img src=x>.docx").write_bytes(b"x")
    page = page_of(transfer.judge())
    assert "<img" not in page
    assert "&lt;img src=x&gt;.docx" in page


def shown(renderable: Any) -> str:
    stream = StringIO()
    Console(file=stream, width=110).print(renderable)
    return stream.getvalue()


def test_the_terminal_shows_outcomes_and_how_to_mend(spoiled: QualityReport) -> None:
    text = shown(
        render_report(json.loads(spoiled.summary_json()), json.loads(spoiled.annex_json()))
    )
    assert "mend     export the series again with all its slices" in text
    assert "\x1b" not in text  # no colours where nobody sees them
    assert text.count("NOT APPLICABLE") == 1
    assert text.rstrip().endswith("(hds-1.0)")


def test_a_file_name_cannot_drive_the_terminal(transfer: Transfer) -> None:
    (transfer.folder / "\x1b[2Jgone.docx").write_bytes(b"x")
    report = transfer.judge()
    text = shown(render_report(report.summary(), report.annex()))
    assert "\x1b" not in text
    assert "\\x1b[2Jgone.docx" in text


def test_the_rule_set_prints_as_tables() -> None:
    text = shown(render_rules(built_in()))
    for word in ("Table 9: Death Details (DD), optional", "0.6 to 1.5 mm", "MBTESTDTL or MBTSTDTL"):
        assert word in text


def test_a_file_name_that_is_no_text(transfer: Transfer) -> None:
    (transfer.folder / "caf\udce9.docx").write_bytes(b"x")
    report = transfer.judge()
    files = {entry.get("file") for entry in json.loads(report.annex_json())["findings"]}
    assert "caf\\xe9.docx" in files
    assert "caf\\xe9.docx" in page_of(report)


def test_series_table_and_counts(clean_report: QualityReport) -> None:
    annex, summary = json.loads(clean_report.annex_json()), json.loads(clean_report.summary_json())
    assert [row["slices"] for row in annex["series"]] == [25, 25, 25]
    assert {row["gap_mm"] for row in annex["series"]} == {"1.250"}
    assert summary["counts"]["images"] == 75
    assert summary["counts"]["subjects"] == 2
    assert annex["plots"] == []


def finding(code: str, file: str, severity: Severity = Severity.ERROR, count: int = 1) -> Finding:
    return Finding(
        code.split(".", maxsplit=1)[0], code, severity, "expected", "mend", file=file, count=count
    )


def test_equal_findings_read_as_one() -> None:
    many = [finding("tags.absent", f"{n:03d}.dcm") for n in reversed(range(400))]
    (one,) = group(many)
    assert one.count == 400
    assert [example.file for example in one.examples] == [f"{n:03d}.dcm" for n in range(5)]


def test_groups_put_errors_first() -> None:
    groups = group(
        [
            finding("a.note", "1", Severity.NOTE),
            finding("z.error", "2"),
            finding("a.warning", "3", Severity.WARNING),
        ]
    )
    assert [entry.code for entry in groups] == ["z.error", "a.warning", "a.note"]


def test_groups_follow_the_order_of_the_checks(spoiled: QualityReport) -> None:
    errors = [entry.check for entry in spoiled.groups if entry.severity is Severity.ERROR]
    numbers = {rule.id: number for number, rule in enumerate(built_in().checks)}
    assert errors[0] == "privacy"
    assert errors == sorted(errors, key=lambda check: numbers[check])


def test_parts_as_values_are_what_the_bytes_hold(spoiled: QualityReport) -> None:
    assert spoiled.summary() == json.loads(spoiled.summary_json())
    assert spoiled.annex() == json.loads(spoiled.annex_json())


def test_warnings_never_fail_and_doubts_never_pass() -> None:
    warning = finding("slices.rounded", "1", Severity.WARNING)
    assert conclude("slices", [warning]).outcome is CheckOutcome.PASS
    doubtful = conclude("slices", [warning], ["unread"])
    assert doubtful.outcome is CheckOutcome.NOT_VERIFIABLE
    failed = conclude("tags", [finding("tags.absent", "1")], ["unread"])
    assert failed.outcome is CheckOutcome.FAIL
    assert overall([doubtful]) is CheckOutcome.NOT_VERIFIABLE
    assert overall([doubtful, failed]) is CheckOutcome.FAIL


def test_no_reader_believes_that_pixels_were_searched_for_text(clean_report: QualityReport) -> None:
    """Said where the privacy check passes, in the decisions and in the closing statement."""
    summary = clean_report.summary()
    (light,) = (check for check in summary["checks"] if check["id"] == "privacy")
    assert light["outcome"] == "PASS"
    assert light["title"] == "Privacy (pixels are not read)"
    decided = {entry["id"]: entry["decided"] for entry in summary["rule_set"]["decisions"]}
    assert decided["text-in-pixels"].startswith("No text is looked for in the pixels: a PASS")
    assert "nothing identifying is drawn in the pixels" in summary["statement"]
    page = render_html(summary, clean_report.annex())
    for text in (light["title"], decided["text-in-pixels"], summary["statement"]):
        assert text in page
    console = Console(record=True, width=200, file=StringIO())
    console.print(render_report(summary, clean_report.annex()))
    assert light["title"] in console.export_text()
