"""Whether the service lives, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api import models, responses
from api.ledger import public_words
from api.problems import Problem
from api.service import Service
from dragon_ledger.errors import LedgerError

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Does the process answer?")
def health() -> models.Health:
    """Answer as long as the process can."""
    return models.Health(status="ok")


@router.get("/readyz", responses=responses.errors(503), summary="Can verdicts be given?")
def ready(request: Request) -> models.Ready:
    """Ready when the index can be read and is known to be at the head of the chain."""
    service: Service = request.app.state.service
    stale = service.ledger.stale_reason()
    if stale is not None:
        raise Problem("not-ready", stale)
    try:
        with service.ledger.reading() as (_, state):
            as_of = state.as_of
    except LedgerError as error:
        raise Problem("not-ready", public_words(error)) from error
    return models.Ready(status="ready", block=as_of.block, time=as_of.time)
