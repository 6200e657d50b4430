"""What the OpenAPI document says of answers that no model describes: errors, files, nothing new."""

from __future__ import annotations

from typing import Any

from api.problems import KINDS, MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]
# The first kind of a status stands for it.
TITLES = {int(kind.status): kind.title for kind in reversed(KINDS.values())}
NOT_MODIFIED: Responses = {304: {"description": "Nothing has changed since that ETag."}}
OCTETS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
NOT_EMPTY = {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}
}
BINARY_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": NOT_EMPTY}}
ARTEFACT: Responses = {200: {"description": "The document.", "content": OCTETS}}
ARTEFACT_STORED: Responses = {
    201: {"description": "The document is kept now."},
    204: {"description": "The document was here already."},
}


def errors(*statuses: int) -> Responses:
    """The problem details that an endpoint may answer with."""
    return {
        status: {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in statuses
    }
