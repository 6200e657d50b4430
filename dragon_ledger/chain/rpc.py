"""A JSON-RPC request as web3's providers take it."""

from __future__ import annotations

from typing import Any, NamedTuple


class Call(NamedTuple):
    """One JSON-RPC request: its method and its parameters."""

    method: str
    params: tuple[Any, ...] = ()
