"""Turns a contract's refusal into our `Refused`: its name, its values, and words for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from eth_abi.exceptions import DecodingError

from dragon_ledger.chain.abi import CODEC, Parameter
from dragon_ledger.chain.artifacts import error_types
from dragon_ledger.chain.words import WORDS
from dragon_ledger.errors import NodeError, Refused
from dragon_ledger.records import Declaration, Role, VersionFlag

# Solidity's own two errors: Error(string) and Panic(uint256).
ERROR_STRING, PANIC = bytes.fromhex("08c379a0"), bytes.fromhex("4e487b71")

_ROLES = {"roles", "required", "allowed", "enrolled"}
_ABOUT_DECLARATIONS = {"DeclarationsInvalid", "DeclarationsMissing", "EthicsExpiryInvalid"}


def refusal(error: NodeError) -> Refused | None:
    """Return the contract's refusal that a node's error carries, or None when it carries none."""
    data = revert_data(error)
    if data is not None:
        return decode_refusal(data)
    # Ganache and Besu also refuse by message alone when a contract reverts without data.
    if "revert" in error.message.lower():
        return decode_refusal(b"")
    return None


def revert_data(error: NodeError) -> bytes | None:
    """Return what the contract reverted with; each client puts it somewhere else."""
    data: Any = error.data
    if isinstance(data, dict):  # Ganache: {"result": "0x…"}; older: {"data": "0x…"}
        data = data.get("result") or data.get("data")
    if not isinstance(data, str):
        return None
    digits = data.removeprefix("Reverted ").removeprefix("0x")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


def decode_refusal(data: bytes) -> Refused:
    """Decode revert data; what is not one of our contracts' errors is shown as it is."""
    try:
        return _decoded(data[:4], data[4:])
    except (DecodingError, UnicodeDecodeError):
        return _unknown(data)


def _decoded(selector: bytes, values: bytes) -> Refused:
    if selector == PANIC:
        (code,) = CODEC.decode(["uint256"], values)
        return Refused("Panic", {"code": code}, f"The contract stopped with panic 0x{code:02x}.")
    if selector == ERROR_STRING:
        (text,) = CODEC.decode(["string"], values)
        return Refused("Error", {"message": text}, f"The contract refused: {text}")
    known = error_types().get(selector)
    if known is None:
        return _unknown(selector + values)
    found = CODEC.decode([parameter.type for parameter in known.inputs], values)
    named = {parameter.name: value for parameter, value in zip(known.inputs, found, strict=True)}
    return Refused(known.name, named, _words(known.name, known.inputs, found))


def _unknown(data: bytes) -> Refused:
    return Refused(
        "Unknown",
        {"data": data},
        f"The contract refused, with data that are none of its published errors: 0x{data.hex()}. "
        "Check the deployed code with 'dragon-ledger chain verify-code'.",
    )


def _words(name: str, inputs: Sequence[Parameter], values: Sequence[Any]) -> str:
    shown = {
        parameter.name: in_words(name, parameter, value)
        for parameter, value in zip(inputs, values, strict=True)
    }
    return WORDS[name].format(**shown)


def in_words(error: str, parameter: Parameter, value: Any) -> str:
    """Show a value as a person reads it: times in UTC, roles and flags by name, bytes in hex."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if parameter.type == "uint40":
        return _time(value)
    if parameter.name == "flags":
        return _flags(VersionFlag(value), "registered, not decided")
    if parameter.type == "uint8" and error in _ABOUT_DECLARATIONS:
        return _flags(Declaration(value), "no declaration")
    if parameter.type == "uint8" and parameter.name in _ROLES:
        return _flags(Role(value), "no role")
    return str(value)


def _time(seconds: int) -> str:
    if seconds == 0:
        return "never"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _flags(value: Role | Declaration | VersionFlag, nothing: str) -> str:
    return ", ".join(flag.name or hex(flag.value) for flag in value) or nothing
