"""Evidence bundles by digest: what an auditor takes away."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import responses
from api.answers import NoneMatch, etag_of, matches
from api.ledger import public_words
from api.parameters import DigestPath, digest_of, only_known_parameters
from api.problems import Problem
from api.security import require
from api.service import Service
from dragon_ledger.errors import LedgerError

router = APIRouter(
    prefix="/v1",
    tags=["evidence"],
    dependencies=[Depends(require("verdict:read")), Depends(only_known_parameters)],
)
BUNDLE: responses.Responses = {
    200: {
        "description": "The bundle (docs/spec/evidence-bundle.md). With a `Warning` header it is"
        " the last one that could be proved, not of the newest block.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.get(
    "/models/{digest}/evidence",
    response_class=Response,
    responses=BUNDLE | responses.errors(401, 403, 422, 503) | responses.NOT_MODIFIED,
    summary="Evidence bundle by digest",
)
async def evidence(
    request: Request, digest: DigestPath, if_none_match: NoneMatch = None
) -> Response:
    """Give one file from which anyone finds the verdict without any node.

    About an unknown digest it proves that the digest is recorded nowhere.
    """
    service: Service = request.app.state.service
    wanted = digest_of(digest)
    return await to_thread.run_sync(
        _serve, service, wanted, if_none_match, limiter=service.node_line
    )


def _serve(service: Service, wanted: bytes, known: str | None) -> Response:
    try:
        served = service.evidence.bundle(wanted)
    except LedgerError as error:
        raise Problem(
            "not-ready", f"no evidence can be given now: {public_words(error)}"
        ) from error
    etag = etag_of(served.data)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if served.stale_reason is not None:
        headers["Warning"] = '110 - "the last block that could be proved"'
    if matches(known, etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{wanted.hex()}.evidence.json"'
    return Response(served.data, 200, headers, "application/json")
