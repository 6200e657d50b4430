"""The verdict as JSON values, in the stable form of docs/spec/verdict/."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dragon_ledger.provenance.names import hexed
from dragon_ledger.provenance.results import FORMAT, LIMITS, Check, Finding, Notice, Verdict
from dragon_ledger.provenance.slots import release_slot
from dragon_ledger.records import Act, AsOf, Release, Where

Json = dict[str, Any]


def where_json(where: Where | None, addresses: dict[str, bytes]) -> Json | None:
    """A place that an auditor can look up: contract, address, slot, block, transaction."""
    if where is None:
        return None
    address = addresses.get(where.contract)
    return {
        "contract": where.contract,
        "address": None if address is None else hexed(address),
        "slot": None if where.slot is None else hexed(where.slot),
        "block": where.block,
        "transaction": None if where.transaction is None else hexed(where.transaction),
    }


def as_of_json(as_of: AsOf) -> Json:
    """The state of the chain that a verdict speaks of."""
    return {
        "chain_id": as_of.chain_id,
        "genesis_hash": hexed(as_of.genesis_hash),
        "network_file": None if as_of.network_file is None else as_of.network_file.hex(),
        "code_version": as_of.code_version,
        "block": as_of.block,
        "block_hash": hexed(as_of.block_hash),
        "time": as_of.time,
        "source": str(as_of.source),
        "stale_reason": as_of.stale_reason,
        "seals": {
            "verified": as_of.seals.verified,
            "signers": [hexed(address) for address in as_of.seals.signers],
            "validators": [hexed(address) for address in as_of.seals.validators],
            "detail": as_of.seals.detail,
        },
    }


def act_json(act: Act, addresses: dict[str, bytes], slot: bytes | None) -> Json:
    """Who did something, for whom, when and where; `slot` is where its trace is kept."""
    where = act.where if slot is None else replace(act.where, slot=slot)
    return {
        "organisation": act.organisation,
        "account": hexed(act.account),
        "at": act.at,
        "where": where_json(where, addresses),
    }


def release_json(release: Release, addresses: dict[str, bytes]) -> Json:
    """A release, its withdrawal included."""
    slot = release_slot(release.id)
    taken_back = release.withdrawal
    return {
        "id": hexed(release.id),
        "act": act_json(release.act, addresses, slot),
        "run": hexed(release.run),
        "round": release.round,
        "aggregate": release.aggregate.hex(),
        "file_digest": release.file_digest.hex(),
        "model_card": release.model_card.hex(),
        "statement": release.statement.hex(),
        "withdrawal": None
        if taken_back is None
        else {
            "act": act_json(taken_back.act, addresses, slot),
            "reason": taken_back.reason,
            "statement": taken_back.statement.hex(),
        },
    }


def _finding(finding: Finding, addresses: dict[str, bytes]) -> Json:
    return {
        "outcome": str(finding.outcome),
        "subject": finding.subject,
        "expected": finding.expected,
        "found": finding.found,
        "where": where_json(finding.where, addresses),
    }


def _check(check: Check, addresses: dict[str, bytes]) -> Json:
    return {
        "id": check.id,
        "title": check.title,
        "outcome": str(check.outcome),
        "required": check.required,
        "expected": check.expected,
        "found": check.found,
        "examined": check.examined,
        "findings": [_finding(finding, addresses) for finding in check.findings],
    }


def _notice(notice: Notice, addresses: dict[str, bytes]) -> Json:
    return {
        "kind": notice.kind,
        "words": notice.words,
        "subject": notice.subject,
        "where": where_json(notice.where, addresses),
    }


def _presented(verdict: Verdict) -> Json | None:
    file = verdict.presented
    if file is None:
        return None
    return {
        "file_digest": file.file_digest.hex(),
        "content_digest": None if file.content is None else file.content.hex(),
        "content_error": file.content_error or None,
    }


def verdict_json(verdict: Verdict) -> Json:
    """The whole verdict; keys and meanings are those of docs/spec/verdict/verdict.schema.json."""
    addresses = verdict.addresses
    return {
        "format": FORMAT,
        "digest": verdict.digest.hex(),
        "answer": str(verdict.answer),
        "summary": verdict.summary,
        "judged_at": verdict.judged_at,
        "as_of": as_of_json(verdict.as_of),
        "matched_by": verdict.matched_by,
        "presented": _presented(verdict),
        "release": None if verdict.release is None else release_json(verdict.release, addresses),
        "notices": [_notice(notice, addresses) for notice in verdict.notices],
        "checks": [_check(check, addresses) for check in verdict.checks],
        "limits": list(LIMITS),
    }
