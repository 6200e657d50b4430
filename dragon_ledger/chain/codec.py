"""The contracts' binary interface, for static types: every field is one 32-byte word.

No string and no dynamic field is ever on chain (DESIGN.md section 3, rule 2), so a call, a log or
a struct is a row of words and needs no general decoder; the few views that return lists have
`decode_list`. Specification: Solidity contract ABI, "Formal Specification of the Encoding".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak

WORD = 64  # hexadecimal digits
WordDecoder = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A flattened parameter: its name, its Solidity type, and whether it is an event's topic."""

    name: str
    type: str
    indexed: bool = False


def _number(word: str) -> int:
    return int(word, 16)


def _boolean(word: str) -> bool:
    return int(word, 16) != 0


def _address(word: str) -> bytes:
    return bytes.fromhex(word[24:])


_FIXED: dict[str, WordDecoder] = {
    "bool": _boolean,
    "address": _address,
    "bytes32": bytes.fromhex,
}
_WIDTH = {"address": 20, "bytes32": 32}


def word_decoder(solidity_type: str) -> WordDecoder:
    """Return what turns 64 hexadecimal digits into a value of this static Solidity type.

    Raises:
        ValueError: the type is not one word.
    """
    if solidity_type.startswith("uint") and "[" not in solidity_type:
        return _number
    if solidity_type not in _FIXED:
        raise ValueError(f"{solidity_type} is not a static one-word type of these contracts")
    return _FIXED[solidity_type]


def encode_word(solidity_type: str, value: Any) -> bytes:
    """Encode one static value, checked against the width of its type.

    Raises:
        ValueError: the value does not fit the type.
    """
    if solidity_type in _WIDTH:
        if not isinstance(value, bytes) or len(value) != _WIDTH[solidity_type]:
            raise ValueError(f"{solidity_type} needs {_WIDTH[solidity_type]} bytes, got {value!r}")
        return value.rjust(32, b"\0")
    bits = 1 if solidity_type == "bool" else int(solidity_type.removeprefix("uint"))
    if not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise ValueError(f"{solidity_type} cannot hold {value!r}")
    return value.to_bytes(32, "big")


def encode_words(parameters: Sequence[Parameter], values: Sequence[Any]) -> bytes:
    """Encode a row of static values.

    Raises:
        ValueError: too many or too few values, or one does not fit; the message names it.
    """
    if len(parameters) != len(values):
        raise ValueError(f"{len(values)} values given for {len(parameters)} parameters")
    return b"".join(map(_encode_named, parameters, values))


def _encode_named(parameter: Parameter, value: Any) -> bytes:
    try:
        return encode_word(parameter.type, value)
    except ValueError as error:
        raise ValueError(f"{parameter.name}: {error}") from error


def decode_words(parameters: Sequence[Parameter], digits: str) -> tuple[Any, ...]:
    """Decode a row of static words, given as hexadecimal digits without "0x".

    Raises:
        ValueError: the data are shorter than the parameters need.
    """
    if len(digits) < WORD * len(parameters):
        raise ValueError(f"{len(digits) // 2} bytes are too few for {len(parameters)} words")
    return tuple(
        word_decoder(parameter.type)(digits[WORD * place : WORD * (place + 1)])
        for place, parameter in enumerate(parameters)
    )


def decode_list(members: Sequence[Parameter], digits: str, place: int = 0) -> list[tuple[Any, ...]]:
    """Decode the dynamic list of static rows that stands at `place` of a view's answer.

    Raises:
        ValueError: the data are shorter than they claim.
    """
    start = 2 * int(digits[WORD * place : WORD * (place + 1)] or "0", 16)
    length = int(digits[start : start + WORD] or "0", 16)
    width = WORD * len(members)
    first = start + WORD
    if len(digits) < first + length * width:
        raise ValueError(f"{len(digits) // 2} bytes are too few for a list of {length}")
    return [
        decode_words(members, digits[first + row * width : first + (row + 1) * width])
        for row in range(length)
    ]


def flatten(entries: Iterable[dict[str, Any]]) -> tuple[Parameter, ...]:
    """Flatten the ABI's parameter list: a static struct is the row of its members."""
    flat: list[Parameter] = []
    for entry in entries:
        if entry["type"] == "tuple":
            flat += flatten(entry["components"])
        else:
            flat.append(Parameter(entry["name"], entry["type"], entry.get("indexed", False)))
    return tuple(flat)


def signature(entry: dict[str, Any]) -> str:
    """Return the canonical signature of a function, event or error of an ABI."""
    return f"{entry['name']}({','.join(map(_canonical_type, entry['inputs']))})"


def signature_hash(entry: dict[str, Any]) -> bytes:
    """Return keccak256 of the canonical signature: topic 0; its first 4 bytes are a selector."""
    return bytes(keccak(signature(entry).encode()))


def _canonical_type(entry: dict[str, Any]) -> str:
    if not entry["type"].startswith("tuple"):
        return str(entry["type"])
    members = ",".join(map(_canonical_type, entry["components"]))
    return f"({members}){entry['type'].removeprefix('tuple')}"
