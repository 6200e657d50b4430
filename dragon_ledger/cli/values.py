"""How values are written on the command line: addresses, digests, times, roles."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum

import typer

from dragon_ledger.records import Declaration, Role, VersionFlag
from dragon_ledger.site.config import DECLARATIONS

_ADDRESS = re.compile(r"(0x)?[0-9a-fA-F]{40}", re.ASCII)
_PARTNER = re.compile(r"[A-Za-z0-9_-]{1,10}", re.ASCII)
_DIGEST = re.compile(r"(0x)?[0-9a-fA-F]{64}", re.ASCII)


class RoleName(StrEnum):
    """What an account may do, as written on the command line."""

    SITE = "site"
    REVIEWER = "reviewer"
    AGGREGATOR = "aggregator"
    RELEASER = "releaser"


def roles_of(names: list[RoleName]) -> Role:
    """The mask of named roles."""
    return Role(sum(Role[name.name] for name in set(names)))


def parse_declaration(text: str) -> Declaration:
    """A declaration, named as in `site.toml`, or as its flag is."""
    found = DECLARATIONS.get(text)
    if found is None:
        by_flag = {_flag_name(flag): flag for flag in Declaration}
        found = by_flag.get(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no declaration: expected {', '.join(DECLARATIONS)}")
    return found


def declaration_name(flag: Declaration) -> str:
    """A declaration's name, as in `site.toml`."""
    return next(name for name, known in DECLARATIONS.items() if known is flag)


def flag_names(value: Role | Declaration | VersionFlag) -> str:
    """A mask in words."""
    if isinstance(value, Declaration):
        return ", ".join(declaration_name(flag) for flag in value) or "none"
    return ", ".join(_flag_name(flag) for flag in value) or "none"


def _flag_name(flag: Role | Declaration | VersionFlag) -> str:
    return str(flag.name).lower().replace("_", "-")


def parse_address(text: str) -> bytes:
    """An address of 20 bytes, in hexadecimal."""
    if not _ADDRESS.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no address: expected 0x and 40 hexadecimal digits")
    return bytes.fromhex(text.removeprefix("0x"))


def parse_digest(text: str) -> bytes:
    """A digest or identifier of 32 bytes, in hexadecimal; the name of a method may stand before."""
    digits = text.rsplit(":", 1)[-1]
    if not _DIGEST.fullmatch(digits):
        raise typer.BadParameter(f"{text!r} is no digest: expected 64 hexadecimal digits")
    return bytes.fromhex(digits.removeprefix("0x"))


def parse_partner(text: str) -> str:
    """A partner identifier (Harmonized Data Specification, Table 3)."""
    if not _PARTNER.fullmatch(text):
        raise typer.BadParameter(f"{text!r}: expected 1 to 10 letters, digits, _ or - (Table 3)")
    return text


def parse_time(text: str) -> int:
    """A time in ISO 8601 as seconds since the epoch; UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no time: expected something like 2027-03-01 or 2027-03-01T12:00:00+01:00"
        ) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def shown_time(seconds: int | None) -> str:
    """A time for people, in UTC."""
    if not seconds:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def shown(value: bytes) -> str:
    """Bytes as `0x` and hexadecimal digits."""
    return "0x" + value.hex()
