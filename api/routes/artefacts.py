"""Artefacts by digest: sealed documents on their way between the members."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, Response

from api import responses
from api.answers import NoneMatch, matches
from api.parameters import Bytes32Path, digest_of, only_known_parameters
from api.problems import Problem
from api.security import require
from api.service import Service
from api.spool import receive

router = APIRouter(
    prefix="/v1/artefacts", tags=["artefacts"], dependencies=[Depends(only_known_parameters)]
)


@router.put(
    "/{sha256}",
    status_code=201,
    dependencies=[Depends(require("artefacts:write"))],
    responses=responses.ARTEFACT_STORED
    | responses.errors(401, 403, 408, 409, 413, 415, 422, 503, 507),
    summary="Upload an artefact",
    openapi_extra=responses.BINARY_BODY,
)
async def put(request: Request, sha256: Bytes32Path) -> Response:
    """Keep the body, whose SHA-256 must be the one in the path. Twice is the same as once."""
    service: Service = request.app.state.service
    wanted = digest_of(sha256)
    async with receive(request, service.spool, service.settings.artefact_bytes) as body:
        if body.digest != wanted:
            detail = f"the body's SHA-256 is {body.digest.hex()}"
            raise Problem("digest-mismatch", detail)
        new = await to_thread.run_sync(service.artefacts.add, body)
    headers = {"ETag": f'"{wanted.hex()}"'}
    return Response(status_code=201 if new else 204, headers=headers)


@router.get(
    "/{sha256}",
    dependencies=[Depends(require("artefacts:read"))],
    response_class=FileResponse,
    responses=responses.ARTEFACT | responses.errors(401, 403, 404, 422) | responses.NOT_MODIFIED,
    summary="Download an artefact",
)
def get(request: Request, sha256: Bytes32Path, if_none_match: NoneMatch = None) -> Response:
    """Give the document with this SHA-256; check it against the digest when it has arrived."""
    service: Service = request.app.state.service
    digest = digest_of(sha256)
    path = service.artefacts.path(digest)
    if path is None:
        raise Problem("not-found", f"no artefact {digest.hex()} has been uploaded here")
    headers = {"ETag": f'"{digest.hex()}"', "Cache-Control": "private, immutable"}
    if matches(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type="application/octet-stream", headers=headers)
