"""A report, and a rule set, on the terminal (rich)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dragon_ledger.quality.rules import RuleSet, TagRule

Json = Mapping[str, Any]

_STYLES = {
    "PASS": "green",
    "FAIL": "bold red",
    "NOT VERIFIABLE": "yellow",
    "NOT APPLICABLE": "dim",
    "error": "bold red",
    "warning": "yellow",
    "note": "dim",
}
_EXAMPLES = 3


def render_report(summary: Json, annex: Json | None = None) -> RenderableType:
    """A report for a person at a terminal: outcomes, then findings with how to mend them."""
    parts: list[RenderableType] = [_loosened(entry) for entry in summary["loosened"]]
    parts += [_lights(summary), *_findings(summary, annex), _verdict(summary)]
    return Group(*parts)


def _loosened(entry: Json) -> Text:
    return Text(
        f"The rule set allows more than its parent: {entry['path']} "
        f"{entry['parent'] or 'no rule'} became {entry['value'] or 'no rule'} ({entry['reason']})",
        style="yellow",
    )


def _lights(summary: Json) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for check in summary["checks"]:
        outcome = check["outcome"]
        counts = check["counts"]
        said = "; ".join(check["reasons"])
        if counts["error"] or counts["warning"]:
            said = f"{counts['error']} errors, {counts['warning']} warnings. {said}".strip()
        table.add_row(
            Text(str(check["number"] or ""), justify="right"),
            check["title"],
            Text(outcome, style=_STYLES[outcome]),
            escape(said),
        )
    return table


def _findings(summary: Json, annex: Json | None) -> Iterator[RenderableType]:
    places: dict[int, list[Json]] = {}
    for finding in annex["findings"] if annex else ():
        if "file" in finding or "found" in finding:
            places.setdefault(finding["group"], []).append(finding)
    for number, group in enumerate(summary["findings"]):
        if group["severity"] != "note":
            yield _finding(group, places.get(number, []))


def _finding(group: Json, examples: list[Json]) -> Text:
    text = Text()
    text.append(f"\n{group['severity']} ", style=_STYLES[group["severity"]])
    text.append(f"{group['code']} ", style="bold")
    text.append(f"{_printable(group['tag'] or group['column'] or '')} x{group['count']}\n")
    text.append(f"  expected: {group['expected']}\n")
    for example in examples[:_EXAMPLES]:
        row = f", row {example['row']}" if "row" in example else ""
        place = _printable(example.get("file", ""))
        text.append(f"  {place}{row}: {_printable(example.get('found', ''))}\n")
    text.append(f"  mend: {group['mend']}")
    return text


def _printable(text: str) -> str:
    """A text of someone else's files, which must not move this terminal's cursor."""
    return "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in text
    )


def _verdict(summary: Json) -> Text:
    counts = summary["counts"]["findings"]
    text = Text("\n")
    text.append(summary["outcome"], style=_STYLES[summary["outcome"]])
    text.append(
        f"  {counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes"
        f"  ({summary['rule_set']['name']})"
    )
    return text


def render_rules(rules: RuleSet) -> RenderableType:
    """The rule set as tables for people: checks, limits, tags, columns, domains, decisions."""
    return Group(
        Text(f"{rules.name}: {rules.document['title']}\n{rules.digest}"),
        *_differences(rules),
        _checks(rules),
        _limits(rules),
        _tags(rules),
        _columns(rules),
        *_domains(rules),
        _decisions(rules),
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _differences(rules: RuleSet) -> Iterator[Table]:
    if rules.differences:
        table = _table(f"\nDifferences from {rules.parent}", "direction", "rule", "before", "now")
        for entry in rules.differences:
            table.add_row(entry.direction, entry.path, entry.parent or "-", entry.value or "-")
        yield table


def _checks(rules: RuleSet) -> Table:
    table = _table("\nChecks", "no", "id", "title", "specification")
    for rule in rules.checks:
        table.add_row(str(rule.number or ""), rule.id, rule.title, escape(rule.source))
    return table


def _limits(rules: RuleSet) -> Table:
    table = _table("\nLimits and tolerances", "name", "value")
    for section in ("limits", "tolerances"):
        for name, value in rules.document[section].items():
            table.add_row(name, str(value))
    return table


def _tags(rules: RuleSet) -> Table:
    table = _table("\nTable 1 and 2: DICOM attributes", "keyword", "number", "VR", "requirement")
    for rule in rules.tags:
        table.add_row(rule.keyword, rule.number, rule.vr, _requirement(rules, rule))
    return table


def _requirement(rules: RuleSet, rule: TagRule) -> str:
    if rule.limit:
        low = rules.limit(f"{rule.limit}_minimum")
        high = rules.limit(f"{rule.limit}_maximum")
        return f"{low} to {high} {rule.unit}"
    return f"{rule.requirement} {rule.value or ''}".strip()


def _columns(rules: RuleSet) -> Table:
    table = _table("\nTable 3: metadata table", "column", "type", "length", "accepted", "meaning")
    for rule in rules.columns:
        table.add_row(
            rule.name, rule.type, str(rule.length), str(rule.accepted_length), rule.description
        )
    return table


def _domains(rules: RuleSet) -> Iterator[Table]:
    for domain in rules.domains:
        need = "required" if domain.required else "optional"
        title = f"\nTable {domain.table}: {domain.name} ({domain.code}), {need}"
        table = _table(title, "variable", "type", "length", "meaning")
        for variable in domain.variables:
            names = " or ".join((variable.name, *variable.alternatives))
            length = "" if variable.length is None else str(variable.length)
            meaning = f"{variable.description} {variable.format or ''}".strip()
            table.add_row(names, variable.type, length, meaning)
        yield table


def _decisions(rules: RuleSet) -> Table:
    table = _table("\nDecisions", "check", "the specification says", "decided")
    for entry in rules.decisions:
        table.add_row(entry.check, escape(entry.says), escape(entry.decided))
    return table
