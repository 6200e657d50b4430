"""Every error of a request as problem details."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from api.ledger import public_words
from api.problems import Problem, problem_response
from dragon_ledger.errors import LedgerError

logger = logging.getLogger("dragon_ledger.api")
BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def handle_errors(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Answer with a problem whatever goes wrong; `routers` are asked which methods a path has."""

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
        kind = BY_STATUS.get(error.status_code, "invalid-request")
        headers = dict(error.headers or {})
        if kind == "method-not-allowed":
            headers["Allow"] = ", ".join(_allowed(request, routers))
        return problem_response(Problem(kind, str(error.detail), headers), request.url.path)

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(LedgerError, _ledger)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _internal)


def _allowed(request: Request, routers: Sequence[APIRouter]) -> list[str]:
    """Every method that the path knows; a router alone names those of its first route."""
    methods: set[str] = set()
    for route in (route for router in routers for route in router.routes):
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    # Whatever is no endpoint is a page, or nothing.
    methods = methods or {"GET"}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class alone
    return problem_response(error, request.url.path)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    where = "; ".join(
        f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}"
        for entry in error.errors()
    )
    return problem_response(Problem("invalid-request", where), request.url.path)


async def _ledger(request: Request, error: Exception) -> Response:
    return problem_response(Problem("not-ready", public_words(error)), request.url.path)


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


async def _internal(request: Request, error: Exception) -> Response:
    logger.error("request failed", exc_info=error)
    return problem_response(
        Problem("internal", "the service's log has the cause"), request.url.path
    )
