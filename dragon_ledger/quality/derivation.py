"""Rule sets derived from another: tightened, extended, or, marked as such, loosened.

A derived rule set is a TOML file that names its `parent` and holds only what differs. `remove`
lists rules to drop. Whatever allows more than the parent must be listed in `[[loosening]]` with its
`path` and a `reason`; a report on a transfer leads with these.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.quality.catalogue import entries
from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.rule_form import SECTIONS, decimal_of, mistakes
from dragon_ledger.quality.rules import BUILT_IN, Difference, Document, RuleSet, built_in

_OWN = ("name", "title", "source", "parent", "parent_digest", "loosening", "remove")
_RANK = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}
_ABSENT = object()
_LARGER_IS_TIGHTER = ("duplicate_position_mm",)  # more slices count as lying at one position
_UNBOUNDED = Decimal("Infinity")
_NEW_DOMAIN = re.compile(r"domains\.[A-Z]{2}\.name")


def rules_from(name: str) -> RuleSet:
    """A rule set by what a person calls it: the name of a built-in one, or a TOML file's path.

    Raises:
        ConfigurationError: neither, or the file is no usable rule set.
    """
    return built_in(name) if name in BUILT_IN else load_rules(Path(name))


def load_rules(path: Path) -> RuleSet:
    """Read a derived rule set.

    Raises:
        ConfigurationError: not TOML, another parent than it says, a slip, or an unmarked loosening.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a rule set: {error}") from error
    return derive(_parent(document, str(path)), document, str(path))


def _parent(document: Document, where: str) -> RuleSet:
    name = document.get("parent")
    if name not in BUILT_IN:
        raise ConfigurationError(
            f"{where}: parent = {name!r}: derive from a rule set that comes with the package,"
            f" by its name: {', '.join(BUILT_IN)}"
        )
    parent = built_in(str(name))
    stated = document.get("parent_digest", str(parent.digest))
    if stated != str(parent.digest):
        raise ConfigurationError(
            f"{where}: parent_digest = {stated!r}: {name} of this package has {parent.digest};"
            " install the package that the file was written for, or read what has changed"
        )
    return parent


def derive(parent: RuleSet, document: Document, where: str) -> RuleSet:
    """The rule set that `document` derives from its parent.

    Args:
        parent: the rule set that it starts from.
        document: the TOML document.
        where: what messages call it.

    Raises:
        ConfigurationError: an unknown section, a missing name, a rule of another form, or an
            unmarked loosening.
    """
    _refuse_unknown(document, where)
    effective = copy.deepcopy(parent.document)
    for section in SECTIONS:
        _merge(effective.setdefault(section, {}), document.get(section, {}))
    for path in document.get("remove", []):
        _remove(effective, path, where)
    effective["name"] = document["name"]
    effective["title"] = document.get("title", parent.document["title"])
    effective["parent"] = {"name": parent.name, "digest": str(parent.digest)}
    _refuse_mistakes(effective, parent.document, where)
    reasons = {entry["path"]: entry["reason"] for entry in document.get("loosening", [])}
    effective["loosening"] = [{"path": p, "reason": r} for p, r in sorted(reasons.items())]
    removed = document.get("remove", [])
    differences = tuple(_differences(parent.document, effective, reasons, removed))
    _refuse_unmarked(differences, reasons, removed, where)
    return RuleSet(effective, differences)


def _refuse_mistakes(effective: Document, parent: Document, where: str) -> None:
    found = list(mistakes(effective, parent))
    if not (effective["columns"] and effective["domains"]):
        found.append("no columns or no domains are left")
    if found:
        raise ConfigurationError("\n".join(f"{where}: {mistake}" for mistake in found))


def _refuse_unknown(document: Document, where: str) -> None:
    unknown = set(document) - {*_OWN, *SECTIONS}
    if unknown:
        raise ConfigurationError(f"{where}: unknown section {sorted(unknown)[0]!r}: use {SECTIONS}")
    name = document.get("name")
    if not isinstance(name, str) or not name.strip() or name in BUILT_IN:
        raise ConfigurationError(
            f"{where}: give the rule set a name of its own, such as name = 'site-1.0'"
        )
    for section in SECTIONS:
        if not isinstance(document.get(section, {}), dict):
            raise ConfigurationError(f"{where}: {section} is a table: begin it with [{section}]")
    _refuse_loose_ends(document, where)


def _refuse_loose_ends(document: Document, where: str) -> None:
    removed, marks = document.get("remove", []), document.get("loosening", [])
    if not isinstance(removed, list) or not all(isinstance(path, str) for path in removed):
        raise ConfigurationError(f"{where}: remove is a list, such as remove = ['tags.DeviceID']")
    if not isinstance(marks, list) or not all(map(_is_mark, marks)):
        raise ConfigurationError(
            f"{where}: each [[loosening]] needs a path and a reason, and nothing else"
        )


def _is_mark(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and set(entry) == {"path", "reason"}
        and all(isinstance(text, str) and text.strip() for text in entry.values())
    )


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
    differences: tuple[Difference, ...],
    reasons: Mapping[str, str],
    removed: Sequence[str],
    where: str,
) -> None:
    looser = [entry.path for entry in differences if entry.direction == "looser"]
    for path in looser:
        if _mark(path, reasons, removed) is None:
            raise ConfigurationError(
                f"{where}: {path} allows more than the parent: tighten it, or mark it with"
                f' [[loosening]] path = "{path}" and a reason; reports will then begin with it'
            )
    for path in sorted(set(reasons) - {_mark(path, reasons, removed) for path in looser}):
        raise ConfigurationError(f"{where}: [[loosening]] {path}: this rule is not loosened")


def _mark(path: str, reasons: Mapping[str, str], removed: Sequence[str]) -> str | None:
    """The mark that covers a rule: its own, or that of the whole part that was removed."""
    whole = [part for part in removed if path.startswith(f"{part}.")]
    return next((mark for mark in (path, *whole) if mark in reasons), None)


def _differences(
    parent: Document, effective: Document, reasons: Mapping[str, str], removed: Sequence[str]
) -> Iterator[Difference]:
    before, after = _leaves(parent), _leaves(effective)
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, _ABSENT), after.get(path, _ABSENT)
        if old != new:
            yield Difference(
                path,
                None if old is _ABSENT else _shown(old),
                None if new is _ABSENT else _shown(new),
                _direction(path, old, new),
                reasons.get(_mark(path, reasons, removed) or "", ""),
            )


def _shown(value: object) -> str:
    """A rule as people read it: `number (0018,0060), vr DS, requirement value`."""
    match value:
        case dict():
            return ", ".join(f"{name} {_shown(entry)}" for name, entry in value.items())
        case list():
            return ", ".join(map(_shown, value))
        case bool():
            return "true" if value else "false"
    return str(value)


def _leaves(document: Document) -> dict[str, object]:
    """The rules of a document: single values by dotted path; a tag, column or variable is one."""
    found: dict[str, object] = {}
    for section in SECTIONS:
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
        "tolerances": lambda: _of_tolerance(rest, old, new),
        "severities": lambda: _of_severity(rest, new),
        "terminology": lambda: _of_terms(old, new),
        "accepted_terms": lambda: "looser",
        "transfer": lambda: "changed",
    }
    return directions.get(section, lambda: _of_rule(path, old, new))()


def _of_limit(name: str, old: object, new: object) -> str:
    grows = _number(new) > _number(old)
    return "tighter" if grows == name.endswith("_minimum") else "looser"


def _of_tolerance(name: str, old: object, new: object) -> str:
    grows = _number(new) > _number(old)
    return "tighter" if grows == (name in _LARGER_IS_TIGHTER) else "looser"


def _number(value: object) -> Decimal:
    return decimal_of(value) or Decimal()


def _of_severity(code: str, new: object) -> str:
    entry = entries("imaging").get(code) or entries("clinical")[code]
    return "tighter" if _RANK[Severity(str(new))] >= _RANK[entry.severity] else "looser"


def _of_terms(old: object, new: object) -> str:
    if old is _ABSENT:
        return "tighter"
    fewer = isinstance(old, list) and isinstance(new, list) and set(new) <= set(old)
    return "tighter" if fewer else "looser"


def _of_rule(path: str, old: object, new: object) -> str:
    if old is _ABSENT:  # a table of a new domain would be refused by the parent
        return "looser" if _NEW_DOMAIN.fullmatch(path) else "tighter"
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
    shorter = all(_most(new.get(key)) <= _most(old.get(key)) for key in lengths)
    return "tighter" if others_equal and shorter else "looser"


def _most(length: object) -> Decimal:
    """The longest text that a length allows; without one, any."""
    return _number(length) or _UNBOUNDED
