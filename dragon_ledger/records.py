"""The frozen values that flow through every room.

This module imports nothing of the project. Times are seconds since the Unix epoch (UTC) as
the block's timestamp gives them; digests and identifiers are 32 raw bytes; addresses are 20 raw bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest together with the name of the method that made it (DESIGN.md section 4)."""

    method: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.method}:{self.value.hex()}"
