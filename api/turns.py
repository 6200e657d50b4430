"""Large traces one after the other.

Python runs one thread at a time: a verdict on 100 rounds of 100 sites keeps it busy for most of a
second, several of them at once keep everybody else waiting, and none of them is done earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from anyio import to_thread
from starlette.responses import Response

from api.service import Service
from dragon_ledger.index.facts import updates_behind

LARGE = 1_000  # updates; some 60 ms


async def in_turn(
    service: Service, digests: Collection[bytes], answer: Callable[[], Response]
) -> Response:
    """Answer about the models with these digests; after other large ones, when one is large."""

    def unless_large() -> Response | None:
        return None if _is_large(service, digests) else answer()

    given = await to_thread.run_sync(unless_large)
    if given is None:
        given = await to_thread.run_sync(answer, limiter=service.large_line)
    return given


def _is_large(service: Service, digests: Collection[bytes]) -> bool:
    with service.ledger.reading() as (connection, _):
        return any(updates_behind(connection, one, LARGE) == LARGE for one in digests)
