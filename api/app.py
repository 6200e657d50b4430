"""The application: its parts and its endpoints."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

import dragon_ledger
from api.access_log import AccessLog
from api.artefacts import ArtefactStore
from api.error_handlers import handle_errors
from api.evidence import EvidenceStore
from api.head import HeadAsGet
from api.headers import SecurityHeaders
from api.ledger import NODE_TIMEOUT, Ledger
from api.openapi import document
from api.readers import READERS, Readers
from api.routes import artefacts, evidence, health, lists, pages, verdicts
from api.service import Service
from api.settings import Settings
from api.spool import Spool, prepare
from api.tokens import TokenStore
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network

WEB = Path(__file__).parent / "web"
NODE_READERS = 8
ROUTERS = (
    verdicts.router,
    evidence.router,
    lists.router,
    artefacts.router,
    health.router,
    pages.router,
)
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
    handle_errors(app, ROUTERS)
    document(app, settings)
    app.mount("/verify", StaticFiles(directory=pages.VERIFY, html=True), name="verify")
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
