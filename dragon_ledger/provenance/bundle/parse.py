"""From a bundle's bytes to its entries: forms, bounds and order; nothing is proved here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.entries import (
    CONTRACTS,
    FORMAT,
    Actor,
    Bundle,
    DecisionEntry,
    NoteEntry,
    RoundEntry,
    RunEntry,
    Settings,
    UpdateEntry,
    VersionEntry,
)
from dragon_ledger.provenance.bundle.fields import (
    ascending,
    flag,
    items,
    members,
    number,
    optional,
    raw,
    read_json,
    text,
)

MAX_DIGESTS = 16
MAX_HEADERS = 4096
MAX_ROUNDS = (1 << 16) - 1

_ACTOR = {"organisation", "account", "time"}
_TOP = frozenset(
    {"accounts", "attachments", "chain", "contracts", "digests", "format", "headers", "nodes"}
    | {"runs", "settings", "versions"}
)
_CHAIN = frozenset({"chain_id", "genesis_hash"})
_SETTINGS = frozenset({"required_approvals", "root_delay"})
_RUN = frozenset({"id", "notes", "opening", "rounds"})
_OPENING = frozenset(
    {"plan", "purpose", "participants", "initial_model", "initial_kind", "parent_run"}
    | {"parent_round", "origin", "statement"}
    | _ACTOR
)
_ROUND = frozenset({"aggregate", "participants", "included", "statement", "updates"} | _ACTOR)
_NOTE = frozenset({"kind", "round", "reason", "subject", "statement"} | _ACTOR)
_VERSION = frozenset({"id", "registration", "decisions"})
_REGISTRATION = frozenset(
    {"commitment", "predecessor", "qc_report", "qc_passed", "ethics", "ethics_expiry"}
    | {"rule_set", "declarations", "purpose", "statement"}
    | _ACTOR
)
_DECISION = frozenset({"kind", "reason", "successor", "statement"} | _ACTOR)
_UPDATE = 6


def parse(data: bytes) -> Bundle:
    """Read a bundle.

    Raises:
        ProofError: it is no bundle in its only form; the message names the member.
    """
    top = members(read_json(data), "bundle", _TOP)
    if top["format"] != FORMAT:
        raise ProofError(f"format: expected {FORMAT}")
    chain = members(top["chain"], "chain", _CHAIN)
    contracts = members(top["contracts"], "contracts", frozenset(CONTRACTS))
    return Bundle(
        chain_id=number(chain["chain_id"], "chain.chain_id", 53),
        genesis_hash=raw(chain["genesis_hash"], "chain.genesis_hash", 32),
        addresses={name: raw(contracts[name], f"contracts.{name}", 20) for name in CONTRACTS},
        settings=_settings(top["settings"]),
        digests=_sorted(top["digests"], "digests", 32, 1, MAX_DIGESTS),
        headers=tuple(
            raw(one, f"headers[{place}]")
            for place, one in enumerate(items(top["headers"], "headers", 1, MAX_HEADERS))
        ),
        nodes=_sorted(top["nodes"], "nodes", None, 1),
        attachments=_attachments(top["attachments"]),
        **_Tables(top).entries(top),
    )


def _settings(value: Any) -> Settings:
    found = members(value, "settings", _SETTINGS)
    return Settings(
        number(found["required_approvals"], "settings.required_approvals", 8),
        number(found["root_delay"], "settings.root_delay", 40),
    )


def _sorted(
    value: Any, where: str, length: int | None, least: int = 0, most: int | None = None
) -> tuple[bytes, ...]:
    listed = items(value, where, least, most)
    found = tuple(raw(one, f"{where}[{place}]", length) for place, one in enumerate(listed))
    ascending(found, where)
    return found


def _attachments(value: Any) -> dict[bytes, bytes]:
    if not isinstance(value, dict):
        raise ProofError("attachments: expected an object")
    return dict(_attachment(name, content) for name, content in value.items())


def _attachment(name: str, content: Any) -> tuple[bytes, bytes]:
    where = f"attachments.{name:.64}"
    digest, encoded = raw(name, where, 32), text(content, where)
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise ProofError(f"{where}: no base64") from error
    if base64.b64encode(data).decode() != encoded:
        raise ProofError(f"{where}: base64 in another form than RFC 4648 section 4")
    if hashlib.sha256(data).digest() != digest:
        raise ProofError(f"{where}: the bytes have another SHA-256")
    return digest, data


class _Tables:
    """The accounts and the versions' ids, which other entries name by their place."""

    def __init__(self, top: dict[str, Any]) -> None:
        self._accounts = _sorted(top["accounts"], "accounts", 20)
        self._named: set[int] = set()
        entries = [
            members(one, f"versions[{place}]", _VERSION)
            for place, one in enumerate(items(top["versions"], "versions"))
        ]
        self._ids = tuple(
            raw(one["id"], f"versions[{place}].id", 32) for place, one in enumerate(entries)
        )
        ascending(self._ids, "versions")

    def entries(self, top: dict[str, Any]) -> dict[str, Any]:
        """Runs and versions; every account of the table must act in one of them.

        Accounts of releases stand in storage and not here.
        """
        versions = tuple(
            self._version(one, f"versions[{place}]", identifier)
            for place, (one, identifier) in enumerate(zip(top["versions"], self._ids, strict=True))
        )
        runs = tuple(
            self._run(one, f"runs[{place}]") for place, one in enumerate(items(top["runs"], "runs"))
        )
        ascending([run.id for run in runs], "runs")
        if len(self._named) != len(self._accounts):
            raise ProofError("accounts: one of them acts nowhere in this bundle")
        return {"runs": runs, "versions": versions}

    def _account(self, value: Any, where: str) -> bytes:
        place = number(value, where, 32)
        if place >= len(self._accounts):
            raise ProofError(f"{where}: there is no account {place}")
        self._named.add(place)
        return self._accounts[place]

    def _actor(self, found: dict[str, Any], where: str) -> Actor:
        return Actor(
            number(found["organisation"], f"{where}.organisation", 8),
            self._account(found["account"], f"{where}.account"),
            number(found["time"], f"{where}.time", 40),
        )

    def _run(self, value: Any, where: str) -> RunEntry:
        found = members(value, where, _RUN)
        at = f"{where}.opening"
        opening = members(found["opening"], at, _OPENING)
        parent = optional(opening["parent_run"], f"{at}.parent_run", 32)
        if (parent is None) != (opening["parent_round"] is None):
            raise ProofError(f"{at}.parent_round: null exactly when there is no parent_run")
        fork = None if parent is None else number(opening["parent_round"], f"{at}.parent_round", 16)
        listed = items(found["rounds"], f"{where}.rounds", 0, MAX_ROUNDS)
        return RunEntry(
            id=raw(found["id"], f"{where}.id", 32),
            actor=self._actor(opening, at),
            plan=raw(opening["plan"], f"{at}.plan", 32),
            purpose=raw(opening["purpose"], f"{at}.purpose", 32),
            participants=_mask(opening["participants"], f"{at}.participants"),
            initial_model=raw(opening["initial_model"], f"{at}.initial_model", 32),
            initial_kind=_among(opening["initial_kind"], f"{at}.initial_kind", 3),
            parent_run=parent,
            parent_round=fork,
            origin=optional(opening["origin"], f"{at}.origin", 32),
            statement=raw(opening["statement"], f"{at}.statement", 32),
            rounds=tuple(
                self._round(one, f"{where}.rounds[{place}]") for place, one in enumerate(listed)
            ),
            notes=tuple(
                self._note(one, f"{where}.notes[{place}]")
                for place, one in enumerate(items(found["notes"], f"{where}.notes"))
            ),
        )

    def _round(self, value: Any, where: str) -> RoundEntry:
        found = members(value, where, _ROUND)
        listed = items(found["updates"], f"{where}.updates")
        updates = tuple(
            self._update(one, f"{where}.updates[{place}]") for place, one in enumerate(listed)
        )
        _check_order(updates, f"{where}.updates")
        return RoundEntry(
            actor=self._actor(found, where),
            aggregate=raw(found["aggregate"], f"{where}.aggregate", 32),
            participants=_mask(found["participants"], f"{where}.participants"),
            included=_mask(found["included"], f"{where}.included"),
            statement=raw(found["statement"], f"{where}.statement", 32),
            updates=updates,
        )

    def _update(self, value: Any, where: str) -> UpdateEntry:
        organisation, account, time, update, version, statement = items(
            value, where, _UPDATE, _UPDATE
        )
        place = number(version, f"{where}[4]", 32)
        if place >= len(self._ids):
            raise ProofError(f"{where}[4]: there is no version {place}")
        return UpdateEntry(
            Actor(
                number(organisation, f"{where}[0]", 8),
                self._account(account, f"{where}[1]"),
                number(time, f"{where}[2]", 40),
            ),
            raw(update, f"{where}[3]", 32),
            self._ids[place],
            raw(statement, f"{where}[5]", 32),
        )

    def _note(self, value: Any, where: str) -> NoteEntry:
        found = members(value, where, _NOTE)
        return NoteEntry(
            self._actor(found, where),
            _among(found["kind"], f"{where}.kind", 4),
            number(found["round"], f"{where}.round", 16),
            number(found["reason"], f"{where}.reason", 8),
            raw(found["subject"], f"{where}.subject", 32),
            raw(found["statement"], f"{where}.statement", 32),
        )

    def _version(self, value: dict[str, Any], where: str, identifier: bytes) -> VersionEntry:
        at = f"{where}.registration"
        found = members(value["registration"], at, _REGISTRATION)
        listed = items(value["decisions"], f"{where}.decisions")
        return VersionEntry(
            id=identifier,
            actor=self._actor(found, at),
            commitment=raw(found["commitment"], f"{at}.commitment", 32),
            predecessor=optional(found["predecessor"], f"{at}.predecessor", 32),
            qc_report=raw(found["qc_report"], f"{at}.qc_report", 32),
            qc_passed=flag(found["qc_passed"], f"{at}.qc_passed"),
            ethics=raw(found["ethics"], f"{at}.ethics", 32),
            ethics_expiry=number(found["ethics_expiry"], f"{at}.ethics_expiry", 40),
            rule_set=raw(found["rule_set"], f"{at}.rule_set", 32),
            declarations=number(found["declarations"], f"{at}.declarations", 4),
            purpose=raw(found["purpose"], f"{at}.purpose", 32),
            statement=raw(found["statement"], f"{at}.statement", 32),
            decisions=tuple(
                self._decision(one, f"{where}.decisions[{place}]")
                for place, one in enumerate(listed)
            ),
        )

    def _decision(self, value: Any, where: str) -> DecisionEntry:
        found = members(value, where, _DECISION)
        return DecisionEntry(
            self._actor(found, where),
            _among(found["kind"], f"{where}.kind", 6),
            number(found["reason"], f"{where}.reason", 8),
            optional(found["successor"], f"{where}.successor", 32),
            raw(found["statement"], f"{where}.statement", 32),
        )


def _mask(value: Any, where: str) -> int:
    return int.from_bytes(raw(value, where, 32))


def _among(value: Any, where: str, last: int) -> int:
    if type(value) is not int or not 1 <= value <= last:
        raise ProofError(f"{where}: expected a number from 1 to {last}")
    return value


def _check_order(updates: Sequence[UpdateEntry], where: str) -> None:
    """By time and organisation: the order between organisations is in no hash."""
    order = [(one.actor.time, one.actor.organisation) for one in updates]
    if order != sorted(order):
        raise ProofError(f"{where}: not in the order of time and organisation")
