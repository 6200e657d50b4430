"""The entry of one object: what it is, its attributes, and the tree over its values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from h5py import h5a, h5d, h5g

from dragon_ledger.digests.hdf5.blocks import BlockPool, DataTree
from dragon_ledger.digests.hdf5.datatypes import (
    Compound,
    Datatype,
    Integer,
    ObjectReference,
    is_fixed,
)
from dragon_ledger.digests.hdf5.entries import (
    alias_entry,
    attribute_leaf,
    dataset_head,
    datatype_entry,
    group_entry,
    soft_link_entry,
)
from dragon_ledger.digests.hdf5.library import reading
from dragon_ledger.digests.hdf5.limits import Allowance, Limits
from dragon_ledger.digests.hdf5.merkle import data_root, leaf_hash, root_hash
from dragon_ledger.digests.hdf5.method import Progress
from dragon_ledger.digests.hdf5.openfile import OpenFile
from dragon_ledger.digests.hdf5.space import Space, read_space
from dragon_ledger.digests.hdf5.storage import Stored, read_storage
from dragon_ledger.digests.hdf5.typereader import read_type
from dragon_ledger.digests.hdf5.values import ValueReader, read_attribute
from dragon_ledger.digests.hdf5.variable import codec
from dragon_ledger.digests.hdf5.walk import Alias, Node, SoftLink, Step, Walker, shown
from dragon_ledger.errors import UnsupportedContent


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """An entry whose data may still be in the threads' hands."""

    head: bytes
    data: DataTree | None = None

    def is_ready(self) -> bool:
        """Tell whether `leaf` would return without waiting."""
        return self.data is None or self.data.is_ready()

    def entry(self) -> bytes:
        """Wait for the data and return the entry's bytes."""
        return self.head if self.data is None else self.head + self.data.root()


class Meter:
    """Turns bytes of values into bytes of the file: the only total that is known beforehand."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        """Report to `progress`, if any, how much of `total` bytes is done."""
        self._total, self._progress = total, progress
        self._done, self._share = 0.0, 1.0

    def begin(self, stored: int, values: int) -> None:
        """Say that `values` bytes follow which take `stored` bytes of the file."""
        self._share = stored / values if values else 0.0

    def advance(self, values: int) -> None:
        """Count bytes of values."""
        self._done = min(self._total, self._done + values * self._share)
        if self._progress:
            self._progress(int(self._done), self._total)


class ObjectReader:
    """Reads the objects of one open file."""

    def __init__(
        self, file: OpenFile, walker: Walker, pool: BlockPool, limits: Limits, meter: Meter
    ) -> None:
        self._walker, self._pool, self._limits, self._meter = walker, pool, limits, meter
        self._allowance = Allowance(limits, file.size)
        self._values = ValueReader(file.mapped, limits, self._allowance, meter.advance)

    def entry(self, step: Step) -> PendingEntry:
        """Return the entry for one path.

        Raises:
            UnsupportedContent: the object holds something that the method refuses.
            Damaged: HDF5 cannot read it.
        """
        if isinstance(step, SoftLink):
            return PendingEntry(soft_link_entry(step.path, step.target))
        if isinstance(step, Alias):
            return PendingEntry(alias_entry(step.path, step.target))
        attributes = self._attributes(step.node, shown(step.path))
        if isinstance(step.node, h5g.GroupID):
            return PendingEntry(group_entry(step.path, attributes))
        if isinstance(step.node, h5d.DatasetID):
            return self._dataset(step.path, step.node, attributes)
        with reading(shown(step.path)):
            datatype = read_type(step.node, shown(step.path))
        return PendingEntry(datatype_entry(step.path, attributes, datatype.encoding()))

    def _dataset(self, path: bytes, dataset: h5d.DatasetID, attributes: bytes) -> PendingEntry:
        where = shown(path)
        with reading(where):
            tid, space = dataset.get_type(), read_space(dataset.get_space())
            storage = read_storage(dataset, where)
            stored = Stored(dataset, tid, read_type(tid, where), space, storage, where)
        size = space.elements() * tid.get_size()
        self._allowance.spend(stored.cost(size), where)
        self._meter.begin(storage.size, size)
        head = dataset_head(path, attributes, stored.datatype.encoding(), space.encoding())
        return PendingEntry(head, self._data(stored))

    def _data(self, stored: Stored) -> DataTree:
        tree = DataTree(self._pool)
        if not stored.space.elements():
            return tree
        if is_fixed(stored.datatype):
            self._values.feed_fixed(stored, tree)
        else:
            resolve = partial(self._walker.path_of, where=stored.where)
            values = codec(stored.tid, stored.datatype, stored.where, resolve)
            self._values.feed_variable(stored, values, tree)
        tree.finish()
        return tree

    def _attributes(self, node: Node, where: str) -> bytes:
        names: list[bytes] = []
        with reading(where):
            if h5a.get_num_attrs(node):
                h5a.iterate(node, names.append)
        leaves = (self._attribute(node, name, where) for name in sorted(names))
        return root_hash(b"".join(map(leaf_hash, leaves)))

    def _attribute(self, node: Node, name: bytes, owner: str) -> bytes:
        where = f"{owner}@{shown(name)}"
        with reading(where):
            attribute = h5a.open(node, name)
            tid, space = attribute.get_type(), read_space(attribute.get_space())
            datatype = read_type(tid, where)
        if space.elements() * tid.get_size() > self._limits.attribute:
            raise UnsupportedContent(where, f"more than {self._limits.attribute} bytes")
        resolve = partial(self._walker.path_of, where=where)
        values = codec(tid, datatype, where, resolve)
        encoded = read_attribute(attribute, space, values, where)
        if _is_back_references(name, datatype, space):
            encoded.sort()
        data = data_root(b"".join(encoded))
        return attribute_leaf(name, datatype.encoding(), space.encoding(), data)


def _is_back_references(name: bytes, datatype: Datatype, space: Space) -> bool:
    """Tell whether this lists the datasets that use a dimension scale: a set, in any order."""
    if (
        name != b"REFERENCE_LIST"
        or not isinstance(datatype, Compound)
        or len(space.dims or ()) != 1
    ):
        return False
    kinds = [type(member.type) for member in datatype.members]
    return kinds == [ObjectReference, Integer]
