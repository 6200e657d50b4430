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
                    _say_what_needs_a_token(method, operation, settings)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _one_form_of_errors(schemas: dict[str, Any]) -> None:
    schemas["ProblemDetails"] = models.ProblemDetails.model_json_schema()
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)


def _say_what_needs_a_token(method: str, operation: dict[str, Any], settings: Settings) -> None:
    """An empty requirement among the others means that none is needed (OpenAPI 3.1)."""
    scope = READ_SCOPES.get(operation["tags"][0])
    if method == "put":
        scope = "artefacts:write"
    if scope in settings.anonymous:
        operation["security"].append({})
