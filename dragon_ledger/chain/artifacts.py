"""The published contracts: their interface and code, as the package ships them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.exceptions import EncodingError
from eth_utils.abi import (
    abi_to_signature,
    function_signature_to_4byte_selector,
    get_abi_input_names,
    get_abi_input_types,
    get_abi_output_types,
)

from dragon_ledger.chain.abi import CODEC, Parameter, flatten
from dragon_ledger.chain.network import CONTRACTS
from dragon_ledger.errors import InputError


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a contract; inputs and outputs by their canonical types, a struct as tuple."""

    name: str
    selector: bytes
    input_names: tuple[str | None, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """Return the call data; a struct is given as a tuple of its members.

        Raises:
            InputError: an argument does not fit; the message names function and parameter.
        """
        try:
            return self.selector + CODEC.encode(self.inputs, arguments)
        except EncodingError as error:
            wrong = [
                f"{name}: "
                for name, kind, value in zip(self.input_names, self.inputs, arguments, strict=False)
                if not CODEC.is_encodable(kind, value)
            ]
            raise InputError(f"{self.name}: {''.join(wrong[:1])}{error}") from error

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Return what a call of the function returned, one value per output.

        Raises:
            DecodingError: the data are no such values.
        """
        return CODEC.decode(self.outputs, data)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One contract as published: interface, creation code, runtime code and its immutables."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    runtime: bytes
    immutables: dict[str, tuple[tuple[int, int], ...]]

    def entries(self, kind: str) -> Iterator[Any]:
        """Iterate over the interface's entries of one kind: function, event or error."""
        return (entry for entry in self.abi if entry["type"] == kind)


@cache
def artifact(contract: str) -> Artifact:
    """Return the published artifact of a contract by its name."""
    source = files("dragon_ledger.chain").joinpath("artifacts", f"{contract}.json")
    document = json.loads(source.read_text(encoding="utf-8"))
    return Artifact(
        name=contract,
        abi=tuple(document["abi"]),
        bytecode=bytes.fromhex(document["bytecode"].removeprefix("0x")),
        runtime=bytes.fromhex(document["deployedBytecode"].removeprefix("0x")),
        immutables={
            name: tuple((place["start"], place["length"]) for place in places)
            for name, places in document["immutableReferences"].items()
        },
    )


@cache
def functions(contract: str) -> dict[str, Function]:
    """Return the functions of a contract by name; none of these contracts overloads a name."""
    return {
        entry["name"]: Function(
            name=f"{contract}.{entry['name']}",
            selector=selector(entry),
            input_names=tuple(get_abi_input_names(entry)),
            inputs=tuple(get_abi_input_types(entry)),
            outputs=tuple(get_abi_output_types(entry)),
        )
        for entry in artifact(contract).entries("function")
    }


def selector(entry: Any) -> bytes:
    """Return the four bytes that stand for a function or error of an interface."""
    return bytes(function_signature_to_4byte_selector(abi_to_signature(entry)))


@dataclass(frozen=True, slots=True)
class ErrorType:
    """A custom error of the contracts."""

    name: str
    inputs: tuple[Parameter, ...]


@cache
def error_types() -> dict[bytes, ErrorType]:
    """Return every custom error of the four contracts by its selector."""
    return {
        selector(entry): ErrorType(entry["name"], flatten(entry["inputs"]))
        for contract in CONTRACTS
        for entry in artifact(contract).entries("error")
    }


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A function of one of the contracts and its arguments in order; a struct is a tuple."""

    contract: str
    function: str
    arguments: tuple[Any, ...]

    def encode(self) -> bytes:
        """Return the call data.

        Raises:
            InputError: an argument does not fit its parameter.
        """
        return functions(self.contract)[self.function].encode(self.arguments)
