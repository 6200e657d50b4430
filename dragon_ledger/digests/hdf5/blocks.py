"""Hashing of canonical bytes in blocks, on all cores.

`hashlib` lets go of Python's global lock for large inputs, so threads hash in parallel, straight
from a memory map or from buffers; nothing here touches HDF5.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from math import gcd
from threading import BoundedSemaphore
from types import TracebackType
from typing import Self

from dragon_ledger.digests.hdf5.merkle import BLOCK, block_hashes, leaf_hash, root_hash

_PIECE = 4 * BLOCK
"""What a thread hashes in one go."""

_PENDING_PIECES = 64
_PIECES_IN_MEMORY = 12
_PIECES_PER_CORE = 4
"""How many pieces may wait: for one tree; that take memory; of the map, for each core."""

_INLINE = 2**15
"""Bytes below which handing over to a thread takes longer than hashing."""


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class BlockPool:
    """Threads that hash blocks; holds back who submits faster than they hash."""

    def __init__(self) -> None:
        cores = usable_cores()
        self._threads = ThreadPoolExecutor(cores, thread_name_prefix="hash")
        self._mapped = BoundedSemaphore(_PIECES_PER_CORE * cores)
        self._buffered = BoundedSemaphore(_PIECES_IN_MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def submit(self, piece: memoryview, *, mapped: bool) -> Future[bytes]:
        """Hash a piece; the result is its blocks' leaf hashes, 32 bytes each, in order.

        Pieces that are not `mapped` from the file take memory: fewer of them may wait.
        """
        places = self._mapped if mapped else self._buffered
        places.acquire()
        future = self._threads.submit(block_hashes, piece)
        future.add_done_callback(lambda _: places.release())
        return future


class DataTree:
    """The Merkle tree over one value's canonical bytes, fed from front to back.

    Bytes that were added must stay as they are until `root` has returned.
    """

    def __init__(self, pool: BlockPool) -> None:
        self._pool = pool
        self._leaves = bytearray()
        self._pending: deque[Future[bytes]] = deque()
        self._rest = bytearray()

    def add(self, data: memoryview, *, mapped: bool = False) -> None:
        """Take the next bytes; `data` is one-dimensional, of single bytes."""
        if self._rest:
            missing = BLOCK - len(self._rest)
            self._rest += data[:missing]
            data = data[missing:]
            if len(self._rest) < BLOCK:
                return
            self._submit_rest()
        whole = len(data) // BLOCK * BLOCK
        for at in range(0, whole, _PIECE):
            self._submit(data[at : min(at + _PIECE, whole)], mapped=mapped)
        self._rest += data[whole:]

    def add_repeated(self, pattern: bytes, size: int) -> None:
        """Take `size` bytes that repeat a pattern, as the first bytes of a tree.

        After len(pattern) / gcd(len(pattern), BLOCK) blocks the blocks repeat, too.
        """
        whole = size // BLOCK
        distinct = min(whole, len(pattern) // gcd(len(pattern), BLOCK))
        leaves = [leaf_hash(_repeated(pattern, at * BLOCK, BLOCK)) for at in range(distinct)]
        if distinct:
            turns, rest = divmod(whole, distinct)
            self._leaves += b"".join(leaves) * turns + b"".join(leaves[:rest])
        self._rest += _repeated(pattern, whole * BLOCK, size % BLOCK)

    def is_ready(self) -> bool:
        """Tell whether `root` would return without waiting."""
        return all(future.done() for future in self._pending)

    def finish(self) -> None:
        """Say that no byte follows."""
        if self._rest:
            self._submit_rest()

    def root(self) -> bytes:
        """Wait for the threads and return the root."""
        while self._pending:
            self._leaves += self._pending.popleft().result()
        return root_hash(self._leaves)

    def _submit_rest(self) -> None:
        self._submit(memoryview(self._rest), mapped=False)
        self._rest = bytearray()

    def _submit(self, piece: memoryview, *, mapped: bool) -> None:
        if len(piece) <= _INLINE and not self._pending:
            self._leaves += block_hashes(piece)
            return
        self._pending.append(self._pool.submit(piece, mapped=mapped))
        if len(self._pending) > _PENDING_PIECES:
            self._leaves += self._pending.popleft().result()


def _repeated(pattern: bytes, start: int, count: int) -> bytes:
    first = start % len(pattern)
    return (pattern * ((first + count) // len(pattern) + 1))[first : first + count]
