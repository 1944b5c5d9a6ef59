"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from photochrom.errors import (
    ConfigError,
    FilmError,
    MissingExtra,
    OutputError,
    OutputFailed,
    PhotochromError,
    PhotoError,
    PhotoTooLarge,
    UnsupportedFilm,
    UnsupportedPhoto,
)

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

__all__ = ["MEDIA_TYPE", "Busy", "Problem", "documented", "install", "problem_of", "respond"]

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final = (  # the first that fits
    (PhotoTooLarge, 413),
    (UnsupportedPhoto, 415),
    (UnsupportedFilm, 415),
    (PhotoError, 422),
    (FilmError, 422),
    (ConfigError, 422),
    (OutputFailed, 507),
    (OutputError, 422),
    (MissingExtra, 501),
)


class Problem(BaseModel):
    """What went wrong: RFC 9457."""

    type: str = Field(description="Which kind of problem; `about:blank`: what the status says.")
    title: str = Field(description="The kind, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was expected and what came.")


class Busy(HTTPException):
    """There is no place left to wait."""

    def __init__(self, detail: str, seconds: int, status: int = 429) -> None:
        """Say so.

        Args:
            detail: what was expected.
            seconds: after which another try makes sense.
            status: 429, or 503.
        """
        super().__init__(status, detail, {"Retry-After": str(seconds)})

    def __str__(self) -> str:
        return self.detail


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these answers are problems."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {each: {"description": HTTPStatus(each).phrase, "content": content} for each in statuses}


def respond(
    status: int, detail: str, *, kind: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """A problem as a response.

    Args:
        status: the HTTP status.
        detail: what was expected and what came.
        kind: our name of the error; by default the status says it all.
        headers: further ones.
    """
    words = "".join(f" {each.lower()}" if each.isupper() else each for each in kind).strip()
    body = {
        "type": f"urn:photochrom:problem:{words.replace(' ', '-')}" if kind else "about:blank",
        "title": words.capitalize() or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> JSONResponse:
    """What a client is told of an error: all, if it can do something about it."""
    if isinstance(error, MemoryError):
        return respond(503, "expected enough memory for this; there is too little")
    if isinstance(error, PhotochromError):
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 0)
        if status:
            return respond(status, str(error), kind=type(error).__name__)
    logging.getLogger(__name__).error("a request failed", exc_info=error)
    return respond(500, "something failed that should not; the service's log says what")


def _plain(message: str) -> str:
    return "expected a file with a name" if "UploadFile" in message else message


def install(app: FastAPI) -> None:
    """Let all errors of an application be problems."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        return problem_of(error)

    async def http(_: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        return respond(error.status_code, str(error.detail), headers=headers)

    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        parts = [f"{'.'.join(map(str, e['loc'][1:]))}: {_plain(e['msg'])}" for e in error.errors()]
        return respond(422, "; ".join(parts), kind="InvalidRequest")

    app.add_exception_handler(PhotochromError, ours)
    app.add_exception_handler(HTTPException, http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, invalid)  # type: ignore[arg-type]
