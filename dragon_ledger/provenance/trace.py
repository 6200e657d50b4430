"""The graph from a model back to its inputs, in the form of docs/spec/trace.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dragon_ledger.provenance.checks.data import stands
from dragon_ledger.provenance.lineage import Case, Step, attempts, case_of
from dragon_ledger.provenance.names import (
    hexed,
    organisation_node,
    release_node,
    round_node,
    rule_set_node,
    run_node,
    update_node,
    version_node,
)
from dragon_ledger.provenance.reasons import DECISION_WORDS
from dragon_ledger.provenance.slots import leaf_slot, round_slot, run_slot, version_slot
from dragon_ledger.provenance.to_json import act_json, as_of_json, release_json
from dragon_ledger.records import DatasetVersion, Facts, NoteKind, Round, Run, Update

FORMAT = "dragon-trace/1"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in the trace: its id, its type, a short label for people, and its fields."""

    id: str
    type: str
    label: str
    fields: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation, read as a sentence: `source` `type` `target`."""

    source: str
    type: str
    target: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A graph; every edge's ends are nodes of it."""

    facts: Facts
    root: str | None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def to_json(self) -> Json:
        """JSON values in the form of docs/spec/trace.md."""
        return {
            "format": FORMAT,
            "digest": self.facts.digest.hex(),
            "as_of": as_of_json(self.facts.as_of),
            "root": self.root,
            "nodes": [
                {"id": node.id, "type": node.type, "label": node.label, **node.fields}
                for node in self.nodes
            ],
            "edges": [
                {"source": edge.source, "type": edge.type, "target": edge.target}
                for edge in self.edges
            ],
        }


Part = Node | Edge


def trace(facts: Facts) -> Trace:
    """The graph behind the release that governs the digest, or behind its first origin."""
    case = case_of(facts, now=0)
    nodes: dict[str, Node] = {}
    edges: dict[Edge, None] = {}
    for part in _parts(case):
        if isinstance(part, Node):
            nodes.setdefault(part.id, part)
        else:
            edges.setdefault(part)
    kept = tuple(edge for edge in edges if edge.source in nodes and edge.target in nodes)
    root = None
    if case.release is not None:
        root = release_node(case.release.id)
    elif case.target is not None:
        root = round_node(*case.target)
    return Trace(facts, root if root in nodes else None, tuple(nodes.values()), kept)


def _parts(case: Case) -> Iterator[Part]:
    yield from _organisations(case)
    yield from _releases(case)
    for step in case.steps:
        yield from _run(case, step)
        yield from _notes(case, step)
    yield from _versions(case)


def _releases(case: Case) -> Iterator[Part]:
    for release in case.facts.releases:
        node = release_node(release.id)
        fields = release_json(release, case.facts.addresses)
        fields["release"] = fields.pop("id")
        fields["governs"] = case.release is not None and release.id == case.release.id
        label = f"Release by organisation {release.act.organisation}"
        yield Node(node, "release", label, fields)
        yield Edge(node, "releases", round_node(release.run, release.round))
        yield Edge(node, "made_by", organisation_node(release.act.organisation))


def _run(case: Case, step: Step) -> Iterator[Part]:
    run, addresses = step.run, case.facts.addresses
    node = run_node(run.id)
    fields = {
        "run": hexed(run.id),
        "plan": run.plan.hex(),
        "purpose": run.purpose.hex(),
        "statement": run.statement.hex(),
        "initial_kind": run.initial_kind.name,
        "origin": None if run.origin is None else run.origin.hex(),
        "up_to_round": step.up_to,
        "rounds_closed": len(run.rounds),
        "act": act_json(run.act, addresses, run_slot(run.id)),
    }
    yield Node(node, "run", f"Run {hexed(run.id)[:10]}", fields)
    yield Edge(node, "made_by", organisation_node(run.act.organisation))
    yield from _initial(run)
    for closed in step.rounds:
        yield from _round(case, run, closed)


def _initial(run: Run) -> Iterator[Part]:
    node = round_node(run.id, 0)
    fields = {"run": hexed(run.id), "round": 0, "aggregate": run.initial_model.hex()}
    yield Node(node, "round", f"Initial model ({run.initial_kind.name})", fields)
    yield Edge(node, "part_of", run_node(run.id))
    if run.parent_run is not None:
        yield Edge(node, "starts_from", round_node(run.parent_run, run.parent_round or 0))


def _round(case: Case, run: Run, closed: Round) -> Iterator[Part]:
    node = round_node(run.id, closed.number)
    commits = attempts(closed.updates)
    fields = {
        "run": hexed(run.id),
        "round": closed.number,
        "aggregate": closed.aggregate.hex(),
        "base": closed.base.hex(),
        "hash": hexed(closed.hash),
        "statement": closed.statement.hex(),
        "participants": sorted(closed.participants),
        "included": sorted(closed.included),
        "absent": sorted(closed.participants - frozenset(commits)),
        "left_out": sorted(frozenset(commits) - closed.included),
        "act": act_json(closed.act, case.facts.addresses, round_slot(run.id, closed.number)),
    }
    yield Node(node, "round", f"Round {closed.number}", fields)
    yield Edge(node, "part_of", run_node(run.id))
    yield Edge(node, "follows", round_node(run.id, closed.number - 1))
    yield Edge(node, "made_by", organisation_node(closed.act.organisation))
    for organisation in sorted(closed.participants - frozenset(commits)):
        absent = organisation_node(organisation)
        yield Node(absent, "organisation", f"Organisation {organisation}", {"number": organisation})
        yield Edge(node, "misses", absent)
    for organisation, updates in sorted(commits.items()):
        for update in updates:
            counts = organisation in closed.included and update is updates[-1]
            yield from _update(case, update, counts, node)


def _update(case: Case, update: Update, counts: bool, round_: str) -> Iterator[Part]:
    node = update_node(update.leaf)
    slot = leaf_slot(update.run, update.round, update.act.organisation)
    fields = {
        "leaf": hexed(update.leaf),
        "update": update.digest.hex(),
        "base": update.base.hex(),
        "statement": update.statement.hex(),
        "included": counts,
        "act": act_json(update.act, case.facts.addresses, slot),
    }
    label = f"Update of organisation {update.act.organisation}"
    yield Node(node, "update", label, fields)
    yield Edge(round_, "aggregates" if counts else "leaves_out", node)
    yield Edge(node, "uses", version_node(update.version))
    yield Edge(node, "made_by", organisation_node(update.act.organisation))
    if update.replaces is not None:
        yield Edge(node, "replaces", update_node(update.replaces))


def _notes(case: Case, step: Step) -> Iterator[Part]:
    types = {NoteKind.DISPUTE: "dispute", NoteKind.EVALUATION: "evaluation"}
    for position, note in enumerate(step.run.notes):
        kind = types.get(note.kind)
        if kind is None or note.round > step.up_to:
            continue
        node = f"{kind}:{hexed(step.run.id)}/{position}"
        fields = {
            "round": note.round,
            "reason": note.reason,
            "statement": note.statement.hex(),
            "act": act_json(note.act, case.facts.addresses, run_slot(step.run.id)),
        }
        label = f"{kind.capitalize()} by organisation {note.act.organisation}"
        yield Node(node, kind, label, fields)
        yield Edge(node, "concerns", round_node(step.run.id, note.round))
        yield Edge(node, "made_by", organisation_node(note.act.organisation))
        if note.kind is NoteKind.EVALUATION:
            yield Edge(node, "evaluated_on", version_node(note.subject))


def _versions(case: Case) -> Iterator[Part]:
    for version in case.facts.versions:
        yield from _version(case, version)
    for acceptance in case.facts.rule_sets:
        fields = {
            "digest": acceptance.digest.hex(),
            "declarations": [item.name for item in acceptance.declarations],
            "valid_from": acceptance.valid_from,
            "valid_to": acceptance.valid_to,
        }
        label = f"Rule set {acceptance.digest.hex()[:8]}"
        yield Node(rule_set_node(acceptance.digest), "rule_set", label, fields)


def _version(case: Case, version: DatasetVersion) -> Iterator[Part]:
    node = version_node(version.id)
    fields = {
        "version": hexed(version.id),
        "number": version.number,
        "commitment": version.commitment.hex(),
        "qc_report": version.qc_report.hex(),
        "qc_passed": version.qc_passed,
        "ethics": version.ethics.hex(),
        "ethics_expiry": version.ethics_expiry,
        "declarations": [item.name for item in version.declarations],
        "purpose": version.purpose.hex(),
        "statement": version.statement.hex(),
        "flags": [item.name for item in version.flags],
        "in_standing": stands(version.flags),
        "act": act_json(version.act, case.facts.addresses, version_slot(version.id)),
    }
    label = f"Dataset version {version.number} of organisation {version.act.organisation}"
    yield Node(node, "version", label, fields)
    yield Edge(node, "made_by", organisation_node(version.act.organisation))
    yield Edge(node, "checked_by", rule_set_node(version.rule_set))
    if version.predecessor is not None:
        yield Edge(node, "succeeds", version_node(version.predecessor))
    yield from _decisions(case, version, node)


def _decisions(case: Case, version: DatasetVersion, target: str) -> Iterator[Part]:
    for position, decision in enumerate(version.decisions, start=1):
        node = f"decision:{hexed(version.id)}/{position}"
        words = DECISION_WORDS[decision.kind]
        fields = {
            "kind": decision.kind.name,
            "reason": decision.reason,
            "statement": decision.statement.hex(),
            "flags": [item.name for item in decision.flags],
            "act": act_json(decision.act, case.facts.addresses, version_slot(version.id)),
        }
        label = f"{words.capitalize()} by organisation {decision.act.organisation}"
        yield Node(node, "decision", label, fields)
        yield Edge(node, "decides_on", target)
        yield Edge(node, "made_by", organisation_node(decision.act.organisation))


def _organisations(case: Case) -> Iterator[Part]:
    for organisation in case.facts.organisations:
        fields = {
            "number": organisation.number,
            "roles": [role.name for role in organisation.roles],
            "record": organisation.record.hex(),
            "admitted_at": organisation.admitted_at,
            "suspended": organisation.suspended,
        }
        label = f"Organisation {organisation.number}"
        yield Node(organisation_node(organisation.number), "organisation", label, fields)
