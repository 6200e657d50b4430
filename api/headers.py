"""Headers that every answer carries: nothing from elsewhere is loaded, framed or guessed."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src {script}; style-src 'self'; connect-src {connect};"
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
POLICY = _POLICY.format(script="'self'", connect="'self'").encode()
# The offline verifier promises to open no connection; the browser holds it to that. Its reader of
# HDF5 is WebAssembly.
VERIFY_POLICY = _POLICY.format(script="'self' 'wasm-unsafe-eval'", connect="'none'").encode()
CACHE = (b"cache-control", b"no-cache")
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class SecurityHeaders:
    """ASGI middleware that adds them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        offline = scope["type"] == "http" and scope["path"].startswith("/verify/")
        policy = (b"content-security-policy", VERIFY_POLICY if offline else POLICY)

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                # Without it browsers keep pages, and a verifier, for as long as they like.
                cached = any(name.lower() == CACHE[0] for name, _ in given)
                message["headers"] = [*given, policy, *HEADERS, *([] if cached else [CACHE])]
            await send(message)

        await self._app(scope, receive, add)
