"""Every way to change one thing of some content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tests.digests.hdf5.layouts import Data, Folder, Soft, Value

Change = tuple[str, Folder]
_OTHER_NAME = "renamed"
_SAME_SIZE = {"i": "u", "u": "i"}


def changes(content: Folder) -> Iterator[Change]:
    """Give what was changed, and the changed content."""
    for name, child in content.children.items():
        others = {key: value for key, value in content.children.items() if key != name}
        yield f"without {name!r}", replace(content, children=others)
        if _OTHER_NAME not in content.children:
            yield f"{name!r} renamed", replace(content, children={**others, _OTHER_NAME: child})
        for what, changed in _child_changes(child):
            yield f"{name!r}: {what}", replace(content, children={**others, name: changed})
    for what, attributes in _attribute_changes(content.attributes):
        yield what, replace(content, attributes=attributes)
    if _OTHER_NAME not in content.children:
        yield "a new group", replace(content, children={**content.children, _OTHER_NAME: Folder()})


def _child_changes(child: Folder | Data | Soft) -> Iterator[tuple[str, Folder | Data | Soft]]:
    if isinstance(child, Soft):
        yield "another target", Soft(child.target + "x")
    elif isinstance(child, Folder):
        yield from changes(child)
    else:
        yield from _data_changes(child)


def _data_changes(data: Data) -> Iterator[tuple[str, Data]]:
    for what, value in _value_changes(data.value):
        yield what, replace(data, value=value)
    for what, attributes in _attribute_changes(data.attributes):
        yield what, replace(data, attributes=attributes)
    if data.value.size and data.value.ndim:
        yield "maxshape", replace(data, extensible=not data.extensible)
    yield "a further link", replace(data, shared=None if data.shared else "shared more")


def _attribute_changes(attributes: dict[str, Value]) -> Iterator[tuple[str, dict[str, Value]]]:
    yield "a new attribute", {**attributes, _OTHER_NAME + "@": np.array(1)}
    for name, value in attributes.items():
        others = {key: kept for key, kept in attributes.items() if key != name}
        yield f"without @{name!r}", others
        yield f"@{name!r} renamed", {**others, _OTHER_NAME: value}
        for what, changed in _value_changes(value):
            yield f"@{name!r}: {what}", {**others, name: changed}


def _value_changes(value: Value) -> Iterator[tuple[str, Value]]:
    yield "one more axis", value.reshape((*value.shape, 1))
    if value.dtype.kind in _SAME_SIZE:
        yield "signedness", value.view(_SAME_SIZE[value.dtype.kind] + str(value.dtype.itemsize))
    if value.size:
        for bit in (0, -1):
            yield f"bit {bit}", _with_bit(value, bit)


def _with_bit(value: Value, bit: int) -> Value:
    """Flip the first or the last bit; of a text, add a character."""
    changed = value.copy()
    if value.dtype.kind == "O":
        changed.reshape(-1)[bit] = changed.reshape(-1)[bit] + "x"
        return changed
    raw = np.frombuffer(bytearray(value.tobytes()), dtype=np.uint8)
    boolean = value.dtype.kind == "b" or (value.dtype.names and value.dtype[bit].kind == "b")
    raw[bit] ^= 1 if bit == 0 or boolean else 0x80
    return raw.view(value.dtype).reshape(value.shape)
