"""Ids of trace nodes, and values in the notation that people read."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from dragon_ledger.records import Digest


def hexed(value: bytes) -> str:
    """An identifier, hash or address: 0x and lower-case hexadecimal digits."""
    return "0x" + value.hex()


def short(value: bytes) -> str:
    """The first eight digits of an identifier or digest, for sentences."""
    return value.hex()[:8]


@lru_cache(maxsize=4096)
def moment(seconds: int) -> str:
    """A time as ISO 8601 in UTC, or the bare number where the calendar has no such day."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s"


def release_node(release: bytes) -> str:
    """Id of a release's node."""
    return f"release:{hexed(release)}"


def run_node(run: bytes) -> str:
    """Id of a run's node."""
    return f"run:{hexed(run)}"


def round_node(run: bytes, number: int) -> str:
    """Id of a round's node; round 0 is the initial model."""
    return f"round:{hexed(run)}/{number}"


def update_node(leaf: bytes) -> str:
    """Id of an update's node: its leaf."""
    return f"update:{hexed(leaf)}"


def version_node(version: bytes) -> str:
    """Id of a dataset version's node."""
    return f"version:{hexed(version)}"


def organisation_node(number: int) -> str:
    """Id of an organisation's node."""
    return f"organisation:{number}"


def account_node(address: bytes) -> str:
    """Id of an account's node."""
    return f"account:{hexed(address)}"


def rule_set_node(digest: bytes) -> str:
    """Id of a rule set's node."""
    return f"rule_set:{digest.hex()}"


def digest_node(digest: bytes) -> str:
    """Id of the digest that was asked for, where nothing recorded answers to it."""
    return f"digest:{digest.hex()}"


def sha256(value: bytes) -> str:
    """A digest together with its method."""
    return str(Digest("sha256", value))
