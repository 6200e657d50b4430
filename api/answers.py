"""JSON answers with an ETag, and no answer to who has it already."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import Response

NoneMatch = Annotated[str | None, Header(description="An ETag: 304 when nothing has changed.")]


def etag_of(data: bytes) -> str:
    """A strong ETag of these bytes."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def matches(known: str | None, etag: str) -> bool:
    """If-None-Match, RFC 9110 section 13.1.2: weak comparison, or `*`."""
    candidates = [part.strip().removeprefix("W/") for part in (known or "").split(",")]
    return "*" in candidates or etag in candidates


def json_answer(body: dict[str, Any], known: str | None, unstable: str | None = None) -> Response:
    """JSON whose ETag changes with whatever it says, but not with its member `unstable`."""
    later = "" if unstable is None else f",{json.dumps(unstable)}:{json.dumps(body.pop(unstable))}"
    text = json.dumps(body, separators=(",", ":"))
    etag = etag_of(text.encode())
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if matches(known, etag):
        return Response(status_code=304, headers=headers)
    return Response(f"{text[:-1]}{later}}}", 200, headers, "application/json")
