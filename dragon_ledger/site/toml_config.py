"""Reading of TOML configurations; every error names the file and the field."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dragon_ledger.errors import ConfigurationError

_DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a configuration file. Paths in it are relative to the file's folder."""

    file: Path
    name: str
    values: Mapping[str, Any]

    def text(self, field: str) -> str:
        """A text that is not empty."""
        value = self.values.get(field)
        if not isinstance(value, str) or not value:
            raise self.wrong(field, "a text")
        return value

    def optional_text(self, field: str) -> str | None:
        """A text, None when the field is absent or empty."""
        return self.text(field) if self.values.get(field) else None

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.values.get(field)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(field, "a list of texts")
        return tuple(value)

    def number(self, field: str, lowest: int, highest: int) -> int:
        """A whole number within limits."""
        value = self.values.get(field)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise self.wrong(field, f"a whole number from {lowest} to {highest}")
        return value

    def seconds(self, field: str) -> float:
        """A duration above zero."""
        value = self.values.get(field)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise self.wrong(field, "a number of seconds above 0")
        return float(value)

    def flag(self, field: str) -> bool:
        """True or false."""
        value = self.values.get(field)
        if not isinstance(value, bool):
            raise self.wrong(field, "true or false")
        return value

    def day(self, field: str) -> date:
        """A date."""
        value = self.values.get(field)
        if not isinstance(value, date):
            raise self.wrong(field, "a date such as 2027-12-31, without quotes")
        return value

    def digest(self, field: str) -> bytes:
        """32 bytes as 64 hexadecimal digits."""
        value = self.values.get(field)
        try:
            digest = bytes.fromhex(str(value))
        except ValueError as error:
            raise self.wrong(field, "64 hexadecimal digits") from error
        if len(digest) != _DIGEST_LENGTH:
            raise self.wrong(field, "64 hexadecimal digits")
        return digest

    def path(self, field: str) -> Path:
        """A path, relative to the file's folder when it is not absolute."""
        return self.file.parent / self.text(field)

    def optional_path(self, field: str) -> Path | None:
        """A path, None when the field is absent or empty."""
        return self.path(field) if self.values.get(field) else None

    def wrong(self, field: str, expected: str) -> ConfigurationError:
        """The error for a field that is not as it should be."""
        found = repr(self.values[field]) if field in self.values else "nothing"
        return ConfigurationError(
            f"{self.file}: [{self.name}] {field}: expected {expected}, found {found}"
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A configuration file."""

    file: Path
    values: Mapping[str, Any]

    @staticmethod
    def load(file: Path) -> Document:
        """Read a file.

        Raises:
            ConfigurationError: it is missing or no TOML.
        """
        try:
            return Document(file, tomllib.loads(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise ConfigurationError(
                f"{file}: {error.strerror}; `init` makes the folder and its configuration"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{file}: is not TOML: {error}") from error

    def section(self, name: str, fields: frozenset[str]) -> Section:
        """One table, which may hold these fields only.

        Raises:
            ConfigurationError: the table is missing, or holds something else (a typing error).
        """
        values = self.values.get(name)
        if not isinstance(values, dict):
            raise ConfigurationError(f"{self.file}: the table [{name}] is missing")
        if unknown := sorted(values.keys() - fields):
            raise ConfigurationError(
                f"{self.file}: [{name}] has unknown fields {', '.join(unknown)};"
                f" known are {', '.join(sorted(fields))}"
            )
        return Section(self.file, name, values)
