"""Where HDF5's errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dragon_ledger.errors import InputError


class Damaged(InputError):
    """HDF5 could not read a file, or a part of it; its own state is not to be trusted any more."""


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Translate what h5py raises on a damaged or unreadable part of a file.

    Raises:
        Damaged: HDF5 could not read `where`.
    """
    try:
        yield
    except MemoryError as error:
        raise Damaged(f"{where}: needs more memory than the limit allows") from error
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError) as error:
        # h5py maps HDF5's error stack to any of these, by the kind of failure.
        raise Damaged(f"{where}: cannot be read, the file is damaged: {error}") from error
