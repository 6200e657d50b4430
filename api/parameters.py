"""Digests and identifiers as they come in paths and queries."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request

from api.problems import Problem
from dragon_ledger.index.lists import CURSOR_PATTERN

LENGTH = 32
DIGEST_PATTERN = r"^((sha256|hdf5-content-v1):|0x)?[0-9a-fA-F]{64}$"
BYTES32_PATTERN = r"^(0x)?[0-9a-fA-F]{64}$"
ADDRESS_PATTERN = r"^(0x)?[0-9a-fA-F]{40}$"

DigestPath = Annotated[
    str,
    Path(
        pattern=DIGEST_PATTERN,
        description="64 hexadecimal digits, optionally with the method: `sha256:` of the file's"
        " bytes or `hdf5-content-v1:` of its content.",
        examples=["hdf5-content-v1:" + "1f" * LENGTH],
    ),
]
Bytes32Path = Annotated[str, Path(pattern=BYTES32_PATTERN, examples=["0x" + "1f" * LENGTH])]
Bytes32Query = Annotated[str | None, Query(pattern=BYTES32_PATTERN)]
AddressQuery = Annotated[str | None, Query(pattern=ADDRESS_PATTERN)]
OrganisationQuery = Annotated[int | None, Query(ge=0, le=255)]
CursorQuery = Annotated[
    str | None,
    Query(
        pattern=CURSOR_PATTERN, description="`next` of the page before; absent for the first page."
    ),
]
LimitQuery = Annotated[int, Query(ge=1, le=500, description="Items on a page.")]


def digest_of(text: str) -> bytes:
    """The 32 bytes of a digest or identifier that its pattern has let through."""
    return bytes.fromhex(text.rpartition(":")[2].removeprefix("0x"))


def optional_bytes(text: str | None) -> bytes | None:
    """The bytes of an identifier or address that a filter names; None without a filter."""
    return None if text is None else bytes.fromhex(text.removeprefix("0x"))


async def only_known_parameters(request: Request) -> None:
    """Refuse a misspelt filter, which would otherwise answer a question that nobody asked.

    Raises:
        Problem: a query parameter that the endpoint does not take, or that is given twice.
    """
    given = [name for name, _ in request.query_params.multi_items()]
    if not given:
        return
    known = {parameter.alias for parameter in request.scope["route"].dependant.query_params}
    if unknown := sorted(set(given) - known):
        takes = f"this request takes {', '.join(sorted(known))}" if known else "it takes none"
        raise Problem("invalid-request", f"query.{unknown[0]}: no such parameter; {takes}")
    if twice := sorted({name for name in given if given.count(name) > 1}):
        raise Problem("invalid-request", f"query.{twice[0]}: given more than once")
