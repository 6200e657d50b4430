"""The sealed statements that sites and aggregators bind to their acts (docs/spec/statements/)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from dragon_ledger.digests.canonical_json import JsonValue
from dragon_ledger.digests.documents import SealedDocument, seal_document
from dragon_ledger.records import Digest
from dragon_ledger.site.drop_folder import AggregateStatement, UpdateStatement

REGISTRATION = "registration-statement/1"
DECISION = "decision-statement/1"
UPDATE = "update-statement/1"
AGGREGATE = "aggregate-statement/1"
RUN_OPENING = "run-opening/1"
PLAN = "plan/1"
PURPOSE = "purpose/1"


@dataclass(frozen=True, slots=True)
class LedgerAddress:
    """Which ledger a statement speaks to: part of every one."""

    chain_id: int
    contract: bytes

    def to_json(self) -> JsonValue:
        """As it stands in a statement."""
        return {"chain_id": self.chain_id, "contract": f"0x{self.contract.hex()}"}


def seal(content: Mapping[str, JsonValue], schema: str) -> SealedDocument:
    """Seal a document under a salt drawn for it."""
    return seal_document(content, schema, secrets.token_bytes(32))


def seal_update(
    ledger: LedgerAddress,
    *,
    run: bytes,
    round_number: int,
    organisation: int,
    update: Digest,
    base: Digest,
    said: UpdateStatement,
) -> SealedDocument:
    """What a site says of its update."""
    content: dict[str, JsonValue] = {
        "ledger": ledger.to_json(),
        "run": run.hex(),
        "round": round_number,
        "organisation": organisation,
        "update": str(update),
        "base": str(base),
        "dataset_version": said.dataset_version.hex(),
        "weight": said.weight,
        "metrics": dict(said.metrics),
        "digested": said.digested,
        "code_version": said.code_version,
    }
    return seal(content, UPDATE)


def seal_aggregate(
    ledger: LedgerAddress,
    *,
    run: bytes,
    round_number: int,
    aggregate: Digest,
    said: AggregateStatement,
) -> SealedDocument:
    """What an aggregator says of a round's aggregate."""
    content: dict[str, JsonValue] = {
        "ledger": ledger.to_json(),
        "run": run.hex(),
        "round": round_number,
        "aggregate": str(aggregate),
        "included": list(said.included),
        "metrics": dict(said.metrics),
        "code_version": said.code_version,
    }
    return seal(content, AGGREGATE)


def seal_registration(
    ledger: LedgerAddress,
    *,
    organisation: int,
    commitment: bytes,
    predecessor: bytes | None,
    rule_set: bytes,
    qc_outcome: str,
    software: str,
) -> SealedDocument:
    """What a site says when it registers a dataset version."""
    content: dict[str, JsonValue] = {
        "ledger": ledger.to_json(),
        "organisation": organisation,
        "commitment": commitment.hex(),
        "predecessor": predecessor.hex() if predecessor else None,
        "rule_set": rule_set.hex(),
        "qc_outcome": qc_outcome,
        "software": software,
    }
    return seal(content, REGISTRATION)


def seal_decision(
    ledger: LedgerAddress,
    *,
    organisation: int,
    version: bytes,
    decision: str,
    reason: int,
    words: str,
    successor: bytes | None = None,
) -> SealedDocument:
    """What a site says when it supersedes or retires a version."""
    content: dict[str, JsonValue] = {
        "ledger": ledger.to_json(),
        "organisation": organisation,
        "dataset_version": version.hex(),
        "decision": decision,
        "reason": reason,
        "words": words,
        "successor": successor.hex() if successor else None,
    }
    return seal(content, DECISION)
