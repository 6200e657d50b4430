"""Rule sets derived from another: tightened, extended, or, marked as such, loosened.

A derived rule set is a TOML file that names its `parent` and holds only what differs. `remove`
lists rules to drop. Whatever allows more than the parent must be listed in `[[loosening]]` with its
`path` and a `reason`; a report on a transfer leads with these.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pydicom.datadict import tag_for_keyword

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.quality.catalogue import entries
from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.rules import BUILT_IN, Difference, Document, RuleSet, built_in

_OWN = ("name", "title", "source", "parent", "loosening", "remove")
_SECTIONS = ("transfer", "limits", "tolerances", "tags", "columns", "domains", "severities",
             "terminology", "accepted_terms")  # fmt: skip
_REQUIREMENTS = ("unique identifier", "identifier", "equals", "range", "value")
_RANK = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}
_ABSENT = object()


def rules_from(name: str) -> RuleSet:
    """A rule set by what a person calls it: the name of a built-in one, or a TOML file's path.

    Raises:
        ConfigurationError: neither, or the file is no usable rule set.
    """
    return built_in(name) if name in BUILT_IN else load_rules(Path(name))


def load_rules(path: Path) -> RuleSet:
    """Read a derived rule set.

    Raises:
        ConfigurationError: not TOML, an unknown parent or section, or an unmarked loosening.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a rule set: {error}") from error
    parent = built_in(str(document.get("parent", "(none)")))
    return derive(parent, document, str(path))


def derive(parent: RuleSet, document: Document, where: str) -> RuleSet:
    """The rule set that `document` derives from its parent.

    Args:
        parent: the rule set that it starts from.
        document: the TOML document.
        where: what messages call it.

    Raises:
        ConfigurationError: an unknown section, a missing name, or an unmarked loosening.
    """
    _refuse_unknown(document, where)
    effective = copy.deepcopy(parent.document)
    for section in _SECTIONS:
        _merge(effective.setdefault(section, {}), document.get(section, {}))
    for path in document.get("remove", []):
        _remove(effective, path, where)
    effective["name"] = document["name"]
    effective["title"] = document.get("title", parent.document["title"])
    effective["parent"] = {"name": parent.name, "digest": str(parent.digest)}
    reasons = {entry["path"]: entry["reason"] for entry in document.get("loosening", [])}
    effective["loosening"] = [{"path": p, "reason": r} for p, r in sorted(reasons.items())]
    differences = tuple(_differences(parent.document, effective, reasons))
    _refuse_unmarked(differences, reasons, where)
    rules = RuleSet(effective, differences)
    _refuse_unusable(rules, where)
    return rules


def _refuse_unusable(rules: RuleSet, where: str) -> None:
    try:
        for tag in rules.tags:
            if tag.requirement not in _REQUIREMENTS or tag.tag != tag_for_keyword(tag.keyword):
                raise ConfigurationError(
                    f"{where}: tags.{tag.keyword}: its number must be the data dictionary's, its"
                    f" requirement one of {_REQUIREMENTS}"
                )
        if not (rules.columns and rules.domains and rules.canonical_json()):
            raise ConfigurationError(f"{where}: no columns or no domains are left")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{where}: a rule is not complete: {error}") from error


def _refuse_unknown(document: Document, where: str) -> None:
    unknown = set(document) - {*_OWN, *_SECTIONS}
    if unknown:
        raise ConfigurationError(
            f"{where}: unknown section {sorted(unknown)[0]!r}: use {_SECTIONS}"
        )
    if not document.get("name"):
        raise ConfigurationError(f"{where}: give the rule set a name, such as name = 'site-1.0'")
    for entry in document.get("loosening", []):
        if not entry.get("path") or not entry.get("reason"):
            raise ConfigurationError(f"{where}: each [[loosening]] needs a path and a reason")


def _merge(target: Document, source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)


def _remove(document: Document, path: str, where: str) -> None:
    *parents, last = path.split(".")
    target: Any = document
    for key in parents:
        target = target.get(key) if isinstance(target, dict) else None
    if not isinstance(target, dict) or last not in target:
        raise ConfigurationError(f"{where}: remove: there is no rule {path!r} to remove")
    del target[last]


def _refuse_unmarked(
    differences: tuple[Difference, ...], reasons: Mapping[str, str], where: str
) -> None:
    looser = {entry.path for entry in differences if entry.direction == "looser"}
    for path in sorted(looser - set(reasons)):
        raise ConfigurationError(
            f"{where}: {path} allows more than the parent: tighten it, or mark it with"
            f' [[loosening]] path = "{path}" and a reason; reports will then begin with it'
        )
    for path in sorted(set(reasons) - looser):
        raise ConfigurationError(f"{where}: [[loosening]] {path}: this rule is not loosened")


def _differences(
    parent: Document, effective: Document, reasons: Mapping[str, str]
) -> Iterator[Difference]:
    before, after = _leaves(parent), _leaves(effective)
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, _ABSENT), after.get(path, _ABSENT)
        if old != new:
            yield Difference(
                path,
                None if old is _ABSENT else str(old),
                None if new is _ABSENT else str(new),
                _direction(path, old, new),
                reasons.get(path, ""),
            )


def _leaves(document: Document) -> dict[str, object]:
    """The rules of a document: single values by dotted path; a tag, column or variable is one."""
    found: dict[str, object] = {}
    for section in _SECTIONS:
        _collect(section, document.get(section, {}), found)
    return found


def _collect(path: str, value: object, found: dict[str, object]) -> None:
    if isinstance(value, dict) and not ({"type", "number"} & set(value)):
        for key, entry in value.items():
            _collect(f"{path}.{key}", entry, found)
    else:
        found[path] = value


def _direction(path: str, old: object, new: object) -> str:
    section, _, rest = path.partition(".")
    directions: dict[str, Callable[[], str]] = {
        "limits": lambda: _of_limit(rest, old, new),
        "tolerances": lambda: "tighter" if _number(new) < _number(old) else "looser",
        "severities": lambda: _of_severity(rest, new),
        "terminology": lambda: _of_terms(old, new),
        "accepted_terms": lambda: "looser",
        "transfer": lambda: "changed",
    }
    return directions.get(section, lambda: _of_rule(path, old, new))()


def _of_limit(name: str, old: object, new: object) -> str:
    grows = _number(new) > _number(old)
    return "tighter" if grows == name.endswith("_minimum") else "looser"


def _number(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ConfigurationError(f"{value!r} is no number written as a text") from error


def _of_severity(code: str, new: object) -> str:
    entry = entries("imaging").get(code) or entries("clinical").get(code)
    if entry is None or new not in set(Severity):
        raise ConfigurationError(
            f"severities: {code} = {new!r}: give a code of docs/quality-check.md and one of"
            f" {[str(severity) for severity in Severity]}"
        )
    return "tighter" if _RANK[Severity(str(new))] >= _RANK[entry.severity] else "looser"


def _of_terms(old: object, new: object) -> str:
    if old is _ABSENT:
        return "tighter"
    fewer = isinstance(old, list) and isinstance(new, list) and set(new) <= set(old)
    return "tighter" if fewer else "looser"


def _of_rule(path: str, old: object, new: object) -> str:
    if old is _ABSENT:
        return "tighter"
    if new is _ABSENT:
        return "looser"
    if path.endswith(".required"):
        return "tighter" if new is True else "looser"
    if isinstance(old, dict) and isinstance(new, dict):
        return _of_lengths(old, new)
    return "changed"


def _of_lengths(old: Document, new: Document) -> str:
    """A column or variable: shorter lengths and nothing else changed is tighter."""
    lengths = {"length", "accepted_length"}
    others_equal = {k: v for k, v in old.items() if k not in lengths} == {
        k: v for k, v in new.items() if k not in lengths
    }
    shorter = all(_number(new.get(key, 0)) <= _number(old.get(key, 0)) for key in lengths)
    return "tighter" if others_equal and shorter else "looser"
