"""Writes the HDF5 files of tests/vectors/hdf5-content-digest and `vectors.json` beside them.

    .venv/bin/python tests/digests/hdf5/make_vectors.py

The files are committed: another HDF5 library writes other bytes of the same content.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5s, h5t

from dragon_ledger.digests.hdf5 import Hdf5Worker
from dragon_ledger.errors import UnsupportedContent

HERE = Path(__file__).resolve().parents[2] / "vectors" / "hdf5-content-digest"
Fill = Callable[[h5py.File], object]


def numbers(order: str) -> Fill:
    def fill(file: h5py.File) -> None:
        for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"):
            file[kind] = np.array([[0, 1, 2], [3, 100, 127]], dtype=kind).astype(order + kind)
        bits = np.array([0x80000000, 0x7FC00001, 0xFF800000], dtype="<u4").view("<f4")
        file["special"] = bits if order == "<" else bits.byteswap().view(">f4")

    return fill


def text(file: h5py.File) -> None:
    file["variable utf-8"] = ["", "a", "é"]
    file.create_dataset("variable ascii", data=["b"], dtype=h5py.string_dtype("ascii"))
    fixed = h5py.string_dtype("utf-8", 3)
    file.create_dataset("fixed utf-8", data=np.array(["é".encode()], dtype=fixed), dtype=fixed)
    file["fixed ascii"] = np.array([b"ab", b"cde"])
    file.attrs["title"] = "scalar"


def padding_of_text(file: h5py.File) -> None:
    for padding, name in (
        (h5t.STR_NULLTERM, b"0"),
        (h5t.STR_NULLPAD, b"1"),
        (h5t.STR_SPACEPAD, b"2"),
    ):
        tid = h5t.C_S1.copy()
        tid.set_size(4)
        tid.set_strpad(padding)
        raw = np.frombuffer(b"a\x00xyabcd", dtype="V4")
        h5d.create(file.id, name, tid, h5s.create_simple((2,))).write(h5s.ALL, h5s.ALL, raw, tid)


def compound(align: bool) -> Fill:
    def fill(file: h5py.File) -> None:
        inner = [("x", "<f4"), ("n", "<i2", (2,))]
        dtype = np.dtype(
            [("flag", "?"), ("p", np.dtype(inner, align=align)), ("s", "S3")], align=align
        )
        values = np.zeros(2, dtype=dtype)
        values[0] = (True, (1.5, (1, 2)), b"ab")
        file["d"] = values

    return fill


def enumeration(file: h5py.File) -> None:
    dtype = h5py.enum_dtype({"RED": -1, "GREEN": 1}, basetype="<i2")
    file.create_dataset("d", data=np.array([1, -1], dtype="<i2"), dtype=dtype)
    file["truth"] = np.array([True, False])


def sequences(file: h5py.File) -> None:
    lists = file.create_dataset("lists", (3,), dtype=h5py.vlen_dtype("<i4"))
    lists[0], lists[2] = [1, 2], [3]


def spaces(file: h5py.File) -> None:
    file["scalar"] = np.int32(7)
    file["null"] = h5py.Empty("<i4")
    file.create_dataset("none", (0, 3), "<i4")
    file.create_dataset("growing", data=np.arange(3, dtype="<i4"), maxshape=(None,))
    file.create_dataset("bounded", data=np.arange(3, dtype="<i4"), maxshape=(9,), chunks=(2,))
    file.create_dataset("unwritten", (5,), "<i4", fillvalue=3)


def links(file: h5py.File) -> None:
    file["b/data"] = np.arange(3, dtype="<i4")
    file["a"] = file["b/data"]
    file["b/up"] = file["/"]
    file["soft"] = h5py.SoftLink("/b/data")
    file["dangling"] = h5py.SoftLink("nowhere")
    file["type"] = np.dtype("<f8")
    for name in ("a.", "a-", "B", "é", "b c"):
        file.create_group("names/" + name)


def references(file: h5py.File) -> None:
    file["x"] = np.arange(2, dtype="<f4")
    file["d"] = np.zeros((2, 2), dtype="<f4")
    file["x"].make_scale("axis")
    file["d"].dims[1].attach_scale(file["x"])
    file["d"].dims[0].attach_scale(file["x"])
    pointers = file.create_dataset("pointers", (2,), dtype=h5py.ref_dtype)
    pointers[0] = file["d"].ref


def attributes(file: h5py.File) -> None:
    group = file.create_group("g")
    for name, value in {"b": np.arange(3, dtype="<i4"), "a": np.float32(1), "é": "text"}.items():
        group.attrs[name] = value
    group.attrs["empty"] = h5py.Empty("<f4")


def blocks(options: dict[str, object]) -> Fill:
    """Just over two blocks of 1 MiB, in a pattern that compresses well."""

    def fill(file: h5py.File) -> None:
        values = np.tile(np.arange(16, dtype="<u4"), 2 * 2**14 + 1)
        file.create_dataset("d", data=values, compression="gzip", compression_opts=9, **options)

    return fill


def tensor(file: h5py.File) -> None:
    """A small model in Keras's layout."""
    file.attrs["keras_version"] = "3.0.0"
    for layer in ("dense", "dense_1"):
        weights = file.create_group(f"model_weights/{layer}")
        weights.attrs["weight_names"] = [b"kernel", b"bias"]
        weights["kernel"] = np.linspace(-1, 1, 12, dtype="<f4").reshape(3, 4)
        weights["bias"] = np.zeros(4, dtype="<f4")


def custom_floats(file: h5py.File) -> None:
    for name, exponent, mantissa, bias in ((b"bfloat16", 8, 7, 127), (b"e4m3", 4, 3, 7)):
        tid = h5t.IEEE_F32LE.copy()
        tid.set_fields(exponent + mantissa, mantissa, exponent, 0, mantissa)
        tid.set_ebias(bias)
        tid.set_precision(1 + exponent + mantissa)
        tid.set_size((1 + exponent + mantissa) // 8)
        raw = np.arange(4, dtype=np.uint8)[: 4 // tid.get_size() * tid.get_size()]
        count = len(raw) // tid.get_size()
        values = raw.view(np.dtype((np.void, tid.get_size())))
        h5d.create(file.id, name, tid, h5s.create_simple((count,))).write(
            h5s.ALL, h5s.ALL, values, tid
        )


def opaque(file: h5py.File) -> None:
    tid = h5t.create(h5t.OPAQUE, 2)
    tid.set_tag(b"a tag")
    raw = np.frombuffer(b"abcd", dtype="V2")
    h5d.create(file.id, b"d", tid, h5s.create_simple((2,))).write(h5s.ALL, h5s.ALL, raw, tid)


def external(file: h5py.File) -> None:
    file["l"] = h5py.ExternalLink("other.h5", "/x")


def region(file: h5py.File) -> None:
    file["d"] = np.arange(4)
    file.attrs["r"] = file["d"].regionref[1:2]


FILES: dict[str, tuple[str, Fill, dict[str, object]]] = {
    "empty": ("a root group and nothing else", lambda file: file, {}),
    "empty-user-block": (
        "the same, newer format, after 512 bytes",
        lambda file: file,
        {"userblock_size": 512, "libver": "latest"},
    ),
    "numbers": ("every integer and IEEE 754 type, little-endian", numbers("<"), {}),
    "numbers-big-endian": ("the same, big-endian", numbers(">"), {"libver": "latest"}),
    "text": ("variable and fixed strings", text, {}),
    "padding": ("three kinds of padding with bytes after a NUL", padding_of_text, {}),
    "compound": ("nested, with an array and a bool, packed", compound(False), {}),
    "compound-aligned": ("the same with padding", compound(True), {}),
    "enumeration": ("an enumeration and a bool", enumeration, {}),
    "sequences": ("variable-length sequences", sequences, {}),
    "spaces": ("scalar, null, empty, extensible and never written", spaces, {}),
    "links": ("aliases, a cycle, soft links, a committed type, order of names", links, {}),
    "references": ("object references and dimension scales", references, {}),
    "attributes": ("order of names, an empty one", attributes, {"track_order": True}),
    "blocks": ("more than two blocks", blocks({"chunks": (2**14,)}), {}),
    "blocks-other-chunks": (
        "the same in other chunks",
        blocks({"chunks": (777,), "shuffle": True}),
        {},
    ),
    "model": ("weights in Keras's layout", tensor, {}),
    "custom-floats": ("bfloat16 and float8", custom_floats, {}),
    "opaque": ("opaque with a tag", opaque, {}),
    "refused-external-link": ("refused", external, {}),
    "refused-region": ("refused", region, {}),
}


def main() -> None:
    with Hdf5Worker() as worker:
        vectors = [_vector(worker, name, *case) for name, case in FILES.items()]
    text = json.dumps(vectors, indent=1, ensure_ascii=False)
    (HERE / "vectors.json").write_text(text + "\n", encoding="utf-8")


def _vector(
    worker: Hdf5Worker, name: str, about: str, fill: Fill, options: dict[str, object]
) -> dict[str, object]:
    path = HERE / f"{name}.h5"
    if not path.exists():
        with h5py.File(path, "w", **options) as file:
            fill(file)
    vector: dict[str, object] = {"file": path.name, "about": about}
    try:
        digest = worker.digest(path)
    except UnsupportedContent as error:
        return {**vector, "refused": {"where": error.where.split(": ")[1], "what": error.what}}
    proofs = {one: worker.prove(path, one) for one in _paths(path)}
    entries = {one: proof.entry.hex() for one, proof in proofs.items()}
    last = list(proofs.values())[-1].to_json()
    return {**vector, "digest": str(digest), "entries": entries, "proof of the last": last}


def _paths(path: Path) -> list[str]:
    """All paths in the order of the method: that of the proofs' indexes."""
    found = ["/"]
    with h5py.File(path) as file:
        seen = {file["/"]}
        _collect(file["/"], "", seen, found)
    return found


def _collect(group: h5py.Group, above: str, seen: set[object], found: list[str]) -> None:
    for name in sorted(group, key=str.encode):
        found.append(f"{above}/{name}")
        if isinstance(group.get(name, getlink=True), h5py.HardLink) and group[name] not in seen:
            seen.add(group[name])
            if isinstance(group[name], h5py.Group):
                _collect(group[name], f"{above}/{name}", seen, found)


if __name__ == "__main__":
    main()
