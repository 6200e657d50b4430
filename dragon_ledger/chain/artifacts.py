"""The published contracts: their interface and code, as the package ships them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from dragon_ledger.chain.codec import Parameter, encode_words, flatten, signature_hash
from dragon_ledger.chain.network import CONTRACTS
from dragon_ledger.errors import InputError


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a contract, its parameters flattened to words."""

    name: str
    selector: bytes
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]
    changes_state: bool

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """Return the call data; a struct is given as a tuple of its members.

        Raises:
            InputError: an argument does not fit; the message names function and parameter.
        """
        flat: list[Any] = []
        for argument in arguments:
            flat += argument if isinstance(argument, tuple) else [argument]
        try:
            return self.selector + encode_words(self.inputs, flat)
        except ValueError as error:
            raise InputError(f"{self.name}: {error}") from error


@dataclass(frozen=True, slots=True)
class Artifact:
    """One contract as published: interface, creation code, runtime code and its immutables."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    runtime: bytes
    immutables: dict[str, tuple[tuple[int, int], ...]]

    def entries(self, kind: str) -> Iterator[dict[str, Any]]:
        """Iterate over the interface's entries of one kind: function, event or error."""
        return (entry for entry in self.abi if entry["type"] == kind)

    def creation_code(self, arguments: Sequence[Any]) -> bytes:
        """Return the code that deploys the contract with these constructor arguments."""
        inputs = next((flatten(entry["inputs"]) for entry in self.entries("constructor")), ())
        return self.bytecode + encode_words(inputs, arguments)


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
            selector=signature_hash(entry)[:4],
            inputs=flatten(entry["inputs"]),
            outputs=flatten(entry["outputs"]),
            changes_state=entry["stateMutability"] not in {"view", "pure"},
        )
        for entry in artifact(contract).entries("function")
    }


@dataclass(frozen=True, slots=True)
class ErrorType:
    """A custom error of the contracts."""

    name: str
    inputs: tuple[Parameter, ...]


@cache
def error_types() -> dict[bytes, ErrorType]:
    """Return every custom error of the four contracts by its selector."""
    return {
        signature_hash(entry)[:4]: ErrorType(entry["name"], flatten(entry["inputs"]))
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
