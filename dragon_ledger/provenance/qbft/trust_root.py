"""The validators that `network.json` vouches for: where an auditor's trust starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dragon_ledger.errors import ConfigurationError
from dragon_ledger.provenance.qbft.light_client import TrustedBlock, trust_root

_MEMBERS = frozenset({"block", "hash", "time", "epoch_length", "members"})
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """The member `validators` of `network.json`.

    Attributes:
        block: the vouched block and its set; its `time` is when it was vouched.
        epoch_length: blocks between two resets of votes, from the genesis configuration.
        names: what people call each validator, by address.
    """

    block: TrustedBlock
    epoch_length: int
    names: Mapping[bytes, str]


def read_trust_root(validators: object) -> TrustRoot:
    """Read the member `validators` of `network.json`.

    Raises:
        ConfigurationError: a member is missing, unexpected or of another form; the message names
            it.
    """
    if not isinstance(validators, Mapping) or validators.keys() != _MEMBERS:
        raise ConfigurationError(
            f"network.json: validators must be an object of exactly {', '.join(sorted(_MEMBERS))}"
        )
    number, time = (_number(validators, name, 0) for name in ("block", "time"))
    names = _names(validators["members"])
    return TrustRoot(
        trust_root(number, _hex(validators["hash"], "hash", _HASH), time, names),
        _number(validators, "epoch_length", 1),
        names,
    )


def _names(members: object) -> dict[bytes, str]:
    if not isinstance(members, list) or not members:
        raise ConfigurationError("network.json: validators.members must be a list, not empty")
    names: dict[bytes, str] = {}
    for member in members:
        if not isinstance(member, Mapping) or member.keys() != {"address", "name"}:
            raise ConfigurationError("network.json: each validator has exactly address and name")
        address = _hex(member["address"], "members.address", _ADDRESS)
        if address in names:
            raise ConfigurationError(f"network.json: validator {member['address']} is there twice")
        names[address] = str(member["name"])
    return names


def _number(values: Mapping[str, object], name: str, least: int) -> int:
    value = values[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigurationError(f"network.json: validators.{name} must be a number from {least}")
    return value


def _hex(value: object, name: str, form: re.Pattern[str]) -> bytes:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ConfigurationError(f"network.json: validators.{name} is {value!r}, no such hex text")
    return bytes.fromhex(value[2:])
