"""Large traces are answered one after the other, and keep no small one waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import cast

import anyio.to_thread
import pytest
from anyio import CapacityLimiter
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from api import turns
from api.service import Service
from dragon_ledger.index.database import open_database, reading
from scripts.bench.ledger_filler import UPDATES, aggregate, fill
from tests.api.conftest import PATIENCE

LARGE, OTHER_LARGE, SMALL = aggregate(0), aggregate(1), bytes(32)


@contextmanager
def _with_state(engine: Engine) -> Iterator[tuple[Connection, None]]:
    with reading(engine) as connection:
        yield connection, None


def test_a_second_large_one_waits_and_a_small_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LARGE", UPDATES)
    engine = open_database(f"sqlite:///{tmp_path}/index.sqlite")
    fill(engine, 2, 1, bytes(32))
    begun, go_on, order = Event(), Event(), []

    def says(name: str, wait: bool = False) -> Callable[[], Response]:
        def answer() -> Response:
            order.append(f"{name} begins")
            if wait:
                begun.set()
                assert go_on.wait(PATIENCE)
            order.append(f"{name} ends")
            return Response()

        return answer

    async def run() -> None:
        ledger = SimpleNamespace(reading=lambda: _with_state(engine))
        service = cast(Service, SimpleNamespace(ledger=ledger, large_line=CapacityLimiter(1)))
        async with anyio.create_task_group() as group:
            group.start_soon(turns.in_turn, service, [LARGE], says("first", wait=True))
            await anyio.to_thread.run_sync(begun.wait, PATIENCE)
            group.start_soon(turns.in_turn, service, [SMALL, OTHER_LARGE], says("second"))
            with anyio.fail_after(PATIENCE):
                while service.large_line.statistics().tasks_waiting == 0:
                    await anyio.sleep(0.01)
                await turns.in_turn(service, [SMALL], says("small"))
            go_on.set()

    anyio.run(run)
    assert order == [
        *("first begins", "small begins", "small ends"),
        *("first ends", "second begins", "second ends"),
    ]
