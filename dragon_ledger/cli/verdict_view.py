"""A verdict as an auditor reads it on a terminal: answer, notices, picture, checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from dragon_ledger.provenance.names import moment

Json = dict[str, Any]
STYLES = {"valid": "bold green", "not valid": "bold red", "not verifiable": "bold yellow"}
MARKS = {"PASS": ("✔", "green"), "FAIL": ("✘", "red"), "NOT VERIFIABLE": ("?", "yellow")}
MOST_FINDINGS = 10


def show(console: Console, name: str, verdict: Json, trace: Json) -> None:
    """Print everything; what must be seen first comes first."""
    console.print(_headline(name, verdict))
    if verdict["notices"]:
        console.print(Panel(_notices(verdict["notices"]), title="To be seen first", style="yellow"))
    if trace["nodes"]:
        console.print(Panel(picture(trace), title="Where it comes from"))
    console.print(_checks(verdict["checks"]))
    for part in _explanations(verdict["checks"]):
        console.print(part)
    console.print(_as_of(verdict["as_of"]))
    for limit in verdict["limits"]:
        console.print(f"• {limit}", style="dim")


def _headline(name: str, verdict: Json) -> Panel:
    style = STYLES[verdict["answer"]]
    lines = [Text(verdict["answer"].upper(), style=style), Text(verdict["summary"])]
    lines.append(Text(f"digest {verdict['digest']}", style="dim"))
    return Panel(Group(*lines), title=escape(name), border_style=style)


def _notices(notices: list[Json]) -> Table:
    table = Table.grid(padding=(0, 2))
    for notice in notices:
        table.add_row(Text(notice["kind"], style="bold"), Text(notice["words"]))
    return table


def picture(trace: Json) -> Tree:
    """The trace as a tree: release, rounds newest first, updates, dataset versions."""
    nodes = {node["id"]: node for node in trace["nodes"]}
    edges: dict[tuple[str, str], list[str]] = {}
    for edge in trace["edges"]:
        edges.setdefault((edge["source"], edge["type"]), []).append(edge["target"])
    root = nodes[trace["root"]] if trace["root"] else trace["nodes"][0]
    tree = Tree(_label(root))
    target = edges.get((root["id"], "releases"), [root["id"]])[0]
    while target in nodes:
        branch = tree.add(_label(nodes[target]))
        for child in _round(nodes[target], nodes, edges):
            branch.add(child)
        earlier = edges.get((target, "follows")) or edges.get((target, "starts_from"))
        target = earlier[0] if earlier else ""
    return tree


def _round(
    node: Json, nodes: dict[str, Json], edges: dict[tuple[str, str], list[str]]
) -> Iterator[Text]:
    for kind, style in (("aggregates", "green"), ("leaves_out", "yellow")):
        for update in edges.get((node["id"], kind), []):
            words = nodes[update]["label"] + ("" if kind == "aggregates" else " (not taken)")
            line = Text(words, style=style)
            for version in edges.get((update, "uses"), []):
                line.append(" ← ").append(_version(nodes.get(version), version))
            yield line
    for number in node.get("absent", ()):
        yield Text(f"Organisation {number} was absent", style="yellow")


def _version(node: Json | None, identifier: str) -> Text:
    if node is None:
        return Text(identifier, style="yellow")
    stands = node["in_standing"]
    state = ", ".join(node["flags"]).lower() or "not approved"
    return Text(f"{node['label']} [{state}]", style="green" if stands else "bold red")


def _label(node: Json) -> Text:
    text = Text(node["label"], style="bold")
    if node["type"] == "round":
        text.append(f"  {node['aggregate'][:16]}…", style="dim")
    return text


def _checks(checks: list[Json]) -> Table:
    table = Table("", "check", "found", box=None, padding=(0, 1), expand=False)
    for check in checks:
        mark, style = MARKS[check["outcome"]]
        title = check["title"] + ("" if check["required"] else " (not required)")
        table.add_row(Text(mark, style=style), Text(title), Text(check["found"], style=style))
    return table


def _explanations(checks: list[Json]) -> Iterator[Panel]:
    """What was expected, found and where, for every check that failed."""
    for check in checks:
        if check["outcome"] != "FAIL":
            continue
        failed = [f for f in check["findings"] if f["outcome"] == "FAIL"]
        parts: list[Table | Text] = [_finding(finding) for finding in failed[:MOST_FINDINGS]]
        if len(failed) > MOST_FINDINGS:
            parts.append(Text(f"… and {len(failed) - MOST_FINDINGS} more; see --json"))
        yield Panel(Group(*parts), title=escape(check["title"]), border_style="red")


def _finding(finding: Json) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("expected", Text(finding["expected"]))
    table.add_row("found", Text(finding["found"], style="red"))
    where = finding["where"]
    if where is not None:
        table.add_row(
            "where", Text(f"{where['contract']} {where['address'] or ''}, block {where['block']}")
        )
        if where["transaction"]:
            table.add_row("", Text(f"transaction {where['transaction']}"))
        if where["slot"]:
            table.add_row("", Text(f"slot {where['slot']}"))
    return table


def _as_of(as_of: Json) -> Text:
    words = f"As of block {as_of['block']} ({moment(as_of['time'])}) of chain {as_of['chain_id']}"
    text = Text(f"{words}, read from the {as_of['source']}.")
    detail = as_of["seals"]["detail"]
    if detail:
        text.append(f" {detail[0].upper()}{detail[1:]}.")
    if as_of["stale_reason"]:
        text.append(f" Out of date: {as_of['stale_reason']}", style="yellow")
    for line in network_words(as_of):
        text.append(f"\n{line}")
    return text


def print_network_file(fingerprint: bytes | None, console: Console) -> None:
    """Say which network file an answer rests on."""
    for line in network_words({"network_file": (fingerprint or b"").hex()}):
        console.print(line)


def network_words(as_of: Json) -> Iterator[str]:
    """Which network file an answer rests on, and whose contracts were found."""
    if as_of.get("network_file"):
        yield (
            f"Network file: SHA-256 {as_of['network_file']}. Compare it with what the members told"
            " you."
        )
    if as_of.get("code_version"):
        yield f"Contracts: exactly the published code of release {as_of['code_version']}."
