"""The description of the service in OpenAPI, for people and for generators of clients."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi.routing import APIRoute

from photochrom.web.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import FastAPI

    # Of FastAPI's parameter `responses`: the description of each status
    Responses = dict[int | str, dict[str, object]]

__all__ = ["TAGS", "complete_schema", "file_response", "operation_id", "problems"]

TAGS: Final = [
    {"name": "photographs", "description": "One photograph, within one request."},
    {"name": "jobs", "description": "Many photographs, or a film; the result is fetched later."},
    {"name": "service", "description": "The state of the service."},
]
"""The groups of operations."""

# Not called "File": TypeScript has a type of that name, and so have the clients made for Python
_FILE: Final = {"type": "string", "format": "binary", "description": "The bytes of a file."}
_BEARER: Final = {"type": "http", "scheme": "bearer"}
_REPLACED_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")  # FastAPI's own errors


def operation_id(route: APIRoute) -> str:
    """Return the id of an operation; generators make a function of that name."""
    return route.name


def problems(*statuses: int) -> Responses:
    """Return the description of error responses with these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def file_response(
    description: str,
    media_types: Iterable[str],
    headers: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the description of a response that is a file of one of these media types.

    Args:
        description: What the file is.
        media_types: The media types that it may have.
        headers: Descriptions of headers, by name; they may be absent.
    """
    schema = {"schema": {"$ref": "#/components/schemas/ResultFile"}}
    response: dict[str, object] = {
        "description": description,
        "content": dict.fromkeys(media_types, schema),
    }
    return response | {"headers": headers} if headers else response


def complete_schema(app: FastAPI, *, needs_token: bool) -> None:
    """Add what FastAPI does not find by itself: the schemas of files and problems, and the token.

    Args:
        app: The application.
        needs_token: Whether clients must send a token.
    """
    create_schema = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = create_schema()
            if needs_token:
                schema["components"]["securitySchemes"] = {"token": _BEARER}
                schema["security"] = [{"token": []}]
            schemas = schema["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema()
            schemas["ResultFile"] = _FILE
            for name in _REPLACED_SCHEMAS:
                schemas.pop(name, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
