"""Check 1 looks into the metadata, association and changes tables, too."""

from __future__ import annotations

import pytest

from tests.quality.conftest import Transfer, codes

METADATA = "UNIFI_metadata.csv"


def with_column(transfer: Transfer, column: str, value: str) -> None:
    path = transfer.folder / METADATA
    header, first, *others = path.read_text("utf-8").splitlines()
    lines = [f"{header},{column}", f"{first},{value}", *(f"{line}," for line in others)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("annotation", "seen by Mr Braithwaite", "privacy.clinical-pattern"),
        ("annotation", "z.q@hospital.example", "privacy.clinical-pattern"),
        ("annotation", "tel 0475998811", "privacy.clinical-pattern"),
        ("annotation", "born 1943-05-17", "privacy.clinical-pattern"),
        ("annotation", "scanned 2020-12-03", "privacy.clinical-date"),
        ("patient_name", "x", "privacy.clinical-column"),
        ("DOB", "x", "privacy.clinical-birth-date"),
    ],
)
def test_further_columns_of_the_metadata_table(
    transfer: Transfer, column: str, value: str, code: str
) -> None:
    with_column(transfer, column, value)
    report = transfer.judge()
    assert codes(report) == {code}
    (finding,) = [each for each in report.findings if each.code == code]
    assert (finding.file, finding.column) == (METADATA, column.lower())
    assert value not in finding.found


def test_a_harmless_further_column_passes(transfer: Transfer) -> None:
    with_column(transfer, "annotation", "left lobe; 2.25 cm; reader 12")
    assert codes(transfer.judge()) == set()


def test_a_name_of_the_images_in_the_project(transfer: Transfer) -> None:
    transfer.edit_series(lambda image: setattr(image, "PatientName", "Quentin^Zoe"))
    transfer.edit_text(METADATA, "IMI2 DRAGON", "for Zoe Quentin")
    assert "privacy.clinical-name" in codes(transfer.judge())


def test_reasons_and_further_columns_of_the_other_tables(transfer: Transfer) -> None:
    patient = transfer.series[0].parts[-3]
    (transfer.folder / "UNIFI_association.csv").write_text(
        f"patient,usubjid,notes\n{patient},{patient},Mrs Quentin\n", "utf-8"
    )
    (transfer.folder / "UNIFI_changes.csv").write_text(
        f"path,action,reason\n{patient}/a.dcm,correct,asked by z.q@hospital.example\n", "utf-8"
    )
    found = {
        (each.file, each.column)
        for each in transfer.judge().findings
        if each.code == "privacy.clinical-pattern"
    }
    assert found == {("UNIFI_association.csv", "notes"), ("UNIFI_changes.csv", "reason")}
