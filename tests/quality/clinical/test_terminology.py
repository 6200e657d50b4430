"""The shipped terms are the source's, bound as the guide binds them; units convert rightly."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path
from runpy import run_path

import pytest

from dragon_ledger.quality.clinical.results import factor_between
from dragon_ledger.quality.clinical.structure import labels
from dragon_ledger.quality.clinical.terminology import codelist_of, codelists, countries
from dragon_ledger.quality.rules import built_in

ROOT = Path(__file__).parents[3]


def test_the_shipped_terminology_is_what_the_source_reduces_to(shared_spec: Path) -> None:
    script = run_path(str(ROOT / "scripts" / "reduce_terminology.py"))
    shipped = resources.files("dragon_ledger.quality.clinical") / "terminology.json"
    assert shipped.read_text("utf-8") == script["to_text"](
        script["reduce"](shared_spec / "cdisc_ct")
    )


def test_extensible_and_closed_lists_are_as_cdisc_says(shared_spec: Path) -> None:
    for name, codelist in codelists().items():
        source = json.loads((shared_spec / "cdisc_ct" / f"{name}.json").read_text())
        assert codelist.extensible == source["extensible"]
        assert set(codelist.terms) == {term["value"] for term in source["terms"]}


def test_variables_are_bound_to_the_lists_of_the_implementation_guide(shared_spec: Path) -> None:
    for domain in ("DM", "SU", "LB", "MB", "MI", "DD"):
        guide = json.loads((shared_spec / "sdtmig_3_3" / f"{domain}.json").read_text())
        for variable in guide["variables"]:
            bound = codelist_of(variable["name"])
            if bound is not None and variable["name"] != "MBTSTDTL":  # bound from IG 3.4 on
                assert bound.name in variable["codelist"], variable["name"]


def test_every_listed_variable_with_a_list_is_held_to_it(shared_spec: Path) -> None:
    """Test names are held to the pair of their code."""
    for rule in built_in().domains:
        guide = json.loads((shared_spec / "sdtmig_3_3" / f"{rule.code}.json").read_text())
        bound = {each["name"] for each in guide["variables"] if each.get("codelist")}
        names = {f"{rule.code}TEST"} | {
            variable.name for variable in rule.variables if codelist_of(variable.name)
        }
        assert bound & {variable.name for variable in rule.variables} - names == set()


def test_labels_are_those_of_the_implementation_guide(shared_spec: Path) -> None:
    for domain, expected in labels().items():
        guide = json.loads((shared_spec / "sdtmig_3_3" / f"{domain}.json").read_text())
        found = {each["name"]: each["label"].rstrip(".") for each in guide["variables"]}
        assert expected.items() <= found.items()


def test_every_listed_variable_has_a_label() -> None:
    for rule in built_in().domains:
        for variable in rule.variables:
            assert set(labels()[rule.code]) & {variable.name, *variable.alternatives}


def test_there_are_249_country_codes_of_three_letters() -> None:
    assert len(countries()) == 249
    assert {"BEL", "NLD", "GBR", "ITA", "XKX"} & countries() == {"BEL", "NLD", "GBR", "ITA"}


@pytest.mark.parametrize(
    ("original", "standard", "factor"),
    [
        ("mg/dL", "g/L", 0.01),
        ("g/dL", "g/L", 10),
        ("10^3/uL", "10^9/L", 1),
        ("mmol/L", "umol/L", 1000),
        ("ng/mL", "ug/L", 1),
        ("mcg/mL", "mg/L", 1),
        ("%", "1", 0.01),
        ("U/L", "U/L", 1),
        ("anything", "anything", 1),
        ("mg/dL", "mmol/L", None),
        ("U/L", "IU/L", None),
        ("copies/mL", "IU/mL", None),
        ("mL/min/1.73m2", "mL/min", None),
    ],
)
def test_factors_between_units(original: str, standard: str, factor: float | None) -> None:
    found = factor_between(original, standard)
    assert found == (None if factor is None else pytest.approx(factor))


def test_the_rule_set_binds_the_terminology_that_is_shipped() -> None:
    shipped = resources.files("dragon_ledger.quality.clinical") / "terminology.json"
    digest = hashlib.sha256(shipped.read_bytes()).hexdigest()
    (decision,) = (each for each in built_in().decisions if each.id == "terminology")
    assert digest in decision.decided
