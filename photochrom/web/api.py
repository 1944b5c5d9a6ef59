"""The REST API at `/api/v1` for single photographs."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from photochrom import photo
from photochrom.batch import color_pages, color_photo
from photochrom.documents.coloring import is_document, suffixes_of
from photochrom.errors import ConfigError
from photochrom.photo.album import is_in_color
from photochrom.web.filenames import (
    BYTES,
    PDF,
    PHOTOGRAPH_TYPES,
    ZIP,
    content_disposition,
    media_type_of,
    named_for,
    safe_name,
)
from photochrom.web.forms import PhotographForm
from photochrom.web.openapi import file_response, problems
from photochrom.web.problems import Busy
from photochrom.web.result_headers import DESCRIPTIONS, result_headers
from photochrom.web.state import Service, ServiceState
from photochrom.web.uploads import UploadRoute
from photochrom.web.worker_queue import ClientDisconnected

if TYPE_CHECKING:
    from photochrom.options import ColorOptions

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", route_class=UploadRoute, tags=["photographs"])

_RESULT: Final = file_response(
    "The photograph or document in colour, or a zip of variants or of the photographs of a page.",
    [*PHOTOGRAPH_TYPES.values(), PDF, ZIP, BYTES],
    DESCRIPTIONS,
)
_ERRORS: Final = problems(400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 501, 503, 507)
_CLIENT_CLOSED_REQUEST: Final = 499  # as nginx logs it; only the metrics see it


@dataclass(frozen=True)
class _Download:
    """A result to send.

    Attributes:
        data: The bytes of the file.
        name: Name of the file; its suffix says what it is.
        headers: What became of the photograph, besides.
    """

    data: bytes
    name: str
    headers: dict[str, str] = field(default_factory=dict)


@router.post(
    "/colorize",
    response_class=Response,
    responses={200: _RESULT, **_ERRORS},
    summary="Colour a photograph",
)
async def colorize(
    form: Annotated[PhotographForm, Form(media_type="multipart/form-data")],
    service: Service,
    request: Request,
) -> Response:
    """Colour a photograph, an album page or a document at full size, and keep its metadata."""
    try:
        download = await service.worker_queue.run(
            lambda: _colorize(service, form), unless=_wait_for_disconnect(request)
        )
    except ClientDisconnected:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    service.metrics.photographs.inc()
    headers = {"Content-Disposition": content_disposition(download.name), **download.headers}
    return Response(download.data, 200, headers, media_type_of(download.name))


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _colorize(service: ServiceState, form: PhotographForm) -> _Download:
    name = safe_name(form.image.filename)
    options = form.options(service.settings.limits.pixels, form.variants)
    data = form.image.file.read()
    if form.pages and is_document(data):
        return _color_document(service, form, data, name, options)
    colorizer = service.colorizer
    grey = photo.read(data, max_pixels=colorizer.max_pixels, name=name)
    if form.in_color == "skip" and is_in_color(grey, album=form.album):
        raise ConfigError(
            f"expected a grey photograph; {name} is in colour already (in_color=recolor colours it "
            "anew)"
        )
    service.metrics.pixels.inc(grey.luma.size)
    colored = color_photo(colorizer, grey, options, split=form.split)
    results = colored.results
    format_name = form.format_for(grey.format)
    own_name = named_for(name, format_name)
    headers = result_headers(
        colored.photographs,
        unchanged=colored.unchanged,
        metadata_lost=results[0].metadata_lost(format_name),
        repaired=results[0].repaired if options.restore else "",
    )
    shown = (each.in_profile(form.result_profile) for each in results)
    files = (
        (each.labelled() if form.label else each).encode(format_name, quality=form.quality)
        for each in shown
    )
    if form.split or form.variants > 1:
        return _Download(
            _zipped(files, own_name, len(results)), f"{PurePath(name).stem}.zip", headers
        )
    return _Download(next(files), own_name, headers)


def _zipped(files: Iterable[bytes], name: str, count: int) -> bytes:
    """Return a zip of results; several are called NAME-1, NAME-2 and so on."""
    path, buffer = PurePath(name), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, data in enumerate(files, 1):
            archive.writestr(f"{path.stem}-{number}{path.suffix}" if count > 1 else name, data)
    return buffer.getvalue()


def _color_document(
    service: ServiceState, form: PhotographForm, data: bytes, name: str, options: ColorOptions
) -> _Download:
    """Colour pages of a document, which keeps its format."""
    suffixes = suffixes_of(data)
    if form.format and form.format not in {each.lstrip(".") for each in suffixes}:
        raise ConfigError(
            f"expected {name} to keep its format, since it is a document; received {form.format}"
        )
    assert form.pages is not None
    limit = service.settings.limits.seconds
    end = time.monotonic() + limit

    def stop_when_late() -> None:
        # Nobody waits for the result any longer, and a document may hold thousands of photographs
        if time.monotonic() > end:
            raise Busy(f"this takes longer than {limit:g} s, the limit for a request", 5, 503)

    document, _ = color_pages(
        service.colorizer,
        data,
        name,
        form.pages,
        options,
        quality=form.quality,
        on_page=stop_when_late,
    )
    headers = result_headers(document.photographs, unchanged=document.unchanged)
    return _Download(
        document.data, named_for(name, "PDF" if ".pdf" in suffixes else "TIFF"), headers
    )
