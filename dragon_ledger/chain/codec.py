"""The contracts' binary interface, for static types: every field is one 32-byte word.

No string and no dynamic field is ever on chain (DESIGN.md section 3, rule 2), so a log or a
struct is a row of words and needs no general decoder. Calls with arrays of words, which only views
return, are decoded here too. Specification: Solidity contract ABI, "Formal Specification of the
Encoding".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

Word = Callable[[str], Any]


def _number(word: str) -> int:
    return int(word, 16)


def _boolean(word: str) -> bool:
    return int(word, 16) != 0


def _address(word: str) -> bytes:
    return bytes.fromhex(word[24:])


def word_decoder(solidity_type: str) -> Word:
    """Return what turns 64 hexadecimal digits into a value of this static Solidity type.

    Raises:
        ValueError: the type is not one word.
    """
    if solidity_type.startswith("uint") and "[" not in solidity_type:
        return _number
    fixed: dict[str, Word] = {"bool": _boolean, "address": _address, "bytes32": bytes.fromhex}
    if solidity_type not in fixed:
        raise ValueError(f"{solidity_type} is not a static one-word type of these contracts")
    return fixed[solidity_type]


def encode_word(solidity_type: str, value: Any) -> bytes:
    """Encode one static value; whole numbers are checked against the type's width.

    Raises:
        ValueError: the value does not fit the type.
    """
    if solidity_type.startswith("uint"):
        return _encode_number(int(solidity_type[4:] or 256), value)
    if solidity_type == "bool":
        return _encode_number(1, int(value))
    width = {"address": 20, "bytes32": 32}[solidity_type]
    if not isinstance(value, bytes) or len(value) != width:
        raise ValueError(f"{solidity_type} needs {width} bytes, got {value!r}")
    return value.rjust(32, b"\0")


def _encode_number(bits: int, value: Any) -> bytes:
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{value} does not fit {bits} bits")
    return int(value).to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A flattened parameter: its name, its Solidity type, and whether it is an event's topic."""

    name: str
    type: str
    indexed: bool = False


def flatten(inputs: Iterable[dict[str, Any]]) -> tuple[Parameter, ...]:
    """Flatten the ABI's parameter list: a static struct is the row of its members."""
    flat: list[Parameter] = []
    for entry in inputs:
        if entry["type"] == "tuple":
            flat += flatten(entry["components"])
        else:
            flat.append(Parameter(entry["name"], entry["type"], entry.get("indexed", False)))
    return tuple(flat)


def canonical_type(entry: dict[str, Any]) -> str:
    """Return the type as it stands in a signature: a struct as the tuple of its members."""
    if not entry["type"].startswith("tuple"):
        return str(entry["type"])
    members = ",".join(canonical_type(member) for member in entry["components"])
    return f"({members}){entry['type'].removeprefix('tuple')}"


def signature(entry: dict[str, Any]) -> str:
    """Return the canonical signature of a function, event or error of an ABI."""
    types = ",".join(canonical_type(parameter) for parameter in entry["inputs"])
    return f"{entry['name']}({types})"


def signature_hash(entry: dict[str, Any]) -> bytes:
    """Return keccak256 of the canonical signature: topic 0; its first 4 bytes are a selector."""
    return keccak(text=signature(entry))


def decode_words(parameters: Sequence[Parameter], digits: str) -> tuple[Any, ...]:
    """Decode a row of static words, given as hexadecimal digits without "0x".

    Raises:
        ValueError: the data are shorter than the parameters need.
    """
    if len(digits) < 64 * len(parameters):
        raise ValueError(f"{len(digits) // 2} bytes are too few for {len(parameters)} words")
    return tuple(
        word_decoder(parameter.type)(digits[64 * place : 64 * place + 64])
        for place, parameter in enumerate(parameters)
    )


def decode_arrays(digits: str, count: int) -> tuple[list[int], ...]:
    """Decode `count` dynamic arrays of one-word numbers, as a view returns them."""
    return tuple(
        _array(digits, int(digits[64 * place : 64 * place + 64], 16)) for place in range(count)
    )


def _array(digits: str, offset: int) -> list[int]:
    start = 2 * offset
    length = int(digits[start : start + 64], 16)
    words = digits[start + 64 : start + 64 + 64 * length]
    return [int(words[place : place + 64], 16) for place in range(0, len(words), 64)]
