"""Random HDF5 content, and writing the same content in different layouts.

Content is plain Python; a `Layout` is everything that must not count.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

Value = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Data:
    """A dataset; `shared` puts a second hard link to it under this name in the root."""

    value: Value
    attributes: dict[str, Value] = field(default_factory=dict)
    extensible: bool = False
    shared: str | None = None


@dataclass(frozen=True)
class Soft:
    target: str


@dataclass(frozen=True)
class Folder:
    children: dict[str, Folder | Data | Soft] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """Ways to write that are not content."""

    seed: int = 0
    big_endian: bool = False
    padded: bool = False
    chunked: bool = False
    compression: str | None = None
    shuffle: bool = False
    fletcher32: bool = False
    libver: str = "earliest"
    user_block: int = 0
    track_times: bool = False
    track_order: bool = False
    fill: bool = False


layouts = st.builds(
    Layout,
    seed=st.integers(0, 1000),
    big_endian=st.booleans(),
    padded=st.booleans(),
    chunked=st.booleans(),
    compression=st.sampled_from([None, "gzip", "lzf"]),
    shuffle=st.booleans(),
    fletcher32=st.booleans(),
    libver=st.sampled_from(["earliest", "v108", "v110", "v112", "latest"]),
    user_block=st.sampled_from([0, 512, 2048]),
    track_times=st.booleans(),
    track_order=st.booleans(),
    fill=st.booleans(),
)

_numbers = st.one_of(
    npst.integer_dtypes(endianness="<"),
    npst.unsigned_integer_dtypes(endianness="<"),
    npst.floating_dtypes(endianness="<", sizes=(16, 32, 64)),
    npst.boolean_dtypes(),
)
_atoms = st.one_of(_numbers, st.integers(1, 6).map(lambda size: np.dtype(f"S{size}")))
_compounds = st.lists(_atoms, min_size=1, max_size=4).map(
    lambda types: np.dtype([(f"m{at}", one) for at, one in enumerate(types)])
)
_shapes = st.sampled_from([2, 1, 3, 0]).flatmap(
    lambda rank: st.tuples(*[st.sampled_from([3, 5, 2, 1, 0])] * rank)
)


@st.composite
def values(draw: st.DrawFn) -> Value:
    """An array of any fixed type with any bits, or of variable-length text."""
    shape = draw(_shapes)
    if draw(st.sampled_from(range(6))) == 5:
        texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
        flat = [draw(texts) for _ in range(int(np.prod(shape)))]
        return np.array(flat, dtype=h5py.string_dtype()).reshape(shape)
    dtype = draw(st.one_of(_numbers, _atoms, _compounds))
    size = int(np.prod(shape)) * dtype.itemsize
    raw = bytearray(draw(st.binary(min_size=size, max_size=size)))
    value = np.frombuffer(raw, dtype=dtype).reshape(shape)
    return _with_real_booleans(value)


def _with_real_booleans(value: Value) -> Value:
    """Booleans from random bytes are neither True nor False; make them so."""
    value = value.copy()
    if value.dtype.kind == "b":
        return (value.view(np.uint8) & 1).astype(bool)
    for name in value.dtype.names or ():
        if value.dtype[name].kind == "b":
            value[name] = (value[name].view(np.uint8) & 1).astype(bool)
    return value


names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=4,
).filter(lambda name: name.strip(".") != "")
_attributes = st.dictionaries(names, values(), max_size=3)
_data = st.builds(
    Data,
    value=values(),
    attributes=_attributes,
    extensible=st.booleans(),
    shared=st.one_of(st.none(), names.map(lambda name: "shared " + name)),
)
_leaves = st.one_of(_data, _data, _data, st.builds(Soft, target=names))
_folders = st.recursive(
    st.builds(Folder, st.dictionaries(names, _leaves, max_size=3), _attributes),
    lambda inner: st.builds(
        Folder, st.dictionaries(names, st.one_of(_leaves, inner), max_size=3), _attributes
    ),
    max_leaves=4,
)
contents = st.builds(
    Folder,
    st.dictionaries(names, st.one_of(_data, _folders), min_size=1, max_size=4),
    _attributes,
)


def write(path: Path, content: Folder, layout: Layout) -> None:
    """Write content in a layout."""
    order = random.Random(layout.seed)
    with h5py.File(
        path,
        "w",
        libver=(layout.libver, "latest"),
        userblock_size=layout.user_block,
        track_order=layout.track_order,
    ) as file:
        _fill(file, content, layout, order, file)


def _shuffled(mapping: dict[str, Any], order: random.Random) -> list[tuple[str, Any]]:
    items = list(mapping.items())
    order.shuffle(items)
    return items


def _fill(
    group: h5py.Group, content: Folder, layout: Layout, order: random.Random, root: h5py.Group
) -> None:
    for name, child in _shuffled(content.children, order):
        if isinstance(child, Soft):
            group[name] = h5py.SoftLink(child.target)
        elif isinstance(child, Folder):
            below = group.create_group(name, track_order=layout.track_order)
            _fill(below, child, layout, order, root)
        else:
            _write_data(group, name, child, layout, order, root)
    _write_attributes(group, content.attributes, layout, order)


def _write_data(
    group: h5py.Group,
    name: str,
    data: Data,
    layout: Layout,
    order: random.Random,
    root: h5py.Group,
) -> None:
    value = _in_layout(data.value, layout)
    options: dict[str, Any] = {"track_times": layout.track_times}
    if value.size and value.ndim:
        options["maxshape"] = (None,) * value.ndim if data.extensible else None
        if layout.chunked or data.extensible:
            options["chunks"] = tuple(order.randint(1, extent) for extent in value.shape)
            options["compression"] = layout.compression
            options["shuffle"] = layout.shuffle
            options["fletcher32"] = layout.fletcher32 and value.dtype.kind != "O"
        if layout.fill and value.dtype.kind in "iuf":
            options["fillvalue"] = 1
    dataset = group.create_dataset(name, data=value, dtype=value.dtype, **options)
    _write_attributes(dataset, data.attributes, layout, order)
    if data.shared is not None and data.shared not in root:
        root[data.shared] = dataset


def _write_attributes(
    owner: h5py.HLObject, attributes: dict[str, Value], layout: Layout, order: random.Random
) -> None:
    for name, value in _shuffled(attributes, order):
        written = _in_layout(value, layout)
        owner.attrs.create(name, written, dtype=written.dtype)


def _in_layout(value: Value, layout: Layout) -> Value:
    dtype = value.dtype
    if dtype.kind == "O":
        return value
    if layout.padded and dtype.names:
        members = [(name, dtype[name]) for name in dtype.names]
        dtype = np.dtype(members, align=True)
    if layout.big_endian:
        dtype = dtype.newbyteorder(">")
    return _bitwise(value, dtype)


def _bitwise(value: Value, dtype: np.dtype[Any]) -> Value:
    """Copy without arithmetic: a cast may quieten signalling NaNs."""
    if not dtype.names:
        swapped = dtype.byteorder == ">" and dtype.itemsize > 1
        return value.byteswap().view(dtype) if swapped else value.view(dtype)
    result = np.full(value.shape, 0, dtype=dtype)
    for name in dtype.names:
        result[name] = _bitwise(np.ascontiguousarray(value[name]), dtype[name]).reshape(value.shape)
    return result


def with_shared_names_kept(content: Folder) -> Folder:
    """Which of two equal `shared` names wins depends on the order of writing: make them differ."""
    return _renamed(content, [0])


def _renamed(content: Folder, count: list[int]) -> Folder:
    children: dict[str, Folder | Data | Soft] = {}
    for name, child in content.children.items():
        if isinstance(child, Data) and child.shared is not None:
            count[0] += 1
            children[name] = replace(child, shared=f"{child.shared} {count[0]}")
        else:
            children[name] = _renamed(child, count) if isinstance(child, Folder) else child
    return replace(content, children=children)
