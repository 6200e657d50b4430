"""A report, and a rule set, on the terminal (rich)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dragon_ledger.quality.report_cards import Card, cards, counted, counted_findings
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
_FIELDS = 3
_PLACES = 3


def render_report(summary: Json, annex: Json | None = None) -> RenderableType:
    """A report for a person at a terminal: outcomes, then findings with how to mend them."""
    parts: list[RenderableType] = [_loosened(entry) for entry in summary["loosened"]]
    shown = [card for card in cards(summary, annex) if card.severity != "note"]
    return Group(*parts, _lights(summary), *map(_card, shown), _verdict(summary, shown))


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
        counts = counted_findings(check["counts"])
        said = "; ".join([counts] * bool(counts) + list(check["reasons"]))
        table.add_row(
            Text(str(check["number"] or ""), justify="right"),
            check["title"],
            Text(outcome, style=_STYLES[outcome]),
            escape(said),
        )
    return table


def _card(card: Card) -> RenderableType:
    fields = ", ".join(card.fields[:_FIELDS]) + (", ..." if len(card.fields) > _FIELDS else "")
    title = Text("\n")
    title.append(card.severity, style=_STYLES[card.severity])
    title.append(f" {card.code}", style="bold")
    title.append(f" {_printable(fields)}" if fields else "")
    title.append(f" ({card.extent})" if card.extent else "")
    lines = Table.grid(padding=(0, 1))
    lines.add_column(width=10, no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row("  expected", Text(card.expected))
    for number, place in enumerate(card.places[:_PLACES]):
        text = _printable(f"{place.where}{place.between}{place.what}")
        lines.add_row("" if number else "  found", Text(text))
    if len(card.places) > _PLACES:
        lines.add_row("", f"and {counted(len(card.places) - _PLACES, 'more place')}")
    lines.add_row("  mend", Text(card.mend))
    return Group(title, lines)


def _printable(text: str) -> str:
    """A text of someone else's files, which must not move this terminal's cursor."""
    return "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in text
    )


def _verdict(summary: Json, shown: Sequence[Card]) -> Text:
    counts = summary["counts"]["findings"]
    kinds = sum(card.severity == "error" for card in shown)
    said = [counted(counts[name], name) for name in ("error", "warning", "note")]
    said[0] += f" of {counted(kinds, 'kind')} to mend" if kinds else ""
    text = Text("\n")
    text.append(summary["outcome"], style=_STYLES[summary["outcome"]])
    text.append(f"  {', '.join(said)}  ({summary['rule_set']['name']})")
    return text


def render_rules(rules: RuleSet) -> RenderableType:
    """The rule set as tables for people: checks, limits, tags, columns, domains, decisions."""
    return Group(
        # The digest has a line of its own: it is copied, and must not be broken at 80 columns.
        Text(f"{rules.name}: {rules.document['title']}\n{rules.digest.method}:"),
        Text(rules.digest.value.hex()),
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
            values = (entry.path, entry.parent or "-", entry.value or "-")
            table.add_row(entry.direction, *map(escape, values))
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
    return escape(f"{rule.requirement} {rule.value or ''}".strip())


def _columns(rules: RuleSet) -> Table:
    table = _table("\nTable 3: metadata table", "column", "type", "length", "accepted", "meaning")
    for rule in rules.columns:
        table.add_row(
            escape(rule.name),
            rule.type,
            str(rule.length),
            str(rule.accepted_length),
            escape(rule.description),
        )
    return table


def _domains(rules: RuleSet) -> Iterator[Table]:
    for domain in rules.domains:
        need = "required" if domain.required else "optional"
        title = escape(f"\nTable {domain.table}: {domain.name} ({domain.code}), {need}")
        table = _table(title, "variable", "type", "length", "meaning")
        for variable in domain.variables:
            names = " or ".join((variable.name, *variable.alternatives))
            length = "" if variable.length is None else str(variable.length)
            meaning = escape(f"{variable.description} {variable.format or ''}".strip())
            table.add_row(names, variable.type, length, meaning)
        yield table


def _decisions(rules: RuleSet) -> Table:
    table = _table("\nDecisions", "check", "the specification says", "decided")
    for entry in rules.decisions:
        table.add_row(entry.check, escape(entry.says), escape(entry.decided))
    return table
