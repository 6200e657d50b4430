"""The application: its parts, its endpoints, and how errors become problem details."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

import dragon_ledger
from api.access_log import AccessLog
from api.artefacts import ArtefactStore
from api.evidence import EvidenceStore
from api.head import HeadAsGet
from api.headers import SecurityHeaders
from api.ledger import NODE_TIMEOUT, Ledger, public_words
from api.openapi import document
from api.problems import Problem, problem_response
from api.readers import READERS, Readers
from api.routes import artefacts, evidence, health, lists, pages, verdicts
from api.service import Service
from api.settings import Settings
from api.spool import Spool, prepare
from api.tokens import TokenStore
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network
from dragon_ledger.errors import LedgerError

logger = logging.getLogger("dragon_ledger.api")
WEB = Path(__file__).parent / "web"
VERIFY = Path(__file__).parent / "static" / "verify"
NODE_READERS = 8
ROUTERS = (
    verdicts.router,
    evidence.router,
    lists.router,
    artefacts.router,
    health.router,
    pages.router,
)
BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
DESCRIPTION = """
Does this very file trace back, round by round, to dataset versions that passed the quality check
and were approved, and is every one of them still approved today?

Send a model file to `POST /v1/verdicts`, or ask `GET /v1/verdicts/{digest}`.
Errors are problem details (RFC 9457) with stable types; [/problems/](/problems/) explains each.
"""


def create_app(settings: Settings) -> FastAPI:
    """Build the service; it opens nothing before it starts.

    Args:
        settings: a checked configuration.
    """
    app = FastAPI(
        title="DRAGON provenance ledger",
        version=dragon_ledger.__version__,
        description=DESCRIPTION,
        lifespan=lambda app: _lifespan(app, settings),
        # The usual pages load scripts from elsewhere; web/docs draws the document itself.
        docs_url=None,
        redoc_url=None,
    )
    for router in ROUTERS:
        app.include_router(router)
    _handle_errors(app)
    document(app, settings)
    app.mount("/verify", StaticFiles(directory=VERIFY, html=True), name="verify")
    app.mount("/", StaticFiles(directory=WEB, html=True), name="web")
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    prepare(settings.spool)
    client = Client(Network.load(settings.network), settings.rpc or None, NODE_TIMEOUT)
    ledger = Ledger(settings, client)
    with Readers() as readers:
        app.state.service = Service(
            settings=settings,
            ledger=ledger,
            spool=Spool(settings.spool, settings.uploads),
            artefacts=ArtefactStore(settings.artefacts, settings.artefact_total_bytes),
            tokens=TokenStore(settings.tokens),
            readers=readers,
            evidence=EvidenceStore(settings.folder / "evidence", client),
            file_line=CapacityLimiter(READERS),
            node_line=CapacityLimiter(NODE_READERS),
            large_line=CapacityLimiter(1),
        )
        ledger.start()
        # What lives as long as the process need not be searched for garbage while a request waits.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await to_thread.run_sync(ledger.stop)
            client.close()


def _allowed(request: Request) -> list[str]:
    """Every method that the path knows; a router alone names those of its first route."""
    methods: set[str] = set()
    for route in (route for router in ROUTERS for route in router.routes):
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    # Whatever is no endpoint is a page, or nothing.
    methods = methods or {"GET"}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def _handle_errors(app: FastAPI) -> None:
    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - registered for this class alone
        return problem_response(error, request.url.path)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        where = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}"
            for entry in error.errors()
        )
        return problem_response(Problem("invalid-request", where), request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        kind = BY_STATUS.get(error.status_code, "invalid-request")
        headers = dict(error.headers or {})
        if kind == "method-not-allowed":
            headers["Allow"] = ", ".join(_allowed(request))
        found = Problem(kind, str(error.detail), headers)
        return problem_response(found, request.url.path)

    async def ledger(request: Request, error: Exception) -> Response:
        return problem_response(Problem("not-ready", public_words(error)), request.url.path)

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    async def internal(request: Request, error: Exception) -> Response:
        logger.error("request failed", exc_info=error)
        detail = "the service's log has the cause"
        return problem_response(Problem("internal", detail), request.url.path)

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(LedgerError, ledger)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, internal)
