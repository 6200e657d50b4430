"""Derived rule sets: tighter freely, looser only when marked, and the report says so first."""

from __future__ import annotations

import json
import re
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.quality.derivation import derive, load_rules, rules_from
from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.report_html import render_html
from dragon_ledger.quality.report_terminal import render_rules
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
        ("[limits]\nslices_minimum = 40.5", "slices_minimum: expected a decimal number as a text"),
        ("[limits]\nslices_minimum = 40", "expected a decimal number as a text"),
        ('[limits]\nslices_minimum = "forty"', "expected a decimal number as a text"),
        ('[limits]\nslices_minimum = "NaN"', "expected a decimal number as a text"),
        ('[tolerances]\ngap_mm = "-1"', "expected a decimal number as a text"),
        ('[limits]\nslices_minimun = "40"', "slices_minimun: there is no such key"),
        ('[limits]\nslices_minimum = "2000"', "expected at most limits.slices_maximum"),
        ('remove = ["limits.slices_minimum"]', "limits.slices_minimum: cannot be removed"),
        ('remove = "tags.DeviceID"', "remove is a list"),
        ('tags = "all"', r"begin it with \[tags\]"),
        (
            '[tags]\nKVPX = { number = "(0018,0060)", vr = "DS", requirement = "value" }',
            "tags.KVPX: expected a keyword",
        ),
        (
            '[tags]\nKVP = { number = "(0018,0060)", vr = "XX", requirement = "value" }',
            "tags.KVP.vr: expected 'DS'",
        ),
        (
            '[tags]\nKVP = { number = "(0018,0060)", vr = "DS", requirement = "range" }',
            "ranges belong to",
        ),
        (
            '[tags]\nKVP = { number = "(0018,0060)", vr = "DS", requirement = "equals" }',
            "tags.KVP.value: expected the text",
        ),
        (
            '[tags]\nKVP = { number = "(0018,0060)", vr = "DS", requirement = "", unti = "" }',
            "tags.KVP.unti: there is no such key",
        ),
        (
            '[columns.scanner]\ndescription = "Scanner"\ntype = "Text"',
            r"columns.scanner.type: expected one of Char, Num(.|\n)*accepted_length",
        ),
        ('[columns.partner]\naccepted_length = "0"', "expected a whole number above 0"),
        ('[domains.SU]\nrequired = "yes"', "expected true or false"),
        ('[domains.LB.variables.LBDTC]\ndescription = "x"\ntype = "Date"', "LBDTC.type: expected"),
        ('[severities.slices]\nrounded = "error"', 'in quotes, such as "slices.rounded"'),
        ('[terminology]\nLBCAT = "CHEMISTRY"', "expected a list of at least one text"),
        ('[terminology]\nCAT = ["CHEMISTRY"]', "expected a variable of the domains DM, SU"),
        ('[transfer]\ntype = "monthly"', "expected one of incremental, cumulative"),
        ('[transfer]\nimage_extension = ".ima"', "expected '.dcm'"),
        ('loosening = "none"', "needs a path and a reason"),
        ('[[loosening]]\npath = "tags.DeviceID"\nreason = " "', "needs a path and a reason"),
        ('[checks.privacy]\ntitle = "x"', "unknown section 'checks'"),
        ('[severities]\n"slices.none" = "error"', "give a code"),
        (
            '[tags]\nKVP = { number = "(0018,0061)", vr = "DS", requirement = "value" }',
            "as in the data dictionary",
        ),
        ('[tags]\nKVP = { number = "(0018,0060)" }', "KVP.vr: expected"),
        ('[domains.PR]\nname = "Procedures"', "PR.variables: expected"),
        ('[severities]\n"slices.rounded" = "grave"', "give a code"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        derived(text).canonical_json()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "x"\nparent = "hds-9"', "parent = 'hds-9': derive from"),
        ('name = "x"\nparent = "x"', "parent = 'x': derive from"),
        ('name = "x"\nparent = ["hds-1.0"]', "derive from a rule set"),
        ('name = "x"', "parent = None: derive from"),
        ('name = "hds-1.0"\nparent = "hds-1.0"', "a name of its own"),
        ('name = ["x"]\nparent = "hds-1.0"', "a name of its own"),
        (HEAD + 'parent_digest = "rule-set-json-sha256:00"', "install the package"),
        ("no rules", "cannot be read as a rule set"),
    ],
)
def test_a_file_that_derives_from_nothing_is_refused_by_its_name(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=rf"site\.toml: .*{re.escape(message)}"):
        load_rules(path)


def test_a_file_can_state_the_digest_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HEAD + f'parent_digest = "{built_in().digest}"\n', "utf-8")
    assert load_rules(path) == derived("")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        derived('[limits]\na = "1"\n[tolerances]\nb = "1"\n[tags]\nc = 1')
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["limits.a", "tolerances.b", "tags.c"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[tolerances]\nduplicate_position_mm = "0.001"', "tolerances.duplicate_position_mm"),
        ('remove = ["domains.LB.variables.LBTEST.length"]', "domains.LB.variables.LBTEST"),
        (
            '[domains.PR]\nname = "Procedures"\nrequired = false\ntable = "of our own"\n'
            '[domains.PR.variables.PRTRT]\ndescription = "Procedure"\ntype = "Char"',
            "domains.PR.name",
        ),
    ],
)
def test_what_only_looks_tighter_is_a_loosening(text: str, path: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{re.escape(path)} allows more"):
        derived(text)


def test_a_larger_distance_of_duplicates_is_tighter() -> None:
    (difference,) = derived('[tolerances]\nduplicate_position_mm = "0.1"').differences
    assert difference.direction == "tighter"


def test_one_mark_covers_what_is_removed_as_a_whole(transfer: Transfer) -> None:
    rules = derived(
        'remove = ["domains.SU"]\n[[loosening]]\npath = "domains.SU"\nreason = "no such data"'
    )
    assert {entry.reason for entry in rules.loosened} == {"no such data"}
    (transfer.folder / "UNIFI_su.csv").unlink()
    assert transfer.judge(rules).passed


def test_differences_are_shown_in_words() -> None:
    tag = '[tags]\nKVP = { number = "(0018,0060)", vr = "DS", requirement = "value" }'
    (difference,) = derived(tag).differences
    assert difference.value == "number (0018,0060), vr DS, requirement value"


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


def test_texts_of_a_rule_set_cannot_style_the_terminal() -> None:
    column = (
        '[columns."[red]scanner"]\ndescription = "[/bold] of the scanner"\ntype = "Char"\n'
        'length = "20"\naccepted_length = "20"\n[domains.SU]\nname = "Use [/i]"\n'
        '[domains.SU.variables.SUNOTE]\ndescription = "[/x]"\ntype = "Char"'
    )
    stream = StringIO()
    Console(file=stream, width=200).print(render_rules(derived(column)))
    for text in ("[red]scanner", "[/bold] of the scanner", "Use [/i]", "[/x]"):
        assert text in stream.getvalue()
