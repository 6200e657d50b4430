"""Keeps the interpreter's recursion limit where it was.

py_ecc, which web3 and eth-account bring along, raises the limit to 100 000 when it is imported.
The parser of JSON then follows a file of so many brackets until the stack overflows, and the
process ends with a segmentation fault instead of an error.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module


def keep_recursion_limit() -> None:
    """Import py_ecc before anything else does, and put the limit back.

    A module runs once: whatever imports it later changes nothing.
    """
    limit = sys.getrecursionlimit()
    with suppress(ModuleNotFoundError):  # then nobody raises it
        import_module("py_ecc")
    sys.setrecursionlimit(limit)
