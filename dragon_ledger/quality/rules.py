"""The specification as data: a rule set, its canonical digest, and rule sets derived from it.

A rule set is one JSON-like document (`rule_sets/hds-1.0.toml`). Its digest is SHA-256 over the
canonical JSON (RFC 8785) of that document. Every number in it is a text, so no floating-point
number is ever written. That digest is what the consortium accepts on chain as a rule set
(`docs/spec/rule-set.md`).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from importlib import resources
from typing import Any

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.records import Digest

DIGEST_METHOD = "rule-set-json-sha256"
BUILT_IN = ("hds-1.0",)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TagRule:
    """One row of Table 1 (and of Table 2, for the unit)."""

    keyword: str
    number: str
    vr: str
    requirement: str
    value: str | None
    limit: str | None
    unit: str | None

    @property
    def tag(self) -> int:
        """The attribute's number, group in the upper 16 bits."""
        return int(self.number[1:5] + self.number[6:10], 16)

    @property
    def label(self) -> str:
        """How findings name the attribute: `(gggg,eeee) Keyword`."""
        return f"{self.number} {self.keyword}"


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One row of Table 3; a text longer than `accepted_length` is refused, see the decisions."""

    name: str
    description: str
    type: str
    length: int
    accepted_length: int
    example: str


@dataclass(frozen=True, slots=True)
class VariableRule:
    """One row of Tables 4 to 9. `length` is None for a number; `alternatives` are names, too."""

    name: str
    description: str
    type: str
    length: int | None
    format: str | None
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainRule:
    """One of section 4.2's domains with its listed variables, in the specification's order."""

    code: str
    name: str
    required: bool
    table: str
    variables: tuple[VariableRule, ...]


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One check: `number` is its place among section 6's twelve, None for the others."""

    id: str
    number: int | None
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the specification leaves open, contradicts or gets wrong, and what is done about it."""

    id: str
    check: str
    says: str
    decided: str
    adr: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a derived rule set differs from its parent.

    `direction` is `tighter`, `looser` or `changed` (a name, a title, the transfer type); values are
    the texts of the rule set, None where there is no such rule.
    """

    path: str
    parent: str | None
    value: str | None
    direction: str
    reason: str


@dataclass(frozen=True)
class RuleSet:
    """A rule set: the whole document and typed views of it. Equal documents are equal rule sets."""

    document: Document
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        """Such as `hds-1.0`."""
        return str(self.document["name"])

    @property
    def parent(self) -> str | None:
        """Name of the rule set that this one was derived from."""
        parent = self.document.get("parent")
        return None if parent is None else str(parent["name"])

    def canonical_json(self) -> bytes:
        """The bytes that the digest is taken over."""
        return canonical_json(self.document)

    @cached_property
    def digest(self) -> Digest:
        """The rule set's digest, as registered on chain."""
        return Digest(DIGEST_METHOD, hashlib.sha256(self.canonical_json()).digest())

    @cached_property
    def checks(self) -> tuple[CheckRule, ...]:
        """The twelve in their order, then the other requirements by id."""
        rules = [_check(key, entry) for key, entry in self.document["checks"].items()]
        return tuple(sorted(rules, key=lambda rule: (rule.number or 99, rule.id)))

    @cached_property
    def tags(self) -> tuple[TagRule, ...]:
        """Table 1."""
        return tuple(_tag(keyword, entry) for keyword, entry in self.document["tags"].items())

    @cached_property
    def columns(self) -> tuple[ColumnRule, ...]:
        """Table 3."""
        return tuple(_column(name, entry) for name, entry in self.document["columns"].items())

    @cached_property
    def domains(self) -> tuple[DomainRule, ...]:
        """Section 4.2 and Tables 4 to 9."""
        return tuple(_domain(code, entry) for code, entry in self.document["domains"].items())

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """What the specification leaves open, and what was decided."""
        return tuple(Decision(**entry) for entry in self.document.get("decisions", []))

    @property
    def loosened(self) -> tuple[Difference, ...]:
        """What this rule set allows beyond its parent; a report leads with it."""
        return tuple(entry for entry in self.differences if entry.direction == "looser")

    def limit(self, name: str) -> Decimal:
        """A limit such as `slices_minimum`."""
        return Decimal(self.document["limits"][name])

    def tolerance(self, name: str) -> Decimal:
        """A tolerance such as `gap_mm`."""
        return Decimal(self.document["tolerances"][name])

    def severity(self, code: str) -> str | None:
        """The severity that this rule set gives to a finding code, None for the code's own."""
        value = self.document["severities"].get(code)
        return None if value is None else str(value)

    def terminology(self, variable: str) -> tuple[str, ...] | None:
        """The only terms that this rule set allows for a variable, None when it says nothing."""
        terms = self.document["terminology"].get(variable)
        return None if terms is None else tuple(terms)

    def accepted_terms(self, variable: str) -> tuple[str, ...]:
        """Terms allowed beside a closed CDISC list (a loosening)."""
        return tuple(self.document["accepted_terms"].get(variable, ()))


def canonical_json(value: object) -> bytes:
    r"""Canonical JSON (RFC 8785) of texts, whole numbers, truth values, null, lists and objects.

    Bytes of a file name that are no UTF-8 become `\xNN`.

    Raises:
        ConfigurationError: a floating-point number is in it; numbers with a point are texts here.
    """
    text = json.dumps(presentable(value), separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def presentable(value: object) -> Any:
    """The value with sorted names and without text that is no Unicode, see `canonical_json`."""
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        case float():
            raise ConfigurationError(f"{value!r} is a floating-point number: write it as a text")
        case Mapping():
            names = sorted(value, key=lambda name: str(name).encode("utf-16-be", "surrogatepass"))
            return {presentable(name): presentable(value[name]) for name in names}
        case list() | tuple():
            return [presentable(entry) for entry in value]
    return value


def built_in(name: str = "hds-1.0") -> RuleSet:
    """A rule set that comes with the package."""
    if name not in BUILT_IN:
        raise ConfigurationError(f"no rule set {name!r} comes with the package: choose {BUILT_IN}")
    file = resources.files("dragon_ledger.quality") / "rule_sets" / f"{name}.toml"
    return RuleSet(tomllib.loads(file.read_text("utf-8")))


def _check(key: str, entry: Document) -> CheckRule:
    number = entry.get("number")
    return CheckRule(key, None if number is None else int(number), entry["title"], entry["source"])


def _tag(keyword: str, entry: Document) -> TagRule:
    return TagRule(
        keyword,
        entry["number"],
        entry["vr"],
        entry["requirement"],
        entry.get("value"),
        entry.get("limit"),
        entry.get("unit"),
    )


def _column(name: str, entry: Document) -> ColumnRule:
    return ColumnRule(
        name,
        entry["description"],
        entry["type"],
        int(entry["length"]),
        int(entry["accepted_length"]),
        entry.get("example", ""),
    )


def _domain(code: str, entry: Document) -> DomainRule:
    variables = tuple(_variable(name, rule) for name, rule in entry["variables"].items())
    return DomainRule(code, entry["name"], entry["required"], entry["table"], variables)


def _variable(name: str, entry: Document) -> VariableRule:
    length = entry.get("length")
    return VariableRule(
        name,
        entry["description"],
        entry["type"],
        None if length is None else int(length),
        entry.get("format"),
        tuple(entry.get("alternatives", ())),
    )
