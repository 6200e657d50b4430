"""Who may call what: scopes of a bearer token, or of nobody in particular."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Problem

bearer = HTTPBearer(auto_error=False, description="A token of 'dragon-ledger api token create'.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def require(scope: str) -> Callable[[Request, Credentials], Awaitable[None]]:
    """A dependency that lets a request through only with this scope."""

    async def check(request: Request, credentials: Credentials) -> None:
        service = request.app.state.service
        if credentials is None:
            if scope not in service.settings.anonymous or "authorization" in request.headers:
                raise Problem("unauthenticated", f"send a bearer token with the scope {scope}")
            return
        now = int(time.time())
        token = await to_thread.run_sync(service.tokens.find, credentials.credentials, now)
        if token is None:
            raise Problem("unauthenticated", "this token is unknown, expired or revoked")
        request.state.token = token.id
        if scope not in token.scopes:
            raise Problem("forbidden", f"this token has no scope {scope}")

    return check
