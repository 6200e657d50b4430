"""CDISC CORE's rule cases: rules within reach pass their positive and fail their negative cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

DOMAINS = ("dm", "su", "lb", "mb", "mi", "dd")

# Rule -> the finding that stands for it.
IN_REACH = {
    "CORE-000015": "sdtm.occurrence-alone",
    "CORE-000018": "sdtm.occurrence-blank",
    "CORE-000092": "sdtm.dose-twice",
    "CORE-000094": "sdtm.dose-text",
    "CORE-000101": "sdtm.result-category",
    "CORE-000104": "sdtm.subcategory",
    "CORE-000108": "sdtm.death-flag",
    "CORE-000112": "sdtm.concentration",
    "CORE-000188": "domains.absent",
    "CORE-000201": "sdtm.subject-not-in-dm",
    "CORE-000255": "clinical-missing.blank",
    "CORE-000732": "sdtm.standard-number-extra",
    "CORE-000792": "sdtm.class-pair",
    "CORE-000863": "sdtm.standard-number-absent",
}
# General rules whose negative cases err in a domain that the specification does not take: that
# domain is judged as one of the same observation class, its variables renamed.
JUDGED_AS = {
    "CORE-000104": ("eg", "lb"),
    "CORE-000201": ("ae", "su"),
    "CORE-000732": ("eg", "lb"),
}
OUT_OF_REACH = {
    "CORE-000253": "needs AE, which the specification does not take",
    "CORE-000390": "about CV, which the specification does not take; SEND, for animal studies",
    "CORE-000392": "SEND 3.0: death diagnosis of animals; SDTM's DD has many tests",
    "CORE-000471": "about EG, which the specification does not take; SEND",
    "CORE-000475": "about PC, which the specification does not take; SEND",
    "CORE-000508": "about PM, which the specification does not take; SEND",
    "CORE-000555": "SEND: one death diagnosis per animal; SDTM's DD has one record per finding",
    "CORE-000618": "SEND: MIRESCAT by the NEOPLASM codelist, which does not bind SDTM's MI",
    "CORE-000670": "needs DS, which the specification does not take; SEND",
    "CORE-000773": "needs DS, which the specification does not take; SEND",
}
CASES_OUT_OF_REACH = {
    ("CORE-000201", "negative", "03"): "the stranger is in RELREC, which is not taken",
}


def rule_folders(shared_data: Path) -> dict[str, Path]:
    folders = (shared_data / "sdtm_core_rule_cases").glob("*/CORE-*")
    return {folder.name: folder for folder in folders}


def judged(case: Path, rule: str, judge: Any) -> list[Any]:
    foreign, ours = JUDGED_AS.get(rule, ("", ""))
    files = {}
    for name in (*DOMAINS, foreign):
        path = case / "data" / f"{name}.csv"
        if path.is_file():
            text = path.read_text()
            as_ours = text.replace(foreign.upper(), ours.upper()) if name == foreign else text
            files[f"X_{ours if name == foreign else name}.csv"] = as_ours.encode()
    return list(judge(files, partner="X"))


def is_rule(finding: Any, rule: str) -> bool:
    """Narrow a finding of several rules to the one in question."""
    if rule == "CORE-000188" and "domain MB" not in finding.expected:
        return False
    if rule == "CORE-000255" and not (finding.column or "").endswith("ORRES"):
        return False
    return bool(finding.code == IN_REACH[rule])


def test_every_rule_is_listed_as_within_or_out_of_reach(shared_data: Path) -> None:
    assert set(rule_folders(shared_data)) == set(IN_REACH) | set(OUT_OF_REACH)
    assert not set(IN_REACH) & set(OUT_OF_REACH)


@pytest.mark.parametrize("rule", sorted(IN_REACH))
@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_a_rule_within_reach_decides_its_cases(
    rule: str, kind: str, shared_data: Path, judge: Any
) -> None:
    cases = sorted((rule_folders(shared_data)[rule] / kind).iterdir())
    assert cases
    for case in cases:
        if (rule, kind, case.name) not in CASES_OUT_OF_REACH:
            found = [each for each in judged(case, rule, judge) if is_rule(each, rule)]
            assert bool(found) == (kind == "negative"), case
