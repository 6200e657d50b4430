"""One line of JSON for each request; no header, no query value and no token is ever in it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("dragon_ledger.access")


class AccessLog:
    """ASGI middleware: what was asked, by which token (its number), how it ended, how long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            logger.info(_line(scope, status, time.perf_counter() - started))


def _line(scope: MutableMapping[str, Any], status: int, seconds: float) -> str:
    client = scope.get("client") or ("", 0)
    return json.dumps(
        {
            "at": int(time.time()),
            "client": client[0],
            "method": scope["method"],
            "path": scope["path"],
            "token": scope.get("state", {}).get("token"),
            "status": status,
            "milliseconds": round(1000 * seconds, 1),
        }
    )
