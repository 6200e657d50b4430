"""What a file may ask of the reader before it is refused.

A limit is this implementation's, not the method's: another implementation may digest what this
one refuses, and never gives another digest.
"""

from __future__ import annotations

from dataclasses import dataclass

from dragon_ledger.errors import UnsupportedContent

_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on time and memory; sizes in bytes, times in seconds of processor time.

    A file of F bytes may hold `free_expansion` + `expansion` * F bytes of values: deflate
    reaches 1032, and a file of one kilobyte can claim exabytes that were never written. HDF5 can
    loop forever on a damaged file: the reader ends after `stalled_seconds` without progress.
    """

    free_expansion: int = 16 * _GIB
    expansion: int = 1100
    objects: int = 500_000
    depth: int = 500
    filtered_chunk: int = 96 * 2**20
    element: int = 32 * 2**20
    attribute: int = 16 * 2**20
    memory: int = _GIB
    stalled_seconds: int = 30

    def values(self, file_size: int) -> int:
        """Bytes of values that a file of this size may hold."""
        return self.free_expansion + self.expansion * file_size


class Allowance:
    """What is left of the bytes of values that one file may hold."""

    def __init__(self, limits: Limits, file_size: int) -> None:
        self._left = limits.values(file_size)

    def spend(self, size: int, where: str) -> None:
        """Count bytes of values of the object `where`.

        Raises:
            UnsupportedContent: more than the file may hold.
        """
        self._left -= size
        if self._left < 0:
            raise UnsupportedContent(
                where, "more bytes of values than a file of this size may hold"
            )
