"""Derived rule sets: tighter freely, looser only when marked, and the report says so first."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.quality.derivation import derive, load_rules, rules_from
from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.report_html import render_html
from dragon_ledger.quality.rules import RuleSet, built_in
from tests.quality.conftest import Transfer

HEAD = 'name = "site-1.0"\nparent = "hds-1.0"\n'


def derived(text: str) -> RuleSet:
    return derive(built_in(), tomllib.loads(HEAD + text), "site.toml")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[limits]\nslices_minimum = "40"', "limits.slices_minimum"),
        ('[limits]\nslice_thickness_maximum = "1.25"', "limits.slice_thickness_maximum"),
        ('[tolerances]\ngap_mm = "0.05"', "tolerances.gap_mm"),
        ("[domains.SU]\nrequired = true", "domains.SU.required"),
        ('[terminology]\nLBCAT = ["CHEMISTRY"]', "terminology.LBCAT"),
        ('[severities]\n"slices.rounded" = "error"', "severities.slices.rounded"),
        (
            '[severities]\n"domains.optional-absent" = "warning"',
            "severities.domains.optional-absent",
        ),
        ('[tags]\nKVP = { number = "(0018,0060)", vr = "DS", requirement = "value" }', "tags.KVP"),
    ],
)
def test_tightening_needs_no_mark(text: str, path: str) -> None:
    rules = derived(text)
    assert [(entry.path, entry.direction) for entry in rules.differences] == [(path, "tighter")]
    assert rules.loosened == ()
    assert rules.digest != built_in().digest


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[limits]\nslices_minimum = "20"', "limits.slices_minimum"),
        ('[limits]\nslice_thickness_maximum = "3.0"', "limits.slice_thickness_maximum"),
        ('[tolerances]\ngap_mm = "1"', "tolerances.gap_mm"),
        ("[domains.MB]\nrequired = false", "domains.MB.required"),
        ('[severities]\n"privacy.private" = "warning"', "severities.privacy.private"),
        ('[accepted_terms]\nRACE = ["BLACK"]', "accepted_terms.RACE"),
        ('[columns.partner]\naccepted_length = "30"', "columns.partner"),
    ],
)
def test_loosening_is_refused_unless_marked(text: str, path: str) -> None:
    with pytest.raises(ConfigurationError, match="allows more than the parent"):
        derived(text)
    mark = f'\n[[loosening]]\npath = "{path}"\nreason = "agreed in the steering committee"'
    rules = derived(text + mark)
    assert [entry.path for entry in rules.loosened] == [path]
    assert rules.loosened[0].reason == "agreed in the steering committee"


def test_removing_a_tag_is_a_loosening() -> None:
    mark = '\n[[loosening]]\npath = "tags.DeviceID"\nreason = "scanners do not write it"'
    with pytest.raises(ConfigurationError, match=r"tags\.DeviceID allows more"):
        derived('remove = ["tags.DeviceID"]')
    rules = derived('remove = ["tags.DeviceID"]' + mark)
    assert "DeviceID" not in {rule.keyword for rule in rules.tags}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[limit]\nslices_minimum = '40'", "unknown section 'limit'"),
        ('remove = ["tags.Nothing"]', "no rule 'tags.Nothing'"),
        ('[[loosening]]\npath = "limits.slices_minimum"', "needs a path and a reason"),
        ('[[loosening]]\npath = "tags.KVP"\nreason = "x"', "is not loosened"),
        ("[limits]\nslices_minimum = 40.5", "floating-point"),
        ('[severities]\n"slices.none" = "error"', "give a code"),
        (
            '[tags]\nKVP = { number = "(0018,0061)", vr = "DS", requirement = "value" }',
            "dictionary's",
        ),
        ('[tags]\nKVP = { number = "(0018,0060)" }', "not complete"),
        ('[domains.PR]\nname = "Procedures"', "not complete"),
        ('[severities]\n"slices.rounded" = "grave"', "give a code"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        derived(text).canonical_json()


def test_an_unknown_parent_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('name = "x"\nparent = "hds-9"\n', "utf-8")
    with pytest.raises(ConfigurationError, match="hds-9"):
        load_rules(path)


def test_a_rule_set_is_named_or_a_file(tmp_path: Path) -> None:
    assert rules_from("hds-1.0") == built_in()
    path = tmp_path / "site.toml"
    path.write_text(HEAD + '[limits]\nslices_minimum = "40"\n', "utf-8")
    assert rules_from(str(path)).name == "site-1.0"
    with pytest.raises(ConfigurationError, match="cannot be read as a rule set"):
        rules_from("hds-9")


def test_the_report_leads_with_what_is_looser(transfer: Transfer) -> None:
    rules = derived(
        '[limits]\nslices_minimum = "20"\n[[loosening]]\npath = "limits.slices_minimum"\n'
        'reason = "thick reconstructions"'
    )
    report = transfer.judge(rules)
    summary = json.loads(report.summary_json())
    assert summary["loosened"][0]["reason"] == "thick reconstructions"
    page = render_html(summary)
    assert page.index("thick reconstructions") < page.index("The twelve checks")


def test_a_tightened_limit_is_judged_and_said(transfer: Transfer) -> None:
    report = transfer.judge(derived('[limits]\nslices_minimum = "26"'))
    errors = [group for group in report.groups if group.severity is Severity.ERROR]
    assert {group.expected for group in errors} == {"at least 26 slices"}


def test_a_raised_severity_fails_the_transfer(transfer: Transfer) -> None:
    transfer.edit_series(lambda image: setattr(image, "InstanceNumber", image.InstanceNumber + 5))
    assert transfer.judge().passed
    raised = derived('[severities]\n"slices.instance-first" = "error"')
    assert not transfer.judge(raised).passed
