"""What a file says, listed with h5py's high-level interface: an oracle that shares no code.

It sees less than the digest (no padding or character set of strings), so equal lists do not
prove equal content, but different lists prove different content.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np


def listing(path: Path) -> list[tuple[str, ...]]:
    """Give one line for each path, sorted."""
    with h5py.File(path) as file:
        lines: list[tuple[str, ...]] = [("/", "group", *_attributes(file, file))]
        _list(file, file["/"], "/", {file["/"].id.__hash__()}, lines)
    return sorted(lines)


def _list(
    file: h5py.File, group: h5py.Group, at: str, above: set[int], lines: list[tuple[str, ...]]
) -> None:
    for name in group:
        path = at + name
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            lines.append((path, "soft", link.path))
            continue
        node = group[name]
        lines.append((path, type(node).__name__, *_attributes(file, node), *_value(file, node)))
        if isinstance(node, h5py.Group) and hash(node.id) not in above:
            _list(file, node, path + "/", above | {hash(node.id)}, lines)


def _attributes(file: h5py.File, node: Any) -> list[str]:
    found = []
    for name in sorted(node.attrs):
        raw = node.attrs.get_id(name)
        value = node.attrs[name]
        found.append(f"@{name} {raw.dtype.newbyteorder('<')} {raw.shape} {_shown(file, value)}")
    return found


def _value(file: h5py.File, node: Any) -> list[str]:
    if isinstance(node, h5py.Dataset):
        kind = node.dtype.newbyteorder("<")
        return [str(kind), str(node.shape), str(node.maxshape), _shown(file, node[()])]
    return [str(node.dtype.newbyteorder("<"))] if isinstance(node, h5py.Datatype) else []


def _shown(file: h5py.File, value: Any) -> str:
    if isinstance(value, h5py.Reference):
        return f"-> {file[value].name}" if value else "-> nothing"
    if isinstance(value, np.ndarray | np.void) and value.dtype.names:
        return str([_shown(file, value[name]) for name in value.dtype.names])
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return str([_shown(file, one) for one in value.reshape(-1)])
    if isinstance(value, np.ndarray | np.generic):
        little = np.asarray(value)
        return little.astype(little.dtype.newbyteorder("<")).tobytes().hex()
    return repr(value)
