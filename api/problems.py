"""Problem details (RFC 9457): every error of the service in one form, with stable types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
BASE = "urn:dragon-ledger:problem:"
HELP = "/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of problem: its status, its title, and what whoever meets it does next."""

    status: HTTPStatus
    title: str
    advice: str


# By slug. The slugs are stable; docs/spec/api.md lists them, and the service at /problems/.
KINDS: dict[str, Kind] = {
    "invalid-request": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request is not as specified.",
        "Read detail: it names the parameter and what was expected. The parameters of every"
        " request are in the documentation of the API.",
    ),
    "malformed-request": Kind(
        HTTPStatus.BAD_REQUEST,
        "What arrived is no HTTP request.",
        "Look at what lies between you and the service: a client that speaks TLS to a port that"
        " does not, or a proxy that rewrites headers.",
    ),
    "digest-mismatch": Kind(
        HTTPStatus.CONFLICT,
        "The body has another digest.",
        "Compute the SHA-256 of the file that you send; it must be the one in the path. A file"
        " that changed on its way has to be fetched again from where it came.",
    ),
    "unauthenticated": Kind(
        HTTPStatus.UNAUTHORIZED,
        "A valid bearer token is needed.",
        "Send Authorization: Bearer TOKEN. A token that is unknown, expired or revoked is"
        " refused also where none is needed; the operator makes a new one with"
        " dragon-ledger api token create.",
    ),
    "forbidden": Kind(
        HTTPStatus.FORBIDDEN,
        "The token lacks a scope.",
        "Ask the operator for a token with the scope that detail names.",
    ),
    "not-found": Kind(
        HTTPStatus.NOT_FOUND,
        "Nothing is here.",
        "Compare the path with the documentation of the API. An artefact has to be uploaded"
        " by whoever made it. A model that nobody recorded is no such problem: it gets a verdict.",
    ),
    "method-not-allowed": Kind(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This method is not allowed here.",
        "Use one of the methods that the header Allow names.",
    ),
    "too-slow": Kind(
        HTTPStatus.REQUEST_TIMEOUT,
        "The request did not arrive in time.",
        "Send it again over a better connection, or hash the file where it lies"
        " (dragon-ledger digest) and ask by its digests.",
    ),
    "too-large": Kind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is too large.",
        "Hash the file where it lies (dragon-ledger digest) and ask by its digests, or let the"
        " operator raise spool_bytes.",
    ),
    "unsupported-media-type": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is not the bytes of the file.",
        "Send the file itself as the body, neither as a form nor compressed:"
        " curl --data-binary @model.h5 -H 'Content-Type: application/octet-stream'.",
    ),
    "header-too-large": Kind(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The header is too large.",
        "Send less than 64 KiB before the body.",
    ),
    "internal": Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The service failed.",
        "This is a defect. Tell the operator when it was; the service's log has the cause.",
    ),
    "not-ready": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service is not ready.",
        "Read detail: the index is empty, cannot be read, or no node gives what was asked for."
        " Ask again later; /readyz says when it is over.",
    ),
    "busy": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service is busy.",
        "Send the request again after as many seconds as the header Retry-After says.",
    ),
    "storage-full": Kind(
        HTTPStatus.INSUFFICIENT_STORAGE,
        "There is no room left.",
        "Tell the operator: the disk of the service is full, or artefact_total_bytes is reached.",
    ),
}


class Problem(Exception):
    """An error that the client is told about."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})


def busy(detail: str, seconds: int) -> Problem:
    """There is no place now; there may be one in so many seconds."""
    return Problem("busy", detail, {"Retry-After": str(seconds)})


def problem_body(problem: Problem, instance: str) -> bytes:
    """The document that tells a problem."""
    kind = KINDS[problem.kind]
    body = {
        "type": BASE + problem.kind,
        "title": kind.title,
        "status": int(kind.status),
        "detail": problem.detail,
        "instance": instance,
        "help": HELP + problem.kind,
    }
    return json.dumps(body).encode()


def problem_response(problem: Problem, instance: str) -> Response:
    """The response that carries a problem."""
    status = KINDS[problem.kind].status
    headers = problem.headers
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer", **headers}
    return Response(problem_body(problem, instance), int(status), headers, MEDIA_TYPE)
