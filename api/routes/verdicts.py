"""The verdict and the trace, by digest and by file."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api import models, responses
from api.answers import NoneMatch, json_answer
from api.ledger import public_words
from api.parameters import (
    DIGEST_PATTERN,
    Bytes32Query,
    DigestPath,
    digest_of,
    only_known_parameters,
    optional_bytes,
)
from api.part_of_trace import Part, part_of
from api.problems import Problem
from api.security import require
from api.service import Service
from api.spool import Spooled, receive
from api.turns import in_turn
from dragon_ledger.chain.facts import facts_for as facts_of_node
from dragon_ledger.errors import ChainError, InputError, StorageError
from dragon_ledger.index.facts import facts_for
from dragon_ledger.provenance.presented import facts_of_file
from dragon_ledger.provenance.results import Presented
from dragon_ledger.provenance.to_json import verdict_json
from dragon_ledger.provenance.trace import trace
from dragon_ledger.provenance.verdict import judge
from dragon_ledger.records import Facts, Source

router = APIRouter(
    prefix="/v1",
    tags=["verdict"],
    dependencies=[Depends(require("verdict:read")), Depends(only_known_parameters)],
)
SourceQuery = Annotated[
    models.SourceName,
    Query(description="`index` answers fast; `node` reads every fact from the chain now."),
]
FromRound = Annotated[int | None, Query(ge=0, le=65_535, description="0: the initial model.")]
ToRound = Annotated[int | None, Query(ge=0, le=65_535)]


def facts(service: Service, digest: bytes, source: Source = Source.INDEX) -> Facts:
    """The facts about a digest, and why they may be out of date."""
    if source is Source.NODE:
        try:
            return facts_of_node(service.ledger.client, digest)
        except ChainError as error:
            return _last_known(service, digest, f"the node gave no facts: {public_words(error)}")
    return _last_known(service, digest, service.ledger.stale_reason())


def _last_known(service: Service, digest: bytes, stale: str | None) -> Facts:
    with service.ledger.reading() as (connection, state):
        return facts_for(connection, digest, stale, state)


async def _with_facts(
    request: Request, digest: str, source: models.SourceName, answer: Callable[[Facts], Response]
) -> Response:
    """Answer from facts; who reads from a node waits in a line of its own."""
    service: Service = request.app.state.service
    wanted = digest_of(digest)
    if source is models.SourceName.INDEX:
        return await in_turn(service, [wanted], lambda: answer(facts(service, wanted)))
    found = await to_thread.run_sync(facts, service, wanted, Source.NODE, limiter=service.node_line)
    return await to_thread.run_sync(answer, found, limiter=service.large_line)


@router.get(
    "/verdicts/{digest}",
    response_model=models.Verdict,
    responses=responses.errors(401, 403, 422, 503) | responses.NOT_MODIFIED,
    summary="Verdict by digest",
)
async def verdict(
    request: Request,
    digest: DigestPath,
    source: SourceQuery = models.SourceName.INDEX,
    if_none_match: NoneMatch = None,
) -> Response:
    """Judge the model with this content digest or file digest.

    An unknown digest is an answer (`not valid`: the digest is not known), not an error.
    """

    def answer(found: Facts) -> Response:
        body = verdict_json(judge(found, int(time.time())))
        return json_answer(body, if_none_match, "judged_at")

    return await _with_facts(request, digest, source, answer)


@router.get(
    "/traces/{digest}",
    response_model=models.Trace,
    responses=responses.errors(401, 403, 422, 503) | responses.NOT_MODIFIED,
    summary="Trace by digest",
)
async def trace_graph(
    request: Request,
    digest: DigestPath,
    source: SourceQuery = models.SourceName.INDEX,
    run: Bytes32Query = None,
    from_round: FromRound = None,
    to_round: ToRound = None,
    updates: Annotated[bool, Query(description="false: rounds without their updates.")] = True,
    if_none_match: NoneMatch = None,
) -> Response:
    """Give the graph from a model back to its inputs; without nodes when nothing is known.

    A large trace can be had in parts: `updates=false` for the overview, and `run`, `from_round`
    and `to_round` for some rounds with all that hangs on them. Everything but rounds, updates,
    disputes and evaluations is always there.
    """
    part = Part(optional_bytes(run), from_round, to_round, updates)

    def answer(found: Facts) -> Response:
        return json_answer(part_of(trace(found), part).to_json(), if_none_match)

    return await _with_facts(request, digest, source, answer)


@router.get(
    "/verdicts",
    response_model=models.Verdict,
    responses=responses.errors(401, 403, 422, 503) | responses.NOT_MODIFIED,
    summary="Verdict by the digests of a file",
)
async def verdict_by_digests(
    request: Request,
    file_digest: Annotated[str, Query(pattern=DIGEST_PATTERN)],
    content_digest: Annotated[str | None, Query(pattern=DIGEST_PATTERN)] = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """Judge a file that the caller has hashed itself, so that the file need not travel.

    Without `content_digest`, that the file holds the released model cannot be verified.
    """
    content = None if content_digest is None else digest_of(content_digest)
    why = "" if content is not None else "no content digest was given"
    presented = Presented(digest_of(file_digest), content, why)
    service: Service = request.app.state.service
    return await in_turn(
        service,
        [one for one in (presented.file_digest, content) if one is not None],
        lambda: _judge_presented(service, presented, if_none_match),
    )


@router.post(
    "/verdicts",
    response_model=models.Verdict,
    responses=responses.errors(401, 403, 408, 413, 415, 422, 503, 507),
    summary="Verdict by file",
    openapi_extra=responses.BINARY_BODY,
)
async def verdict_by_file(request: Request) -> Response:
    """Judge a model file: send its bytes as the body.

    The SHA-256 is taken while the body arrives. The file lies in a private temporary file while
    its content digest is taken, and is deleted then.
    """
    service: Service = request.app.state.service
    async with receive(request, service.spool, service.settings.spool_bytes) as body:
        # In a line of its own: files that wait for a reader must not keep anybody else waiting.
        return await to_thread.run_sync(_judge_file, service, body, limiter=service.file_line)


def _judge_file(service: Service, body: Spooled) -> Response:
    if body.size == 0:
        raise Problem("invalid-request", "the body is empty: send the bytes of the model file")
    return _judge_presented(service, _present(service, body), None)


def _judge_presented(service: Service, presented: Presented, known: str | None) -> Response:
    found = facts_of_file(presented, lambda digest: facts(service, digest))
    return json_answer(verdict_json(judge(found, int(time.time()), presented)), known, "judged_at")


def _present(service: Service, body: Spooled) -> Presented:
    """The file's digests; a file that has no content digest can still be known by its bytes."""
    try:
        content = service.readers.digest(body.path).value
    except StorageError:
        raise
    except InputError as error:
        why = str(error).replace(str(body.path), "the file")
        return Presented(body.digest, None, why)
    return Presented(body.digest, content)
