"""The OpenAPI document: one form for all errors, and what needs a token in this service."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api import models
from api.settings import Settings

READ_SCOPES = {
    "verdict": "verdict:read",
    "evidence": "verdict:read",
    "ledger": "ledger:read",
    "artefacts": "artefacts:read",
}


def document(app: FastAPI, settings: Settings) -> None:
    """Let the application describe itself as it is configured."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = original()
            _one_form_of_errors(made["components"]["schemas"])
            for operations in made["paths"].values():
                for method, operation in operations.items():
                    _describe(method, operation, settings)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _one_form_of_errors(schemas: dict[str, Any]) -> None:
    schemas["ProblemDetails"] = models.ProblemDetails.model_json_schema()
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)


def _describe(method: str, operation: dict[str, Any], settings: Settings) -> None:
    """Say what it answers, and what needs a token: an empty requirement stands for none."""
    for answer in operation["responses"].values():
        if answer["description"] == "Successful Response":
            answer["description"] = "As asked."
    scope = READ_SCOPES.get(operation["tags"][0])
    if method == "put":
        scope = "artefacts:write"
    if scope in settings.anonymous:
        operation["security"].append({})
