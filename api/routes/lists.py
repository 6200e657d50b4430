"""Lists of what is on chain, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api import models, responses
from api.answers import NoneMatch, json_answer
from api.parameters import (
    AddressQuery,
    Bytes32Query,
    CursorQuery,
    LimitQuery,
    OrganisationQuery,
    only_known_parameters,
    optional_bytes,
)
from api.problems import Problem
from api.security import require
from api.service import Service
from dragon_ledger.errors import InputError
from dragon_ledger.index import lists
from dragon_ledger.provenance.to_json import as_of_json
from dragon_ledger.records import DecisionKind, NoteKind, Role

router = APIRouter(
    prefix="/v1",
    tags=["ledger"],
    dependencies=[Depends(require("ledger:read")), Depends(only_known_parameters)],
)
RoundQuery = Annotated[int | None, Query(ge=1, le=65_535)]
BlockQuery = Annotated[int | None, Query(ge=0, le=(1 << 63) - 1)]
ERRORS = responses.errors(401, 403, 422, 503) | responses.NOT_MODIFIED


def _list(
    request: Request, read: Callable[[Connection], lists.Page], known: str | None
) -> Response:
    service: Service = request.app.state.service
    with service.ledger.reading() as (connection, state):
        as_of = replace(state.as_of, stale_reason=service.ledger.stale_reason())
        try:
            page = read(connection)
        except InputError as error:
            raise Problem("invalid-request", str(error)) from error
    body = {"items": page.items, "next": page.next, "as_of": as_of_json(as_of)}
    return json_answer(body, known)


@router.get(
    "/datasets",
    response_model=models.Page[models.Dataset],
    responses=ERRORS,
    summary="Dataset versions",
)
def datasets(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    id: Bytes32Query = None,
    organisation: OrganisationQuery = None,
    purpose: Bytes32Query = None,
    rule_set: Bytes32Query = None,
    predecessor: Bytes32Query = None,
    qc_passed: bool | None = None,
    in_standing: bool | None = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List dataset versions in the order of their registration."""
    return _list(
        request,
        lambda connection: lists.datasets(
            connection,
            cursor,
            limit,
            in_standing=in_standing,
            id=optional_bytes(id),
            organisation=organisation,
            purpose=optional_bytes(purpose),
            rule_set=optional_bytes(rule_set),
            predecessor=optional_bytes(predecessor),
            qc_passed=qc_passed,
        ),
        if_none_match,
    )


@router.get(
    "/decisions",
    response_model=models.Page[models.Decision],
    responses=ERRORS,
    summary="Decisions on dataset versions",
)
def decisions(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    version: Bytes32Query = None,
    organisation: OrganisationQuery = None,
    kind: models.DecisionName | None = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List approvals, rejections, revocations and what else was decided."""
    number = None if kind is None else int(DecisionKind[kind.value])
    return _list(
        request,
        lambda connection: lists.decisions(
            connection,
            cursor,
            limit,
            version=optional_bytes(version),
            organisation=organisation,
            kind=number,
        ),
        if_none_match,
    )


@router.get(
    "/runs", response_model=models.Page[models.Run], responses=ERRORS, summary="Training runs"
)
def runs(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    id: Bytes32Query = None,
    organisation: OrganisationQuery = None,
    plan: Bytes32Query = None,
    purpose: Bytes32Query = None,
    parent_run: Bytes32Query = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List runs in the order in which they were opened."""
    return _list(
        request,
        lambda connection: lists.runs(
            connection,
            cursor,
            limit,
            id=optional_bytes(id),
            organisation=organisation,
            plan=optional_bytes(plan),
            purpose=optional_bytes(purpose),
            parent_run=optional_bytes(parent_run),
        ),
        if_none_match,
    )


@router.get(
    "/rounds", response_model=models.Page[models.Round], responses=ERRORS, summary="Closed rounds"
)
def rounds(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    run: Bytes32Query = None,
    round: RoundQuery = None,
    aggregate: Bytes32Query = None,
    organisation: OrganisationQuery = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List closed rounds in the order in which they were closed."""
    return _list(
        request,
        lambda connection: lists.rounds(
            connection,
            cursor,
            limit,
            run=optional_bytes(run),
            round=round,
            aggregate=optional_bytes(aggregate),
            organisation=organisation,
        ),
        if_none_match,
    )


@router.get(
    "/updates", response_model=models.Page[models.Update], responses=ERRORS, summary="Updates"
)
def updates(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    run: Bytes32Query = None,
    round: RoundQuery = None,
    organisation: OrganisationQuery = None,
    version: Bytes32Query = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List every committed update, repeated attempts included."""
    return _list(
        request,
        lambda connection: lists.updates(
            connection,
            cursor,
            limit,
            run=optional_bytes(run),
            round=round,
            organisation=organisation,
            version=optional_bytes(version),
        ),
        if_none_match,
    )


@router.get(
    "/notes", response_model=models.Page[models.Note], responses=ERRORS, summary="Notes of runs"
)
def notes(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    run: Bytes32Query = None,
    kind: models.NoteName | None = None,
    organisation: OrganisationQuery = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List disputes, evaluations, added participants and aborts."""
    number = None if kind is None else int(NoteKind[kind.value])
    return _list(
        request,
        lambda connection: lists.notes(
            connection,
            cursor,
            limit,
            run=optional_bytes(run),
            kind=number,
            organisation=organisation,
        ),
        if_none_match,
    )


@router.get(
    "/releases",
    response_model=models.Page[models.Release],
    responses=ERRORS,
    summary="Released models",
)
def releases(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    id: Bytes32Query = None,
    organisation: OrganisationQuery = None,
    run: Bytes32Query = None,
    digest: Bytes32Query = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List releases in the order in which they were made."""
    return _list(
        request,
        lambda connection: lists.releases(
            connection,
            cursor,
            limit,
            digest=optional_bytes(digest),
            id=optional_bytes(id),
            organisation=organisation,
            run=optional_bytes(run),
        ),
        if_none_match,
    )


@router.get(
    "/events", response_model=models.Page[models.Event], responses=ERRORS, summary="All events"
)
def events(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    contract: models.ContractName | None = None,
    name: Annotated[str | None, Query(pattern="^[A-Za-z]{1,64}$")] = None,
    subject: Bytes32Query = None,
    organisation: OrganisationQuery = None,
    account: AddressQuery = None,
    from_block: BlockQuery = None,
    to_block: BlockQuery = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List every event of the four contracts in the order of the chain."""
    return _list(
        request,
        lambda connection: lists.events(
            connection,
            cursor,
            limit,
            from_block=from_block,
            to_block=to_block,
            contract=None if contract is None else contract.value,
            name=name,
            subject=optional_bytes(subject),
            organisation=organisation,
            account=optional_bytes(account),
        ),
        if_none_match,
    )


@router.get(
    "/organisations",
    response_model=models.Page[models.Organisation],
    responses=ERRORS,
    summary="Organisations and their accounts",
)
def organisations(
    request: Request,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    role: models.RoleQuery | None = None,
    suspended: bool | None = None,
    if_none_match: NoneMatch = None,
) -> Response:
    """List the consortium's members by number."""
    wanted = None if role is None else Role[role.value]
    return _list(
        request,
        lambda connection: lists.organisations(
            connection, cursor, limit, role=wanted, suspended=suspended
        ),
        if_none_match,
    )
