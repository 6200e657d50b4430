"""Every seeded defect is found by the right check, at the right place, and nothing else is.

The clean transfer is made and read once; each defect spoils a tree of hard links to it, and files
that it leaves alone are not read again.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from dragon_ledger.quality.catalogue import entries as imaging_entries
from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.clinical.reporting import entries as clinical_entries
from dragon_ledger.quality.derivation import derive
from dragon_ledger.quality.findings import Finding, Severity
from dragon_ledger.quality.known import KnownImage, KnownTransfers, PreviousVersion
from dragon_ledger.quality.rules import RuleSet, built_in
from dragon_ledger.samples import DEFECTS, Defect, make_transfer
from dragon_ledger.samples.defects import TransferEditor

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 22)
PARTNER = "UNIFI"
QUICK_COMBINATIONS, COMBINATIONS = 30, 200

# Findings that come from comparing with another table than the one that they name.
COMPARED_WITH = {
    "sdtm.subject-not-in-dm": "UNIFI_dm.csv",
    "sdtm.death-before": "UNIFI_dm.csv",
    "sdtm.death-flag": "UNIFI_dd.csv",
    "sdtm.death-details": "UNIFI_dd.csv",
    "subject-linkage.no-clinical": "UNIFI_dm.csv",
    "privacy.clinical-name": "UNIFI_dd.csv",
    "metadata.several": "UNIFI_metadata.csv",
    "structure.no-images": "UNIFI_metadata.csv",  # nothing is left to compare it with
}


@dataclass(frozen=True)
class Clean:
    """The clean transfer and what was found; what is known when it was read, and accepted."""

    folder: Path
    known: KnownTransfers
    later: KnownTransfers
    previous: PreviousVersion
    findings: tuple[Finding, ...]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    folder = tmp_path_factory.mktemp("catalogue") / "clean"
    make_transfer(folder, partner=PARTNER, seed=1, subjects=3, slices=28, size=32)
    report = check_transfer(folder, built_in(), today=TODAY, workers=1)
    findings = tuple(each for result in report.results for each in result.findings)
    kept = folder.parent / "kept"
    shutil.copytree(folder, kept, copy_function=os.link)
    images = [
        KnownImage(f.path, f.instance, f.sha256, f.pixels, kept / f.path)
        for f in report.files
        if f.memo
    ]
    files = {f.path: f for f in report.files}
    later = KnownTransfers(
        files,
        report.kept,
        lambda instances, pixels: [
            each for each in images if each.instance in instances or each.pixels in pixels
        ],
    )
    previous = PreviousVersion({f.path: f.sha256 for f in report.files})
    return Clean(folder, KnownTransfers(files), later, previous, findings)


@pytest.fixture
def spoiled(clean: Clean) -> Iterator[Path]:
    """A transfer to spoil: hard links, beside the clean one because links do not cross disks."""
    folder = clean.folder.parent / "spoiled"
    shutil.copytree(clean.folder, folder, copy_function=os.link)
    yield folder
    shutil.rmtree(folder)


def rules_of(defects: Sequence[Defect]) -> RuleSet:
    """The rule set that all of these are judged by; a section is that of the last one."""
    sections = [each.rules for each in defects if each.rules is not None]
    if not sections:
        return built_in()
    document: dict[str, Any] = {"name": "derived"}
    for each in sections:
        for name, values in each.items():
            document[name] = {**document.get(name, {}), **values}
    return derive(built_in(), document, "catalogue")


def noticed(folder: Path, clean: Clean, *defects: Defect) -> list[Finding]:
    """Errors and warnings, and the notes that a defect is made for."""
    codes = {each.code for each in defects}
    later = any(each.later for each in defects)
    report = check_transfer(
        folder,
        rules_of(defects),
        today=TODAY,
        known=clean.later if later else clean.known,
        previous=clean.previous if later else None,
        workers=1,
    )
    findings = (each for result in report.results for each in result.findings)
    return [each for each in findings if each.severity is not Severity.NOTE or each.code in codes]


def is_found(defect: Defect, named: str | None, findings: list[Finding]) -> bool:
    """Whether a finding has the defect's check, code, file and field."""
    return any(
        (each.check, each.code, each.file) == (defect.check, defect.code, named)
        and (defect.field is None or defect.field in (each.column, *(each.tag or "").split(" ")))
        for each in findings
    )


def assert_found_alone(defect: Defect, spoiled: Path, clean: Clean) -> None:
    named = defect.damage(TransferEditor(spoiled, PARTNER))
    findings = noticed(spoiled, clean, defect)
    assert is_found(defect, named, findings), (named, findings)
    assert {each.code for each in findings} - {defect.code} == defect.consequences


def test_the_clean_transfer_has_no_finding_at_all(clean: Clean) -> None:
    assert clean.findings == ()


def test_the_catalogue_reaches_every_check_and_has_at_least_120_defects() -> None:
    checks = {rule.id for rule in built_in().checks}
    assert {defect.check for defect in DEFECTS.values()} == checks
    assert len(DEFECTS) >= 120


# Errors and warnings that no single change of a clean transfer's files can show.
NOTES = {"slices.tilt"}  # seeded to show that it is no error
OUT_OF_REACH = {
    "structure.unreadable": "needs a file that the account may not read",
}


def test_the_clean_transfer_sent_again_has_no_finding_but_that(clean: Clean) -> None:
    report = check_transfer(
        clean.folder,
        built_in(),
        today=TODAY,
        known=clean.later,
        previous=clean.previous,
        workers=1,
    )
    assert {each.code for each in report.findings} == {"changes.repeated"}


def test_every_error_and_warning_is_seeded_or_out_of_reach() -> None:
    kinds = (*imaging_entries().values(), *clinical_entries().values())
    needed = {each.code for each in kinds if each.severity is not Severity.NOTE}
    assert {each.code for each in DEFECTS.values()} - NOTES == needed - set(OUT_OF_REACH)


# How slices can be missing, repeated or displaced, and what shows it.
GEOMETRY = {
    "missing-slice": "slices.missing",
    "two-missing-slices": "slices.missing",
    "duplicate-position": "slices.duplicate-position",
    "gantry-tilt": "slices.tilt",
    "slice-shifted-in-plane": "slices.shifted",
    "uneven-slices": "slices.uneven",
    "every-second-slice-missing": "slices.regular-gap",
    "every-second-slice-missing-renumbered": "slices.thickness-gap",
    "first-slice-missing": "slices.number",
    "first-slice-missing-in-the-table-too": "slices.instance-first",
    "last-slice-missing": "slices.number",
    "positions-rounded": "slices.rounded",
    "mixed-orientation": "slices.mixed-orientation",
    "localizer": "slices.localizer",
}


def test_each_way_to_miss_a_slice_is_seeded() -> None:
    assert {name: DEFECTS[name].code for name in GEOMETRY} == GEOMETRY


def one_of_each_check() -> list[str]:
    return list({defect.check: name for name, defect in DEFECTS.items()}.values())


@pytest.mark.parametrize("name", one_of_each_check())
def test_one_defect_of_each_check_is_found_alone(name: str, spoiled: Path, clean: Clean) -> None:
    assert_found_alone(DEFECTS[name], spoiled, clean)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(DEFECTS) - set(one_of_each_check())))
def test_a_defect_is_found_alone(name: str, spoiled: Path, clean: Clean) -> None:
    assert_found_alone(DEFECTS[name], spoiled, clean)


def territory(defect: Defect, clean: Clean, folder: Path) -> set[str]:
    """Tables and series that a defect changes, or that its finding is about."""
    shutil.copytree(clean.folder, folder, copy_function=os.link)
    try:
        named = defect.damage(TransferEditor(folder, PARTNER))
        before, after = _inodes(clean.folder), _inodes(folder)
    finally:
        shutil.rmtree(folder)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    places = {path.rpartition("/")[0] or path for path in changed}
    about = {named, COMPARED_WITH.get(defect.code)} - {None}
    return places | {str(path).rpartition("/")[0] or str(path) for path in about}


def _inodes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.lstat().st_ino
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def combinations() -> list[ParameterSet]:
    return [
        pytest.param(
            seed, marks=pytest.mark.slow if seed < QUICK_COMBINATIONS else pytest.mark.long
        )
        for seed in range(COMBINATIONS)
    ]


@pytest.mark.parametrize("seed", combinations())
def test_three_defects_in_different_places_are_all_found(
    seed: int, spoiled: Path, clean: Clean
) -> None:
    rng = random.Random(seed)
    chosen: list[tuple[bool, Defect]] = []
    taken: set[str] = set()
    while len(chosen) < 3:
        defect = DEFECTS[rng.choice(sorted(DEFECTS))]
        places = territory(defect, clean, spoiled.with_name("territory"))
        if not places & taken:
            # The metadata table leads to the series, so what spoils it comes last.
            chosen.append(("UNIFI_metadata.csv" in places, defect))
            taken |= places
    defects = [defect for _, defect in sorted(chosen, key=lambda each: each[0])]
    editor = TransferEditor(spoiled, PARTNER)
    named = [defect.damage(editor) for defect in defects]
    findings = noticed(spoiled, clean, *defects)
    for defect, file in zip(defects, named, strict=True):
        assert is_found(defect, file, findings), (defect.name, [each.name for each in defects])


def test_the_demonstrations_fourth_hospital_fails_by_its_three_defects(tmp_path: Path) -> None:
    names = ["missing-slice", "name-in-description", "missing-required-value"]
    make_transfer(tmp_path / "four", partner="HOSPITAL4", seed=4, slices=30, size=32, defects=names)
    report = check_transfer(tmp_path / "four", built_in(), today=TODAY, workers=1)
    failed = {result.check for result in report.results if result.outcome == "FAIL"}
    codes = {each.code for result in report.results for each in result.findings}
    assert failed == {"slices", "privacy", "clinical-missing"}
    assert codes == {
        "slices.missing", "slices.number", "slices.instance-gap", "privacy.text-pattern",
        "clinical-missing.blank",
    }  # fmt: skip
