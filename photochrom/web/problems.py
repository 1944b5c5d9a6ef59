"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

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
    SeveralPages,
    UnsupportedFilm,
    UnsupportedPhoto,
)

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

__all__ = [
    "MEDIA_TYPE",
    "Busy",
    "InvalidRequest",
    "Problem",
    "advice",
    "install",
    "problem_of",
    "respond",
]

MEDIA_TYPE: Final = "application/problem+json"

# The first match counts, so a subclass stands before its base class
_STATUS_OF_ERROR: Final = (
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
    """An error, as RFC 9457 describes it."""

    type: str = Field(
        description="URI of the kind of problem; `about:blank` if the status says it all."
    )
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was expected and what was received.")


class Busy(HTTPException):
    """Raised when the service cannot take one more request now."""

    def __init__(self, detail: str, seconds: int, status: int = 429) -> None:
        """Create the error with its `Retry-After` header.

        Args:
            detail: What was expected and what was received.
            seconds: Seconds after which the client should try again.
            status: HTTP status, 429 or 503.
        """
        super().__init__(status, detail, {"Retry-After": str(seconds)})

    def __str__(self) -> str:
        return self.detail


class InvalidRequest(HTTPException):
    """Raised when the fields of a request are not those that its route takes."""

    def __init__(self, detail: str) -> None:
        """Create the error.

        Args:
            detail: What was expected and what was received.
        """
        super().__init__(422, detail)


def respond(
    status: int, detail: str, *, kind: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return a response that holds a problem.

    Args:
        status: The HTTP status.
        detail: What was expected and what was received.
        kind: Class name of the error; "" if the status says it all.
        headers: Headers to add.
    """
    # "PhotoTooLarge" becomes "photo too large"
    words = "".join(f" {char.lower()}" if char.isupper() else char for char in kind).strip()
    body = {
        "type": f"urn:photochrom:problem:{words.replace(' ', '-')}" if kind else "about:blank",
        "title": words.capitalize() or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def advice(error: Exception | None) -> str:
    """Return which field would have helped, in brackets; "" if there is none."""
    return " (send pages=all, or pages=1,3-5)" if isinstance(error, SeveralPages) else ""


def problem_of(error: Exception) -> JSONResponse:
    """Return the response to an exception.

    The client gets the message of an error that it can do something about. Other errors go to the
    log, since their messages may reveal paths and internals.
    """
    if isinstance(error, MemoryError):
        return respond(503, "there is too little memory for this photograph")
    if isinstance(error, PhotochromError):
        matches = (status for kind, status in _STATUS_OF_ERROR if isinstance(error, kind))
        status = next(matches, 0)
        if status:
            return respond(status, f"{error}{advice(error)}", kind=type(error).__name__)
    logging.getLogger(__name__).error("a request failed", exc_info=error)
    return respond(500, "the service failed unexpectedly; its log has the details")


def _readable(message: str) -> str:
    """Return a message of Pydantic without the names of Python classes and without patterns."""
    if "match pattern" in message:  # the only field with one is that for pages
        return 'expected "all", or pages such as "1,3-5"'
    return "expected a file with a name" if "UploadFile" in message else message


def install(app: FastAPI) -> None:
    """Make an application respond to all errors with problems."""

    async def on_library_error(_: Request, error: Exception) -> JSONResponse:
        return problem_of(error)

    async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        kind = type(error).__name__ if isinstance(error, InvalidRequest) else ""
        return respond(error.status_code, str(error.detail), kind=kind, headers=headers)

    async def on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        # The first part of the location is "body"; the rest is the field's name
        messages = [
            f"{'.'.join(map(str, each['loc'][1:]))}: {_readable(each['msg'])}"
            for each in error.errors()
        ]
        return respond(422, "; ".join(messages), kind=InvalidRequest.__name__)

    app.add_exception_handler(PhotochromError, on_library_error)
    app.add_exception_handler(HTTPException, on_http_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, on_invalid_request)  # type: ignore[arg-type]
