"""The contracts' binary interface by eth-abi, made stricter in one place and rawer in another.

A digest has exactly 32 bytes here, where eth-abi pads a shorter one; a decoded address is its 20
bytes, where eth-abi gives hexadecimal text. Specification: Solidity contract ABI.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

from eth_abi.codec import ABICodec
from eth_abi.decoding import AddressDecoder
from eth_abi.encoding import BytesEncoder
from eth_abi.exceptions import ValueOutOfBounds
from eth_abi.registry import ABIRegistry
from eth_abi.registry import registry as standard

DIGEST_BYTES = 32


class _DigestEncoder(BytesEncoder):
    def validate_value(self, value: Any) -> None:
        super().validate_value(value)  # type: ignore[no-untyped-call]  # eth-abi's coders have none
        if len(value) != DIGEST_BYTES:
            message = f"it has {len(value)} bytes, and bytes32 needs {DIGEST_BYTES}"
            self.invalidate_value(value, exc=ValueOutOfBounds, msg=message)


class _RawAddressDecoder(AddressDecoder):
    decoder_fn = staticmethod(bytes)  # type: ignore[assignment]  # bytes for text is the point


def _registry() -> ABIRegistry:
    registry = copy(standard)
    registry.unregister_encoder("bytes<M>")
    registry.register_encoder("bytes32", _DigestEncoder)
    registry.unregister_decoder("address")
    registry.register_decoder("address", _RawAddressDecoder)
    return registry


CODEC = ABICodec(_registry())


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an event or error by its name and Solidity type."""

    name: str
    type: str


def flatten(entries: Iterable[dict[str, Any]]) -> tuple[Parameter, ...]:
    """Flatten the ABI's parameter list: a static struct is encoded as the row of its members."""
    flat: list[Parameter] = []
    for entry in entries:
        if entry["type"] == "tuple":
            flat += flatten(entry["components"])
        else:
            flat.append(Parameter(entry["name"], entry["type"]))
    return tuple(flat)
