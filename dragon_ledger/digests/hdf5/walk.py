"""The paths of a file, in the method's order, and which object each one leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from h5py import h5d, h5f, h5g, h5l, h5o, h5r, h5t

from dragon_ledger.digests.hdf5.library import Damaged, reading
from dragon_ledger.digests.hdf5.limits import Limits
from dragon_ledger.errors import UnsupportedContent

Node: TypeAlias = h5g.GroupID | h5d.DatasetID | h5t.TypeID


@dataclass(frozen=True, slots=True)
class Found:
    """The first path that leads to an object: its canonical path."""

    path: bytes
    node: Node


@dataclass(frozen=True, slots=True)
class Alias:
    """A further path to an object, and that object's canonical path."""

    path: bytes
    target: bytes


@dataclass(frozen=True, slots=True)
class SoftLink:
    """A link by name; the target need not exist."""

    path: bytes
    target: bytes


Step = Found | Alias | SoftLink
_Child = tuple[h5g.GroupID, bytes, bytes]
_LINK_KINDS = {h5l.TYPE_EXTERNAL: "an external link"}


def shown(path: bytes) -> str:
    """Return a path for messages and for proofs.

    Raises:
        UnsupportedContent: it is not UTF-8.
    """
    try:
        return path.decode()
    except UnicodeDecodeError as error:
        raise UnsupportedContent(repr(path), "a name that is not UTF-8") from error


class _Known:
    """The objects met so far, by address; most have one link, and for those no path is kept."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.objects
        self._single: set[int] = set()
        self._paths: dict[int, bytes] = {}

    def enter(self, address: int, links: int, path: bytes) -> bytes | None:
        """Note an object and return None, or return the path under which it was met before."""
        if address in self._paths:
            return self._paths[address]
        if address in self._single:
            raise Damaged(
                f"{shown(path)}: the file is damaged: an object that says it has one link has two"
            )
        if links > 1:
            self._paths[address] = path
        else:
            self._single.add(address)
        if len(self._single) + len(self._paths) > self._limit:
            raise UnsupportedContent(shown(path), f"more than {self._limit} objects")
        return None


def _address(node: Node) -> int:
    return int(h5o.get_info(node).addr)


class Walker:
    """Walks one open file."""

    def __init__(self, file: h5f.FileID, limits: Limits, tick: Callable[[int], None]) -> None:
        """Walk an open file within `limits`; `tick(0)` is called at every path."""
        self._file = file
        self._limits = limits
        self._tick = tick
        self._all_paths: dict[int, bytes] | None = None

    def steps(self) -> Iterator[Step]:
        """Give every path, depth first, siblings in byte order of their names.

        Raises:
            UnsupportedContent: a link that leads out of the file or is user-defined, a name that
                is not UTF-8, or more objects or levels than the limits allow.
            Damaged: what the file says cannot be.
        """
        known = _Known(self._limits)
        with reading("/"):
            root = h5g.open(self._file, b"/")
            known.enter(_address(root), links=2, path=b"/")
        yield Found(b"/", root)
        levels = [self._children(root, b"")]
        while levels:
            child = next(levels[-1], None)
            if child is None:
                levels.pop()
                continue
            step = self._step(*child, known)
            self._tick(0)
            yield step
            if isinstance(step, Found) and isinstance(step.node, h5g.GroupID):
                levels.append(self._children(step.node, step.path))
                self._check_depth(levels, step.path)

    def path_of(self, reference: object, where: str) -> bytes:
        """Return the canonical path of a referenced object; empty for a null reference.

        Args:
            reference: an object reference as h5py gives it.
            where: what holds the reference, for messages.

        Raises:
            UnsupportedContent: no path leads to the object, or it is no longer there.
        """
        if not reference:
            return b""
        try:
            address = _address(h5r.dereference(reference, self._file))
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise UnsupportedContent(where, "a reference to an object that is gone") from error
        if self._all_paths is None:
            self._all_paths = self._paths()
        if address not in self._all_paths:
            raise UnsupportedContent(where, "a reference to an object that no path leads to")
        return self._all_paths[address]

    def _paths(self) -> dict[int, bytes]:
        return {_address(step.node): step.path for step in self.steps() if isinstance(step, Found)}

    def _children(self, group: h5g.GroupID, path: bytes) -> Iterator[_Child]:
        names: list[bytes] = []
        with reading(shown(path or b"/")):
            group.links.iterate(names.append)
        names.sort()
        if any(one == other for one, other in pairwise(names)):
            raise Damaged(f"{shown(path or b'/')}: the file is damaged: two links of one name")
        for name in names:
            yield group, name, path + b"/" + name

    def _step(self, group: h5g.GroupID, name: bytes, path: bytes, known: _Known) -> Step:
        where = shown(path)
        with reading(where):
            kind = group.links.get_info(name).type
            if kind == h5l.TYPE_SOFT:
                return SoftLink(path, group.links.get_val(name))
        if kind != h5l.TYPE_HARD:
            raise UnsupportedContent(where, _LINK_KINDS.get(kind, "a user-defined link"))
        with reading(where):
            node = h5o.open(group, name)
            info = h5o.get_info(node)
        target = known.enter(info.addr, info.rc, path)
        return Alias(path, target) if target else Found(path, node)

    def _check_depth(self, levels: Sized, path: bytes) -> None:
        if len(levels) > self._limits.depth:
            raise UnsupportedContent(
                shown(path), f"more than {self._limits.depth} levels of groups"
            )
