"""Problem details (RFC 9457): every error of the service in one form, with stable types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
BASE = "urn:dragon-ledger:problem:"

# Slug -> status and title. The slugs are stable; docs/spec/api.md lists them.
KINDS: dict[str, tuple[HTTPStatus, str]] = {
    "invalid-request": (HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not as specified."),
    "digest-mismatch": (HTTPStatus.CONFLICT, "The body has another digest."),
    "unauthenticated": (HTTPStatus.UNAUTHORIZED, "A valid bearer token is needed."),
    "forbidden": (HTTPStatus.FORBIDDEN, "The token lacks a scope."),
    "not-found": (HTTPStatus.NOT_FOUND, "Nothing is here."),
    "method-not-allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "This method is not allowed here."),
    "too-large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."),
    "storage-full": (HTTPStatus.INSUFFICIENT_STORAGE, "There is no room left."),
    "not-ready": (HTTPStatus.SERVICE_UNAVAILABLE, "The service is not ready."),
    "internal": (HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed."),
}


class Problem(Exception):
    """An error that the client is told about."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(problem: Problem, instance: str) -> Response:
    """The response that carries a problem."""
    status, title = KINDS[problem.kind]
    body = {
        "type": BASE + problem.kind,
        "title": title,
        "status": int(status),
        "detail": problem.detail,
        "instance": instance,
    }
    headers = problem.headers
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer", **headers}
    return Response(json.dumps(body), int(status), headers, MEDIA_TYPE)
