"""Every real SDTM set has the outcome that a person expected, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.rules import built_in
from dragon_ledger.quality.transfer import Role, read_tree


@dataclass(frozen=True)
class Expectation:
    """Outcome of checks 7, 11 and 12, and why each error or warning is there."""

    outcomes: tuple[str, str, str]
    reasons: Mapping[tuple[str, str | None], str]


NO_PARTNER = "the files are called dm.xpt or dm.csv: nothing says whose they are"
OTHER_DOMAINS = "AE, DS and others are there, which the specification does not take"
BIRTHS = "DM carries dates of birth, which the specification does not ask for"

EXPECTED = {
    "sdtm_datasetjson_4formats": Expectation(
        ("FAIL", "FAIL", "FAIL"),
        {
            ("domains.absent", None): "there is no MB",
            ("domains.name-without-partner", None): NO_PARTNER,
            ("domains.unknown-table", None): OTHER_DOMAINS,
            ("clinical-missing.blank", "LBORRESU"): "KETONES and UROBIL are the numbers 0, 1, 2 "
            "of a dipstick without a unit; ANISO and the like are numbers of a scale",
            ("clinical-missing.blank", "LBSTRESU"): "as LBORRESU; and HCT was converted from % "
            "to a fraction and lost its unit",
            ("sdtm.term", "RACE"): "one subject's RACE is MULTIPLE, which CDISC keeps for SUPPDM",
            ("privacy.clinical-birth-date", "BRTHDTC"): BIRTHS,
        },
    ),
    "sdtm_pharmaverse/inst/extdata": Expectation(
        ("PASS", "FAIL", "FAIL"),
        {
            ("domains.absent", None): "LB is there as an R file only",
            ("domains.name-without-partner", None): NO_PARTNER,
            ("domains.unknown-table", None): OTHER_DOMAINS,
            ("sdtm.type", "MBSTRESN"): "colony counts: the unit CFU/mL slipped into MBSTRESN",
            ("sdtm.standard-number-extra", "MBSTRESN"): "the ordinal results 1+ and 2+ were given "
            "numbers",
            ("sdtm.term-extended", "MBTESTCD"): "organisms and counts under codes of the sponsor, "
            "such as GNROD and MCCOLCNT",
            ("sdtm.term-extended", "MBTSTDTL"): "RESULT is the sponsor's term",
            ("sdtm.term-pair", "MBTEST"): "MTBCMPLX has another name than CDISC's",
            ("privacy.clinical-birth-date", "BRTHDTC"): BIRTHS,
        },
    ),
    "sdtm_phuse_cdiscpilot/cdiscpilot01": Expectation(
        ("PASS", "PASS", "FAIL"),
        {
            ("domains.absent", None): "there are neither LB nor MB",
            ("domains.name-without-partner", None): NO_PARTNER,
            ("domains.unknown-table", None): OTHER_DOMAINS,
        },
    ),
    "sdtm_phuse_cdiscpilot/updated_cdiscpilot": Expectation(
        ("PASS", "PASS", "FAIL"),
        {
            ("domains.absent", None): "there is no MB, and LB only as lbur.xpt, which no "
            "convention calls LB",
            ("domains.name-without-partner", None): NO_PARTNER,
            ("domains.unknown-table", None): OTHER_DOMAINS,
        },
    ),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_real_set_has_the_outcome_that_a_person_expected(
    name: str, shared_data: Path, judge: Any
) -> None:
    folder = shared_data / name
    tree = read_tree(folder, built_in())
    files = {each.path: (folder / each.path).read_bytes() for each in tree.of_role(Role.DOMAIN)}
    others = tuple(
        each.path for each in tree.of_role(Role.OTHER) if each.suffix.lower() in (".csv", ".xpt")
    )
    found = judge(files, others=others, partner=None)
    outcomes = tuple(judge.outcome(each) for each in ("clinical-missing", "sdtm", "domains"))
    noticed = {(f.code, f.column) for f in found if f.severity is not Severity.NOTE}
    assert outcomes == EXPECTED[name].outcomes
    assert noticed == set(EXPECTED[name].reasons)


def test_every_folder_with_tables_of_the_domains_has_an_expectation(shared_data: Path) -> None:
    folders = {
        path.parent.relative_to(shared_data).as_posix()
        for suffix in ("csv", "xpt")
        for path in shared_data.glob(f"sdtm_*/**/dm.{suffix}")
        if "sdtm_core_rule_cases" not in path.parts
    }
    assert folders == set(EXPECTED)
