"""From facts and what a node proves them with to a bundle's bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dragon_ledger.provenance.bundle.entries import CONTRACTS, FORMAT, Settings
from dragon_ledger.provenance.bundle.fields import canonical
from dragon_ledger.provenance.bundle.scope import closed_only
from dragon_ledger.provenance.layout import mask
from dragon_ledger.records import Act, DatasetVersion, Decision, Facts, Note, Round, Run, Update

EMPTY_NODE = b"\x80"
"""What nodes give for a trie without entries; its root says that already."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a node gave beside the facts: headers up to the state's block, and trie nodes."""

    headers: Sequence[bytes]
    nodes: Iterable[bytes]
    settings: Settings


def build(every: Sequence[Facts], proof: Proof, attachments: Iterable[bytes] = ()) -> bytes:
    """The bundle that proves these facts, all of one block; equal input gives equal bytes.

    Args:
        every: the facts about each digest.
        proof: what proves them.
        attachments: documents whose SHA-256 the facts name.
    """
    first = every[0]
    parts = [closed_only(facts) for facts in every]
    runs = {run.id: run for facts in parts for run in facts.runs}
    versions = {version.id: version for facts in parts for version in facts.versions}
    tables = _Tables(runs, versions)
    return canonical(
        {
            "format": FORMAT,
            "chain": {
                "chain_id": first.as_of.chain_id,
                "genesis_hash": first.as_of.genesis_hash.hex(),
            },
            "contracts": {name: first.addresses[name].hex() for name in CONTRACTS},
            "settings": {
                "required_approvals": proof.settings.required_approvals,
                "root_delay": proof.settings.root_delay,
            },
            "digests": sorted({facts.digest.hex() for facts in every}),
            "headers": [header.hex() for header in proof.headers],
            "nodes": sorted({node.hex() for node in proof.nodes if node != EMPTY_NODE}),
            "accounts": [address.hex() for address in tables.accounts],
            "runs": [tables.run(runs[key]) for key in sorted(runs)],
            "versions": [tables.version(versions[key]) for key in sorted(versions)],
            "attachments": _attachments(attachments),
        }
    )


def _attachments(documents: Iterable[bytes]) -> dict[str, str]:
    return {
        hashlib.sha256(one).hexdigest(): base64.b64encode(one).decode("ascii") for one in documents
    }


class _Tables:
    """Where accounts and versions stand, which other entries name by their place."""

    def __init__(self, runs: Mapping[bytes, Run], versions: Mapping[bytes, DatasetVersion]) -> None:
        acting = {account for run in runs.values() for account in _accounts_of_run(run)}
        acting |= {v.act.account for v in versions.values()}
        acting |= {d.act.account for v in versions.values() for d in v.decisions}
        self.accounts = sorted(acting)
        self._account = {address: place for place, address in enumerate(self.accounts)}
        self._version = {key: place for place, key in enumerate(sorted(versions))}

    def _act(self, act: Act) -> Json:
        return {
            "organisation": act.organisation,
            "account": self._account[act.account],
            "time": act.at,
        }

    def run(self, run: Run) -> Json:
        return {
            "id": run.id.hex(),
            "opening": self._act(run.act)
            | {
                "plan": run.plan.hex(),
                "purpose": run.purpose.hex(),
                "participants": _mask(run.participants),
                "initial_model": run.initial_model.hex(),
                "initial_kind": int(run.initial_kind),
                "parent_run": _optional(run.parent_run),
                "parent_round": run.parent_round,
                "origin": _optional(run.origin),
                "statement": run.statement.hex(),
            },
            "rounds": [self._round(closed) for closed in run.rounds],
            "notes": [self._note(note) for note in run.notes],
        }

    def _round(self, closed: Round) -> Json:
        ordered = sorted(closed.updates, key=lambda one: (one.act.at, one.act.organisation))
        return self._act(closed.act) | {
            "aggregate": closed.aggregate.hex(),
            "participants": _mask(closed.participants),
            "included": _mask(closed.included),
            "statement": closed.statement.hex(),
            "updates": [self._update(update) for update in ordered],
        }

    def _update(self, update: Update) -> list[int | str]:
        return [
            update.act.organisation,
            self._account[update.act.account],
            update.act.at,
            update.digest.hex(),
            self._version[update.version],
            update.statement.hex(),
        ]

    def _note(self, note: Note) -> Json:
        return self._act(note.act) | {
            "kind": int(note.kind),
            "round": note.round,
            "reason": note.reason,
            "subject": note.subject.hex(),
            "statement": note.statement.hex(),
        }

    def version(self, version: DatasetVersion) -> Json:
        return {
            "id": version.id.hex(),
            "registration": self._act(version.act)
            | {
                "commitment": version.commitment.hex(),
                "predecessor": _optional(version.predecessor),
                "qc_report": version.qc_report.hex(),
                "qc_passed": version.qc_passed,
                "ethics": version.ethics.hex(),
                "ethics_expiry": version.ethics_expiry,
                "rule_set": version.rule_set.hex(),
                "declarations": int(version.declarations),
                "purpose": version.purpose.hex(),
                "statement": version.statement.hex(),
            },
            "decisions": [self._decision(one) for one in version.decisions],
        }

    def _decision(self, decision: Decision) -> Json:
        return self._act(decision.act) | {
            "kind": int(decision.kind),
            "reason": decision.reason,
            "successor": _optional(decision.successor),
            "statement": decision.statement.hex(),
        }


def _accounts_of_run(run: Run) -> Iterable[bytes]:
    yield run.act.account
    yield from (note.act.account for note in run.notes)
    for closed in run.rounds:
        yield closed.act.account
        yield from (update.act.account for update in closed.updates)


def _mask(organisations: Iterable[int]) -> str:
    return mask(organisations).to_bytes(32).hex()


def _optional(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
