"""The REST API at `/api/v1` for single photographs."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from photochrom.web.filenames import (
    BYTES,
    PHOTOGRAPH_TYPES,
    ZIP,
    content_disposition,
    media_type_of,
    named_for,
    safe_name,
)
from photochrom.web.forms import PhotographForm
from photochrom.web.openapi import file_response, problems
from photochrom.web.state import Service
from photochrom.web.uploads import UploadRoute
from photochrom.web.worker_queue import ClientDisconnected

if TYPE_CHECKING:
    from photochrom.prediction import Prediction

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", route_class=UploadRoute, tags=["photographs"])

_RESULT: Final = file_response(
    "The photograph in colour, or a zip of several variants.",
    [*PHOTOGRAPH_TYPES.values(), ZIP, BYTES],
)
_ERRORS: Final = problems(400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503, 507)
_CLIENT_CLOSED_REQUEST: Final = 499  # as nginx logs it; only the metrics see it


@dataclass(frozen=True)
class _Download:
    """A result to send.

    Attributes:
        data: The bytes of the file.
        name: Name of the file; its suffix says what it is.
    """

    data: bytes
    name: str


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
    """Colour a photograph at full size, and keep its metadata."""
    try:
        download = await service.worker_queue.run(
            lambda: _colorize(service, form), unless=_wait_for_disconnect(request)
        )
    except ClientDisconnected:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    service.metrics.photographs.inc()
    headers = {"Content-Disposition": content_disposition(download.name)}
    return Response(download.data, 200, headers, media_type_of(download.name))


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _colorize(service: Service, form: PhotographForm) -> _Download:
    name = safe_name(form.image.filename)
    options = form.options(service.settings.limits.pixels, form.variants)
    prediction = service.colorizer.predict(
        form.image.file.read(), name=name, reference=options.reference
    )
    service.metrics.pixels.inc(prediction.photo.luma.size)
    if options.variants > 1:
        return _zip_of_variants(prediction, name, form)
    colored = prediction.color(options)
    format_name = form.format_for(colored.format)
    data = colored.encode(format_name, quality=form.quality)
    return _Download(data, named_for(name, format_name))


def _zip_of_variants(prediction: Prediction, name: str, form: PhotographForm) -> _Download:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        variants = prediction.variants(form.variants, vividness=form.vividness)
        for number, colored in enumerate(variants, 1):
            format_name = form.format_for(colored.format)
            path = PurePath(named_for(name, format_name))
            data = colored.encode(format_name, quality=form.quality)
            archive.writestr(f"{path.stem}-{number}{path.suffix}", data)
    return _Download(buffer.getvalue(), f"{PurePath(name).stem}.zip")
