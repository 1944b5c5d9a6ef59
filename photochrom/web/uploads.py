"""Forms as they come in: so many at once, small fields, files on the disk, and room left on it."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from photochrom.web.problems import Busy

if TYPE_CHECKING:
    from photochrom.web.state import ServiceState

__all__ = ["UploadRoute", "Uploads"]

_FIELDS: Final = 512
_FIELD_BYTES: Final = 16_384
_LOOK_BYTES: Final = 1 << 23  # after so many the disk is looked at again
_IN_MEMORY: Final = 1 << 20  # bytes of a file that is not put on the disk
_IN_MEMORY_OF_MANY: Final = 1 << 12


class Uploads:
    """How many forms are coming in.

    Attributes:
        taken: so many.
    """

    def __init__(self, most: int, spare: int) -> None:
        """Begin with none.

        Args:
            most: at once.
            spare: bytes that are left free on the disk.
        """
        self.taken, self._most, self._spare = 0, most, spare

    def __enter__(self) -> None:
        """Raises Busy: there are too many."""
        if self.taken >= self._most:
            raise Busy(f"expected fewer than {self._most} uploads at once", 5)
        self.taken += 1

    def __exit__(self, *_: object) -> None:
        self.taken -= 1

    def look(self) -> None:
        """See whether the disk has room.

        Raises:
            HTTPException: it has not.
        """
        if shutil.disk_usage(tempfile.gettempdir()).free < self._spare:
            raise HTTPException(507, "expected room on the service's disk; there is too little")


class UploadRoute(APIRoute):
    """A route whose forms are bounded, and refused at once where there is no place for them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            return await handle(_Upload(request.scope, request.receive))

        return handled


class _Upload(Request):
    async def form(self, **_: Any) -> FormData:  # type: ignore[override]
        """Raises HTTPException or Busy: it is none, or there is no place for it."""
        here: ServiceState = self.app.state.workshop
        many = self.scope["route"].name != "colorize"
        (here.jobs if many else here.gate).check()
        kind = self.headers.get("content-type", "none")
        if kind.partition(";")[0].strip().lower() != "multipart/form-data":
            raise HTTPException(415, f"expected multipart/form-data; received {kind[:80]}")
        files = here.settings.limits.files + 2 if many else 2
        with here.uploads:
            try:
                return await self._parsed(here.uploads, files, many=many)
            except MultiPartException as error:
                raise HTTPException(400, error.message) from error
            except OSError as error:
                full = error.errno == errno.ENOSPC
                raise HTTPException(507 if full else 503, "expected to keep it on disk") from error

    async def _parsed(self, uploads: Uploads, files: int, *, many: bool) -> FormData:
        parser = MultiPartParser(
            self.headers,
            _looking(self.stream(), uploads),
            max_files=files,
            max_fields=_FIELDS,
            max_part_size=_FIELD_BYTES,
        )
        parser.spool_max_size = _IN_MEMORY_OF_MANY if many else _IN_MEMORY
        return await parser.parse()


async def _looking(
    stream: AsyncGenerator[bytes, None], uploads: Uploads
) -> AsyncGenerator[bytes, None]:
    """The same stream, with an eye on the disk."""
    uploads.look()
    unseen = 0
    async for chunk in stream:
        unseen += len(chunk)
        if unseen > _LOOK_BYTES:
            uploads.look()
            unseen = 0
        yield chunk
