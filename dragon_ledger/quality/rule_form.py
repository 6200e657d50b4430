"""The form of a rule set: which keys it may have, and which values, so that a slip is no rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

from dragon_ledger.quality.catalogue import entries
from dragon_ledger.quality.findings import Severity

Document = Mapping[str, Any]

SECTIONS = ("transfer", "limits", "tolerances", "tags", "columns", "domains", "severities",
            "terminology", "accepted_terms")  # fmt: skip
_REQUIREMENTS = ("unique identifier", "identifier", "equals", "range", "value")
_TYPES = ("Char", "Num")
_TRANSFER_TYPES = ("incremental", "cumulative")
_TAG_KEYS = ("number", "vr", "requirement", "value", "limit", "unit")
_COLUMN_KEYS = ("description", "type", "length", "accepted_length", "example")
_DOMAIN_KEYS = ("name", "required", "table", "variables")
_VARIABLE_KEYS = ("description", "type", "length", "format", "alternatives")
_WITH_RANGE = {"SliceThickness": "slice_thickness", "PixelSpacing": "pixel_spacing"}
_DOMAIN_CODE = re.compile(r"[A-Z]{2}")
_WHOLE = re.compile(r"[1-9][0-9]*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{1,8}")


def mistakes(document: Document, built_in: Document) -> Iterator[str]:
    """What is wrong with a rule set, each with its dotted path and what is expected.

    Args:
        document: the effective rule set, its sections are tables.
        built_in: a rule set that is right: it has every limit and tolerance that there is.
    """
    yield from _transfer(document["transfer"], built_in["transfer"])
    for section in ("limits", "tolerances"):
        yield from _numbers(section, document[section], built_in[section])
    yield from _ranges(document["limits"])
    for keyword, tag in document["tags"].items():
        yield from _tag(f"tags.{keyword}", keyword, tag)
    for name, column in document["columns"].items():
        yield from _column(f"columns.{name}", column)
    for code, domain in document["domains"].items():
        yield from _domain(f"domains.{code}", code, domain)
    yield from _severities(document["severities"])
    for section in ("terminology", "accepted_terms"):
        yield from _terms(section, document)


def decimal_of(value: object) -> Decimal | None:
    """The number that a text is, None for any other value: numbers in a rule set are texts."""
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() and number >= 0 else None


def _transfer(transfer: Document, built_in: Document) -> Iterator[str]:
    yield from _keys("transfer", transfer, tuple(built_in))
    if transfer.get("type") not in _TRANSFER_TYPES:
        yield f"transfer.type: expected one of {_listed(_TRANSFER_TYPES)}"
    extension = built_in["image_extension"]
    if transfer.get("image_extension") != extension:
        yield f"transfer.image_extension: expected {extension!r} in every rule set"


def _numbers(section: str, values: Document, built_in: Document) -> Iterator[str]:
    yield from _keys(section, values, tuple(built_in))
    yield from (f"{section}.{name}: cannot be removed" for name in built_in if name not in values)
    for name, value in values.items():
        if name in built_in and decimal_of(value) is None:
            usual = built_in[name]
            yield f"{section}.{name}: expected a decimal number as a text, such as {usual!r}"


def _ranges(limits: Document) -> Iterator[str]:
    for name, value in limits.items():
        least, most = decimal_of(value), decimal_of(limits.get(_maximum(name)))
        if name.endswith("_minimum") and least is not None and most is not None and least > most:
            yield f"limits.{name}: expected at most limits.{_maximum(name)}"


def _maximum(name: str) -> str:
    return name.replace("_minimum", "_maximum")


def _tag(path: str, keyword: str, tag: object) -> Iterator[str]:
    number = tag_for_keyword(keyword)
    if number is None:
        yield f"{path}: expected a keyword of the DICOM data dictionary"
        return
    if not isinstance(tag, dict):
        yield f"{path}: expected a table with number, vr and requirement"
        return
    yield from _keys(path, tag, _TAG_KEYS)
    written = f"({number >> 16:04X},{number & 0xFFFF:04X})"
    if tag.get("number") != written:
        yield f"{path}.number: expected {written!r}, as in the data dictionary"
    if tag.get("vr") not in dictionary_VR(number).split(" or "):
        yield f"{path}.vr: expected {dictionary_VR(number)!r}, as in the data dictionary"
    yield from _requirement(path, keyword, tag)


def _requirement(path: str, keyword: str, tag: Document) -> Iterator[str]:
    requirement = tag.get("requirement")
    if requirement not in _REQUIREMENTS:
        yield f"{path}.requirement: expected one of {_listed(_REQUIREMENTS)}"
    if requirement == "range" and tag.get("limit") != _WITH_RANGE.get(keyword, ()):
        yield f"{path}.requirement: ranges belong to {_listed(tuple(_WITH_RANGE))}"
    if requirement == "equals" and not _is_text(tag.get("value")):
        yield f"{path}.value: expected the text that the attribute must have"


def _column(path: str, column: object) -> Iterator[str]:
    if not isinstance(column, dict):
        yield f"{path}: expected a table with {_listed(_COLUMN_KEYS)}"
        return
    yield from _keys(path, column, _COLUMN_KEYS)
    yield from _typed(path, column)
    for key in ("length", "accepted_length"):
        yield from _length(f"{path}.{key}", column.get(key))


def _domain(path: str, code: str, domain: object) -> Iterator[str]:
    if not _DOMAIN_CODE.fullmatch(code) or not isinstance(domain, dict):
        yield f"{path}: expected two capital letters and a table"
        return
    yield from _keys(path, domain, _DOMAIN_KEYS)
    for key in ("name", "table"):
        if not _is_text(domain.get(key)):
            yield f"{path}.{key}: expected a text"
    if not isinstance(domain.get("required"), bool):
        yield f"{path}.required: expected true or false"
    variables = domain.get("variables")
    if not isinstance(variables, dict) or not variables:
        yield f"{path}.variables: expected a table with at least one variable"
        return
    for name, variable in variables.items():
        yield from _variable(f"{path}.variables.{name}", name, variable)


def _variable(path: str, name: str, variable: object) -> Iterator[str]:
    if not _VARIABLE.fullmatch(name) or not isinstance(variable, dict):
        yield f"{path}: expected capital letters and digits, and a table"
        return
    yield from _keys(path, variable, _VARIABLE_KEYS)
    yield from _typed(path, variable)
    if "length" in variable:
        yield from _length(f"{path}.length", variable["length"])
    if "alternatives" in variable and not _are_texts(variable["alternatives"]):
        yield f"{path}.alternatives: expected a list of variable names"


def _typed(path: str, rule: Document) -> Iterator[str]:
    if not _is_text(rule.get("description")):
        yield f"{path}.description: expected a text"
    if rule.get("type") not in _TYPES:
        yield f"{path}.type: expected one of {_listed(_TYPES)}"


def _length(path: str, value: object) -> Iterator[str]:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        yield f"{path}: expected a whole number above 0 as a text, such as '20'"


def _severities(severities: Document) -> Iterator[str]:
    kinds = {*entries("imaging"), *entries("clinical")}
    for code, severity in severities.items():
        if isinstance(severity, dict):
            example = next(iter(severity), "code")
            yield f'severities.{code}: write the code in quotes, such as "{code}.{example}"'
        elif code not in kinds or severity not in set(Severity):
            yield (
                f"severities: {code} = {severity!r}: give a code of docs/quality-check.md and one"
                f" of {_listed(tuple(map(str, Severity)))}"
            )


def _terms(section: str, document: Document) -> Iterator[str]:
    domains = tuple(document["domains"])
    listed = {
        name
        for domain in document["domains"].values()
        if isinstance(domain, dict) and isinstance(domain.get("variables"), dict)
        for name in domain["variables"]
    }
    for name, terms in document[section].items():
        own = _VARIABLE.fullmatch(name) and name.startswith(domains)
        if name not in listed and not own:
            yield f"{section}.{name}: expected a variable of the domains {_listed(domains)}"
        if not _are_texts(terms):
            yield f"{section}.{name}: expected a list of at least one text"


def _keys(path: str, table: Document, allowed: tuple[str, ...]) -> Iterator[str]:
    for key in table:
        if key not in allowed:
            yield f"{path}.{key}: there is no such key; {path} has {_listed(allowed)}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
