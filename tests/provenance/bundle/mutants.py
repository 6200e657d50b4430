"""Structure-aware mutations of bundles, as small patches that any language can apply.

A patch is a list of steps on the parsed JSON, after which it is written in canonical form again:
`set`, `insert`, `remove`, `swap` at a path, `sort` a list; `text` replaces the whole file's text.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import rlp

Json = Any
Path = list[Any]
Step = dict[str, Any]


@dataclass(frozen=True)
class Mutant:
    """A changed bundle: what was done to which part."""

    name: str
    steps: tuple[Step, ...]

    def of(self, document: Json) -> bytes:
        """The mutant's bytes."""
        return apply(document, self.steps)


def canonical(document: Json) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def apply(document: Json, steps: Iterable[Step]) -> bytes:
    """The file that the steps make of a bundle."""
    changed = copy.deepcopy(document)
    for step in steps:
        if step["op"] == "text":
            return str(step["value"]).encode("utf-8", "surrogatepass")
        _STEPS[step["op"]](changed, step)
    return canonical(changed)


def _at(document: Json, path: Path) -> Json:
    for name in path:
        document = document[name]
    return document


def _set(document: Json, step: Step) -> None:
    _at(document, step["path"][:-1])[step["path"][-1]] = step["value"]


def _insert(document: Json, step: Step) -> None:
    _at(document, step["path"][:-1]).insert(step["path"][-1], step["value"])


def _remove(document: Json, step: Step) -> None:
    del _at(document, step["path"][:-1])[step["path"][-1]]


def _swap(document: Json, step: Step) -> None:
    first, second = step["path"], step["with"]
    one, other = _at(document, first), _at(document, second)
    _at(document, first[:-1])[first[-1]] = other
    _at(document, second[:-1])[second[-1]] = one


def _sort(document: Json, step: Step) -> None:
    _at(document, step["path"]).sort()


_STEPS: dict[str, Callable[[Json, Step], None]] = {
    "set": _set,
    "insert": _insert,
    "remove": _remove,
    "swap": _swap,
    "sort": _sort,
}


def paths(document: Json, at: Path | None = None) -> Iterator[Path]:
    """Every path of a document, depth first."""
    at = at or []
    inner: Iterable[Any] = ()
    if isinstance(document, dict):
        inner = sorted(document)
    elif isinstance(document, list):
        inner = range(len(document))
    for name in inner:
        yield [*at, name]
        yield from paths(document[name], [*at, name])


def mutants(document: Json, foreign: list[Json], seed: int, bytes_each: int) -> Iterator[Mutant]:
    """Every kind of change to every part of a bundle.

    Args:
        document: the bundle.
        foreign: other bundles, parts of which are put in.
        seed: of the random choices.
        bytes_each: how many single bytes of each node and header are changed.
    """
    dice = random.Random(seed)
    values = _values(document)
    for path in paths(document):
        yield from _of_part(document, path, values, dice)
    yield from _of_nodes(document, foreign, dice, bytes_each)
    yield from _of_headers(document, foreign, dice, bytes_each)
    yield from _of_splices(document, foreign)
    yield from _of_texts(canonical(document).decode(), dice)


def _values(document: Json) -> dict[int, list[str]]:
    """Hexadecimal texts by length, to be exchanged."""
    found: dict[int, list[str]] = {}
    for path in paths(document):
        value = _at(document, path)
        if isinstance(value, str) and path[0] not in ("nodes", "headers", "attachments"):
            found.setdefault(len(value), []).append(value)
    return {length: sorted(set(texts)) for length, texts in found.items()}


def _step(name: str, path: Path, value: Json) -> Mutant:
    where = ".".join(str(part) for part in path)
    return Mutant(f"{where}: {name}", ({"op": "set", "path": path, "value": value},))


def _of_part(
    document: Json, path: Path, values: dict[int, list[str]], dice: random.Random
) -> Iterator[Mutant]:
    value = _at(document, path)
    where = ".".join(str(part) for part in path)
    yield Mutant(f"{where}: removed", ({"op": "remove", "path": path},))
    for name, other in _wrong_types(value):
        yield _step(name, path, other)
    if isinstance(value, bool):
        yield _step("negated", path, not value)
    elif isinstance(value, int):
        for other in {value + 1, max(0, value - 1), 0, 255, (1 << 53) - 1} - {value}:
            yield _step(f"is {other}", path, other)
    elif isinstance(value, str) and path[0] not in ("nodes", "headers"):
        yield from _of_text(value, path, values, dice)
    elif isinstance(value, list):
        yield from _of_list(value, path, dice)
    elif isinstance(value, dict):
        steps = ({"op": "set", "path": [*path, "more"], "value": 1},)
        yield Mutant(f"{where}: a member more", steps)


def _wrong_types(value: Json) -> Iterator[tuple[str, Json]]:
    for name, other in (
        ("null", None),
        ("a list", []),
        ("an object", {}),
        ("a fraction", 0.5),
        ("negative", -1),
        ("huge", 10**30),
        ("true", True),
        ("no text", "zz"),
        ("empty", ""),
    ):
        if other != value or type(other) is not type(value):
            yield name, other


def _of_text(
    value: str, path: Path, values: dict[int, list[str]], dice: random.Random
) -> Iterator[Mutant]:
    for _ in range(2):
        place = dice.randrange(len(value)) if value else 0
        digit = dice.choice([d for d in "0123456789abcdef" if d not in value[place : place + 1]])
        yield _step(f"digit {place} is {digit}", path, value[:place] + digit + value[place + 1 :])
    yield _step("zero", path, "0" * len(value))
    yield (
        _step("upper case", path, value.upper())
        if value.upper() != value
        else _step("with 0x", path, "0x" + value)
    )
    yield _step("a byte less", path, value[2:])
    yield _step("a byte more", path, value + "00")
    others = [one for one in values.get(len(value), ()) if one != value]
    for other in dice.sample(others, min(4, len(others))):
        yield _step(f"is the value {other[:8]} from elsewhere", path, other)


def _of_list(value: list[Json], path: Path, dice: random.Random) -> Iterator[Mutant]:
    where = ".".join(str(part) for part in path)
    if not value:
        yield _step("holds a number", path, [0])
        return
    last = len(value) - 1
    yield _step("empty", path, [])
    yield (
        _step("reversed", path, value[::-1])
        if value != value[::-1]
        else _step("doubled", path, value * 2)
    )
    for place in {0, last, dice.randint(0, last)}:
        yield Mutant(
            f"{where}: item {place} twice",
            ({"op": "insert", "path": [*path, place], "value": value[place]},),
        )
        other = dice.randint(0, last)
        if other != place:
            yield Mutant(
                f"{where}: items {place} and {other} swapped",
                ({"op": "swap", "path": [*path, place], "with": [*path, other]},),
            )


def _changed(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes([data[place] ^ dice.randrange(1, 256)]) + data[place + 1 :]


def _of_nodes(
    document: Json, foreign: list[Json], dice: random.Random, bytes_each: int
) -> Iterator[Mutant]:
    sort = {"op": "sort", "path": ["nodes"]}
    for place, text in enumerate(document["nodes"]):
        data, path = bytes.fromhex(text), ["nodes", place]
        others = [_changed(data, dice) for _ in range(bytes_each)]
        others += [data[:-1], data + b"\0", b"\xbb\x40\x00\x00\x00", b"\xfb\x40\x00\x00\x00" + data]
        others += [b"\xc1" * 200, data[:40], b"\x80"]
        for other in others:
            step = {"op": "set", "path": path, "value": other.hex()}
            yield Mutant(f"nodes.{place}: changed", (step, sort))
    for other_bundle in foreign:
        for text in dice.sample(other_bundle["nodes"], min(5, len(other_bundle["nodes"]))):
            if text not in document["nodes"]:
                step = {"op": "insert", "path": ["nodes", 0], "value": text}
                yield Mutant("nodes: a foreign node more", (step, sort))


def _of_headers(
    document: Json, foreign: list[Json], dice: random.Random, bytes_each: int
) -> Iterator[Mutant]:
    headers = document["headers"]
    for place, text in enumerate(headers):
        data = bytes.fromhex(text)
        for other in (_changed(data, dice) for _ in range(4 * bytes_each)):
            yield _step("changed", ["headers", place], other.hex())
        for name, other in _header_fields(data, dice):
            yield _step(name, ["headers", place], other.hex())
        for given in foreign:
            for strange in given["headers"]:
                if strange not in headers:
                    yield _step("of another block", ["headers", place], strange)
                    for name, other in exchanged_seals(data, bytes.fromhex(strange)):
                        yield _step(name, ["headers", place], other.hex())


def _header_fields(data: bytes, dice: random.Random) -> Iterator[tuple[str, bytes]]:
    fields = list(rlp.decode(data))
    for place in range(len(fields)):
        for other in (b"", b"\1", bytes(32), fields[place] + b"\1", fields[(place + 1) % 15]):
            if other != fields[place]:
                changed = [*fields[:place], other, *fields[place + 1 :]]
                yield f"field {place} replaced", rlp.encode(changed)
    yield "a field more", rlp.encode([*fields, b""])
    yield "a field less", rlp.encode(fields[:-1])
    try:
        extra = rlp.decode(fields[12])
    except rlp.exceptions.DecodingError:
        return
    if not isinstance(extra, list):
        return
    for name, other in _extra_data(extra, dice):
        yield name, rlp.encode([*fields[:12], rlp.encode(other), *fields[13:]])


def _extra_data(extra: list[Any], dice: random.Random) -> Iterator[tuple[str, list[Any]]]:
    vanity, validators, vote, number, seals = extra
    for count in range(len(seals)):
        kept = seals[:count] + seals[count + 1 :]
        yield f"seal {count} dropped", [vanity, validators, vote, number, kept]
        twice = [*kept, seals[(count + 1) % len(seals)]]
        yield f"seal {count} is another's again", [vanity, validators, vote, number, twice]
        flipped = _flipped(seals[count])
        yield (
            f"seal {count} with the other s",
            [vanity, validators, vote, number, [*seals, flipped]],
        )
        forged = [*kept, _changed(seals[count], dice)]
        yield f"seal {count} forged", [vanity, validators, vote, number, forged]
    yield "seals reversed", [vanity, validators, vote, number, seals[::-1]]
    yield "no seals", [vanity, validators, vote, number, []]
    for count in range(len(validators)):
        fewer = validators[:count] + validators[count + 1 :]
        yield f"validator {count} dropped", [vanity, fewer, vote, number, seals]
        other = [*fewer, bytes([7]) * 20]
        yield f"validator {count} replaced", [vanity, other, vote, number, seals]
    yield "one validator only", [vanity, validators[:1], vote, number, seals[:1]]
    yield "another round", [vanity, validators, vote, b"\5", seals]
    yield "a vote", [vanity, validators, [bytes(20), b"\xff"], number, seals]
    yield "another vanity", [b"x", validators, vote, number, seals]


def _flipped(seal: bytes) -> bytes:
    """The same signature in its other form (s negated, recovery id changed)."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(seal[32:64])
    return seal[:32] + s.to_bytes(32) + bytes([seal[64] ^ 1])


def exchanged_seals(data: bytes, strange: bytes) -> Iterator[tuple[str, bytes]]:
    """A header with another's seals, and with another's state root."""
    fields, others = list(rlp.decode(data)), list(rlp.decode(strange))
    try:
        own, foreign = rlp.decode(fields[12]), rlp.decode(others[12])
    except rlp.exceptions.DecodingError:
        return
    if not isinstance(own, list) or not isinstance(foreign, list):
        return
    extra = rlp.encode([*own[:4], foreign[4]])
    yield "seals of another block", rlp.encode([*fields[:12], extra, *fields[13:]])
    swapped = [*fields[:3], others[3], *fields[4:]]
    yield "state root of another block", rlp.encode(swapped)


def _of_splices(document: Json, foreign: list[Json]) -> Iterator[Mutant]:
    """Whole members, and groups of them, of another bundle."""
    groups = [[name] for name in sorted(document)]
    groups += [["headers", "nodes"], ["runs", "versions", "accounts"], ["chain", "headers"]]
    groups += [["headers", "nodes", "runs", "versions", "accounts"], ["digests", "nodes"]]
    for number, other in enumerate(foreign):
        for group in groups:
            steps = tuple(
                {"op": "set", "path": [name], "value": other[name]}
                for name in group
                if other[name] != document[name]
            )
            if steps:
                yield Mutant(f"{', '.join(group)}: of bundle {number}", steps)


def _of_texts(text: str, dice: random.Random) -> Iterator[Mutant]:
    """Changes of the text itself: form, truncation, nesting, claims."""
    middle = len(text) // 2
    others = {
        "empty": "",
        "a space at the end": text + " ",
        "a line at the end": text + "\n",
        "a byte order mark": "\ufeff" + text,
        "cut in half": text[:middle],
        "another after it": text + text,
        "nested": "[" * 100_000,
        "nested objects": '{"a":' * 50_000,
        "a number without end": '{"format":' + "9" * 100_000 + "}",
        "not a number": '{"format":NaN}',
        "an exponent": '{"format":1e999999999}',
        "a name twice": text.replace('"format":', '"format":"x","format":', 1),
        "an escape": text.replace('"dragon', '"\\u0064ragon', 1),
        "a text that is no Unicode": '"\udcff"',
        "only a list": "[]",
        "spaces": text.replace(":", ": ", 1),
    }
    for name, other in others.items():
        yield Mutant(f"text: {name}", ({"op": "text", "value": other},))
    for _ in range(50):
        place = dice.randrange(len(text))
        other = text[:place] + dice.choice('0a"[]{},:x') + text[place + 1 :]
        if other != text:
            yield Mutant(f"text: character {place}", ({"op": "text", "value": other},))
