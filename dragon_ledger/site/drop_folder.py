"""The drop folder: what training code leaves for the agent (docs/spec/drop-folder.md). Reads only.

`<run folder>/<round>/` holds `base.h5` (the global model as received), `update.h5` and
`statement.json`, which is renamed into place last and so says that the others are whole. On the
aggregator's side `aggregate.h5` takes the place of the two models.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from dragon_ledger.errors import InputError

MARKER = "statement.json"
BASE, UPDATE, AGGREGATE = "base.h5", "update.h5", "aggregate.h5"
DIGESTED = ("plain", "masked", "delta")
MAX_STATEMENT_LENGTH = 2**20
MAX_BRACKETS = 100
_MAX_ROUND = 65_535
_ID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    """What the training says of an update.

    `weight` is what the aggregation multiplies it with (the number of training samples, usually),
    `metrics` are free numbers by name, `digested` says whether the file holds plain weights, masked
    ones (secure aggregation) or a difference to the base, `code_version` what trained it.
    """

    dataset_version: bytes
    weight: float
    metrics: Mapping[str, float]
    digested: str
    code_version: str


@dataclass(frozen=True, slots=True)
class AggregateStatement:
    """What the aggregation says: whose updates went in, in ascending order, and with which code."""

    included: tuple[int, ...]
    metrics: Mapping[str, float]
    code_version: str


def complete_rounds(folder: Path) -> Iterator[tuple[int, Path]]:
    """Rounds below a run's folder whose marker is there, in order."""
    if not folder.is_dir():
        return
    rounds = [
        (int(entry.name), entry)
        for entry in folder.iterdir()
        if entry.name.isdecimal() and 0 < int(entry.name) <= _MAX_ROUND
    ]
    for number, entry in sorted(rounds):
        if (entry / MARKER).is_file():
            yield number, entry


def read_update_statement(folder: Path) -> UpdateStatement:
    """Read the marker of an update.

    Raises:
        InputError: it is malformed; the message names the field.
    """
    fields = _Fields(folder / MARKER, _read(folder / MARKER))
    fields.only({"dataset_version", "weight", "metrics", "digested", "code_version"})
    if (digested := fields.text("digested")) not in DIGESTED:
        raise fields.wrong("digested", f"one of {', '.join(DIGESTED)}")
    return UpdateStatement(
        dataset_version=fields.identifier("dataset_version"),
        weight=fields.number("weight"),
        metrics=fields.metrics(),
        digested=digested,
        code_version=fields.text("code_version"),
    )


def read_aggregate_statement(folder: Path) -> AggregateStatement:
    """Read the marker of an aggregate.

    Raises:
        InputError: it is malformed; the message names the field.
    """
    fields = _Fields(folder / MARKER, _read(folder / MARKER))
    fields.only({"included", "metrics", "code_version"})
    return AggregateStatement(
        included=fields.organisations("included"),
        metrics=fields.metrics(),
        code_version=fields.text("code_version"),
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_STATEMENT_LENGTH:
            raise InputError(f"{path}: longer than {MAX_STATEMENT_LENGTH} bytes")
        data = path.read_bytes()
        # Deep nesting ends the interpreter where a library has raised its recursion limit.
        if data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
            raise InputError(f"{path}: more than {MAX_BRACKETS} lists and objects")
        document = json.loads(data)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected a JSON object")
    return document


@dataclass(frozen=True, slots=True)
class _Fields:
    path: Path
    values: Mapping[str, Any]

    def only(self, names: set[str]) -> None:
        if unknown := sorted(self.values.keys() - names):
            raise InputError(f"{self.path}: unknown fields {', '.join(unknown)}")

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "a text")
        return value

    def number(self, name: str) -> float:
        value = self.values.get(name)
        if not _is_number(value) or value < 0:
            raise self.wrong(name, "a number, 0 or more")
        return float(value)

    def identifier(self, name: str) -> bytes:
        value = self.values.get(name)
        try:
            identifier = bytes.fromhex(str(value).removeprefix("0x"))
        except ValueError as error:
            raise self.wrong(name, "64 hexadecimal digits") from error
        if len(identifier) != _ID_LENGTH:
            raise self.wrong(name, "64 hexadecimal digits")
        return identifier

    def metrics(self) -> Mapping[str, float]:
        value = self.values.get("metrics", {})
        if not isinstance(value, dict) or not all(_is_number(number) for number in value.values()):
            raise self.wrong("metrics", "an object of finite numbers")
        return value

    def organisations(self, name: str) -> tuple[int, ...]:
        value = self.values.get(name)
        if (
            not isinstance(value, list)
            or not value
            or not all(type(item) is int and 0 <= item <= 255 for item in value)  # noqa: PLR2004 (organisation numbers)
            or len(set(value)) != len(value)
        ):
            raise self.wrong(name, "a list of different organisation numbers")
        return tuple(sorted(value))

    def wrong(self, name: str, expected: str) -> InputError:
        found = repr(self.values[name])[:80] if name in self.values else "nothing"
        return InputError(f"{self.path}: {name}: expected {expected}, found {found}")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
