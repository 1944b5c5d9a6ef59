"""Parsing of uploaded forms within limits on number, size and disk space."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException

from photochrom.web.forms import JobForm, PhotographForm, check_fields
from photochrom.web.multipart import TolerantParser
from photochrom.web.problems import Busy, InvalidRequest

if TYPE_CHECKING:
    from photochrom.web.state import ServiceState

__all__ = ["UploadRoute", "Uploads"]

_MAX_FIELDS: Final = 512
_MAX_FIELD_BYTES: Final = 16_384
_DISK_CHECK_BYTES: Final = 1 << 23  # the disk is checked again after this much of an upload
# A file up to this size stays in memory. A job may bring a thousand, so each of its files gets
# less.
_MEMORY_BYTES: Final = 1 << 20
_MEMORY_BYTES_JOB: Final = 1 << 12


class Uploads:
    """A context manager that counts the uploads under way and refuses too many.

    Attributes:
        active: Number of uploads under way.
    """

    def __init__(self, limit: int, spare: int) -> None:
        """Start with no uploads.

        Args:
            limit: Most uploads at the same time.
            spare: Free disk space to keep, in bytes.
        """
        self.active, self._limit, self._spare = 0, limit, spare

    def __enter__(self) -> None:
        """Count one more upload.

        Raises:
            Busy: the limit is reached.
        """
        if self.active >= self._limit:
            raise Busy(f"{self._limit} uploads are under way already; please try again", 5)
        self.active += 1

    def __exit__(self, *_: object) -> None:
        self.active -= 1

    def check_disk(self) -> None:
        """Check that the disk has room for more.

        Raises:
            HTTPException: less than the space to keep is free.
        """
        if shutil.disk_usage(tempfile.gettempdir()).free < self._spare:
            raise HTTPException(507, "the service's disk is nearly full")


class UploadRoute(APIRoute):
    """A route that limits its forms, and refuses them before reading when the queue is full."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_upload(request: Request) -> Response:
            return await handle(_UploadRequest(request.scope, request.receive))

        return handle_upload


class _UploadRequest(Request):
    """A request whose form is parsed within the limits of the service."""

    async def form(self, **_: Any) -> FormData:  # type: ignore[override]
        """Parse the form; FastAPI calls this for every route with form fields.

        Raises:
            Busy: the queue is full, or there are too many uploads.
            InvalidRequest: a field is not known, has no value, or was sent too often.
            HTTPException: the body is no valid form, or the disk is full.
        """
        is_job = self.scope["route"].name != "colorize"
        self._check_before_reading(is_job=is_job)
        with self._service.uploads:
            try:
                form = await self._parse(is_job=is_job)
            except MultiPartException as error:
                raise HTTPException(400, error.message) from error
            except OSError as error:
                status = 507 if error.errno == errno.ENOSPC else 503
                raise HTTPException(status, "cannot store the upload on disk") from error
        try:
            check_fields(form.multi_items(), JobForm if is_job else PhotographForm)
        except InvalidRequest:
            await form.close()
            raise
        return form

    @property
    def _service(self) -> ServiceState:
        service: ServiceState = self.app.state.service
        return service

    def _check_before_reading(self, *, is_job: bool) -> None:
        """Refuse what can be refused without the body, so that it costs a client no upload."""
        (self._service.jobs if is_job else self._service.worker_queue).check()
        content_type = self.headers.get("content-type", "none")
        if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
            raise HTTPException(415, f"expected multipart/form-data; received {content_type[:80]}")

    async def _parse(self, *, is_job: bool) -> FormData:
        # Two more than the photographs: one too many gets a message of its own from the API, and
        # a reference photograph is a file too
        max_files = self._service.settings.limits.files + 2 if is_job else 2
        parser = TolerantParser(
            self.headers,
            _check_disk_regularly(self.stream(), self._service.uploads),
            max_files=max_files,
            max_fields=_MAX_FIELDS,
            max_part_size=_MAX_FIELD_BYTES,
        )
        parser.spool_max_size = _MEMORY_BYTES_JOB if is_job else _MEMORY_BYTES
        return await parser.parse()


async def _check_disk_regularly(
    stream: AsyncGenerator[bytes, None], uploads: Uploads
) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of `stream`, and check the disk every few megabytes."""
    uploads.check_disk()
    unchecked = 0
    async for chunk in stream:
        unchecked += len(chunk)
        if unchecked > _DISK_CHECK_BYTES:
            uploads.check_disk()
            unchecked = 0
        yield chunk
