"""The contracts' runtime code of every release: `published/VERSION.json` in this room.

A network runs the contracts of the release that deployed it, for as long as it lives. Adding a
release is adding a file (`scripts/publish-contracts VERSION`); none is ever changed or removed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class CodeTemplate:
    """Published runtime code with zeros where immutables go, and their places (start, length)."""

    code: bytes
    immutables: Mapping[str, tuple[tuple[int, int], ...]]

    def filled(self, values: Mapping[str, int]) -> bytes:
        """The code that a deployment with these immutables has.

        Raises:
            KeyError: an immutable has no value.
        """
        code = bytearray(self.code)
        for name, places in self.immutables.items():
            for start, length in places:
                code[start : start + length] = values[name].to_bytes(length)
        return bytes(code)


@dataclass(frozen=True, slots=True)
class PublishedCode:
    """The contracts of one release: a template by contract name."""

    version: str
    templates: Mapping[str, CodeTemplate]


def read_published(version: str, document: Mapping[str, Any]) -> PublishedCode:
    """Read what `published/VERSION.json` holds: by contract, `deployedBytecode` and places."""
    return PublishedCode(version, {name: _template(entry) for name, entry in document.items()})


def _template(entry: Mapping[str, Any]) -> CodeTemplate:
    places = {
        name: tuple((place["start"], place["length"]) for place in listed)
        for name, listed in entry["immutableReferences"].items()
    }
    return CodeTemplate(bytes.fromhex(entry["deployedBytecode"].removeprefix("0x")), places)


@cache
def published_code() -> tuple[PublishedCode, ...]:
    """The contracts of every release that this package knows, the newest first."""
    return load_published(files("dragon_ledger.provenance").joinpath("published"))


def load_published(folder: Traversable) -> tuple[PublishedCode, ...]:
    """The contracts of every release in a folder, the newest first."""
    found = [
        read_published(file.name.removesuffix(_SUFFIX), json.loads(file.read_bytes()))
        for file in folder.iterdir()
        if file.name.endswith(_SUFFIX)
    ]
    return tuple(sorted(found, key=lambda one: _order(one.version), reverse=True))


def _order(version: str) -> list[int]:
    """By numbers: 0.10.0 is newer than 0.9.0."""
    return [int(part) for part in version.split(".")]
