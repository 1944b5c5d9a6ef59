"""The REST API at `/api/v1`."""

from __future__ import annotations

import asyncio
import io
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from photochrom.errors import ConfigError
from photochrom.film import require as require_film
from photochrom.photo import FORMATS, READABLE_SUFFIXES
from photochrom.photo.codecs import RAW_SUFFIXES, sniff
from photochrom.web.filenames import content_disposition, named_for, safe_name, unique
from photochrom.web.forms import ColorForm, color_form
from photochrom.web.jobs import Item, Job, Status, film_target, film_work, photographs_work
from photochrom.web.problems import documented, respond
from photochrom.web.uploads import UploadRoute
from photochrom.web.worker_queue import ClientDisconnected

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from photochrom.prediction import ColorPhoto, Prediction
    from photochrom.web.state import ServiceState

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", route_class=UploadRoute)

_MEDIA_TYPES: Final = {name: codec.media_type for name, codec in FORMATS.items()}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_COLORIZE_CONTENT: Final = dict.fromkeys((*_MEDIA_TYPES.values(), "application/zip"), _BINARY)
_RESULT_CONTENT: Final = {"application/octet-stream": _BINARY}
_UPLOAD_ERRORS: Final = documented(400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503, 507)
_JOB_ERRORS: Final = documented(401, 403, 404, 421, 422)
_CLIENT_CLOSED_REQUEST: Final = 499  # as nginx logs it; only the metrics see it


class ItemModel(BaseModel):
    """One photograph of a job, or its film."""

    name: str = Field(description="Name of the file.")
    status: Status
    reason: str = Field(description="Why it failed; empty otherwise.")


class JobModel(BaseModel):
    """A job and its progress."""

    id: str
    kind: str = Field(description="`photographs` or `film`.")
    status: Status
    reason: str = Field(description="Why it failed; empty otherwise.")
    done: int = Field(description="Number of photographs, or frames, that are done.")
    total: int = Field(
        description="Number of photographs, or frames. For a film it is an estimate until the "
        "end; 0 if not known yet."
    )
    created: float = Field(description="Time of the request, in seconds since 1970.")
    ended: float | None = Field(description="Time of the end, in seconds since 1970.")
    items: list[ItemModel]
    result: str | None = Field(description="Path of the result, once there is one.")


@dataclass(frozen=True)
class _Download:
    """A result to send.

    Attributes:
        data: The bytes of the file.
        media_type: Media type of the file.
        name: Name of the file.
    """

    data: bytes
    media_type: str
    name: str


async def _service(request: Request) -> ServiceState:
    service: ServiceState = request.app.state.service
    return service


Service = Annotated[Any, Depends(_service)]
ColorFields = Annotated[ColorForm, Depends(color_form)]


@router.post(
    "/colorize",
    response_class=Response,
    responses={
        200: {"description": "The photograph in colour.", "content": _COLORIZE_CONTENT},
        **_UPLOAD_ERRORS,
    },
)
async def colorize(
    image: Annotated[UploadFile, File(description="The photograph.")],
    service: Service,
    form: ColorFields,
    request: Request,
    variants: Annotated[
        int, Form(ge=1, le=8, description="Number of different versions, returned as a zip.")
    ] = 1,
) -> Response:
    """Colour a photograph at full size, and keep its metadata."""
    try:
        download = await service.worker_queue.run(
            lambda: _colorize(service, image, form, variants),
            unless=_wait_for_disconnect(request),
        )
    except ClientDisconnected:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    service.metrics.photographs.inc()
    headers = {"Content-Disposition": content_disposition(download.name)}
    return Response(download.data, 200, headers, download.media_type)


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _colorize(
    service: ServiceState, image: UploadFile, form: ColorForm, variants: int
) -> _Download:
    name = safe_name(image.filename)
    options = form.options(service.settings.limits.pixels, variants)
    prediction = service.colorizer.predict(
        image.file.read(), name=name, reference=options.reference
    )
    service.metrics.pixels.inc(prediction.photo.luma.size)
    if variants == 1:
        colored = prediction.color(
            vividness=options.vividness, hints=options.hints, palette=options.palette
        )
        format_name = form.format_for(colored.format)
        data = colored.encode(format_name, quality=form.quality)
        return _Download(data, _MEDIA_TYPES[format_name], named_for(name, format_name))
    return _zip_of_variants(prediction, name, form, variants)


def _zip_of_variants(prediction: Prediction, name: str, form: ColorForm, count: int) -> _Download:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        variants: list[ColorPhoto] = prediction.variants(count, vividness=form.vividness)
        for number, colored in enumerate(variants, 1):
            format_name = form.format_for(colored.format)
            path = PurePath(named_for(name, format_name))
            data = colored.encode(format_name, quality=form.quality)
            archive.writestr(f"{path.stem}-{number}{path.suffix}", data)
    return _Download(buffer.getvalue(), "application/zip", f"{PurePath(name).stem}.zip")


@router.post(
    "/jobs",
    status_code=202,
    response_model=JobModel,
    responses={
        202: {"description": "The job was accepted."},
        **_UPLOAD_ERRORS,
        **documented(501),
    },
    summary="Create a job",
    openapi_extra={"requestBody": {"required": True}},
)
async def begin(  # the name is part of the operation id in OpenAPI
    service: Service,
    form: ColorFields,
    request: Request,
    response: Response,
    photographs: Annotated[list[UploadFile], File(description="The photographs.")] = [],  # noqa: B006
    film: Annotated[UploadFile | None, File(description="A film, instead of photographs.")] = None,
) -> JobModel:
    """Create a job that colours many photographs, or a film; its result is fetched later."""
    if bool(photographs) == (film is not None):
        raise ConfigError("expected either photographs or a film")
    max_files = service.settings.limits.files
    if len(photographs) > max_files:
        raise ConfigError(f"expected {max_files} photographs at most; received {len(photographs)}")
    folder = service.new_folder()
    try:
        if film:
            job = await asyncio.to_thread(_film_job, service, folder, film, form)
        else:
            job = await asyncio.to_thread(_photographs_job, service, folder, photographs, form)
        service.jobs.add(job)
    except BaseException:  # also when the client disconnects, which cancels this function
        shutil.rmtree(folder, ignore_errors=True)
        raise
    response.headers["Location"] = str(request.url_for("status", key=job.id).path)
    return _job_model(job, request)


def _photographs_job(
    service: ServiceState, folder: Path, files: list[UploadFile], form: ColorForm
) -> Job:
    options = form.options(service.settings.limits.pixels)
    names = list(unique(_name_with_suffix(file) for file in files))
    sources = [_store(file, folder / "in" / name) for file, name in zip(files, names, strict=True)]
    work = photographs_work(
        service.colorizer,
        sources,
        workers=service.settings.threads,
        suffix=FORMATS[form.format.upper()].suffixes[0] if form.format else None,
        quality=form.quality,
        options=options,
    )
    return Job("photographs", folder, [Item(name) for name in names], work, total=len(names))


def _name_with_suffix(file: UploadFile) -> str:
    """Return a safe name with a suffix that fits the content.

    Programs upload photographs without a suffix too, as browsers do with a `blob`.
    """
    name, format_name = safe_name(file.filename), sniff(file.file.read(256))
    file.file.seek(0)
    # Most raw files are TIFF inside, but keep their own suffix
    is_raw = PurePath(name).suffix.lower() in RAW_SUFFIXES
    known = format_name in READABLE_SUFFIXES.values() and not is_raw
    return named_for(name, str(format_name)) if known else name


def _film_job(service: ServiceState, folder: Path, file: UploadFile, form: ColorForm) -> Job:
    require_film()
    if form.hints or form.palette or form.format or form.quality:
        raise ConfigError("expected only vividness and reference with a film")
    options = form.options(service.settings.limits.pixels)
    name = safe_name(file.filename, "film")
    source = _store(file, folder / "in" / name)
    target = film_target(folder / "out", name)
    target.parent.mkdir()
    work = film_work(
        service.colorizer,
        source,
        target,
        vividness=options.vividness,
        references=[] if options.reference is None else [options.reference],
    )
    return Job("film", folder, [Item(name)], work)


def _store(file: UploadFile, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as target:
        shutil.copyfileobj(file.file, target, 1 << 20)
    return path


async def _find_job(key: str, service: Service) -> Job:
    job: Job | None = service.jobs.get(key)
    if job is None:
        raise HTTPException(404, "there is no such job; it may have expired")
    return job


KnownJob = Annotated[Job, Depends(_find_job)]


class _ResultResponse(FileResponse):
    """A file response, with problems instead of Starlette's plain-text errors."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def send_unless_error(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            if status < 400:
                await send(message)

        await super().__call__(scope, receive, send_unless_error)
        if status >= 400:
            problem = respond(status, "expected a range of bytes within the result")
            await problem(scope, receive, send)


@router.get(
    "/jobs/{key}", response_model=JobModel, responses=_JOB_ERRORS, summary="Get the status of a job"
)
async def status(job: KnownJob, request: Request) -> JobModel:
    """Return the status and progress of a job."""
    return _job_model(job, request)


@router.get(
    "/jobs/{key}/result",
    response_class=FileResponse,
    responses={
        200: {"description": "A zip of photographs, or a film.", "content": _RESULT_CONTENT},
        206: {
            "description": "The part of the file that `Range` asks for.",
            "content": _RESULT_CONTENT,
        },
        **_JOB_ERRORS,
        **documented(400, 409, 416),
    },
    summary="Download the result of a job",
)
async def result(job: KnownJob) -> FileResponse:
    """Return the result of a job as a file; supports `Range`."""
    if job.result is None:
        reason = f": {job.reason}" if job.reason else ""
        raise HTTPException(409, f"expected a job that is done; this one is {job.status}{reason}")
    headers = {"Content-Disposition": content_disposition(job.result.name)}
    return _ResultResponse(job.result, media_type="application/octet-stream", headers=headers)


@router.delete("/jobs/{key}", status_code=204, responses=_JOB_ERRORS, summary="Delete a job")
async def cancel(job: KnownJob, service: Service) -> None:
    """Cancel a job if it has not ended, and delete its files."""
    await asyncio.to_thread(service.jobs.remove, job)


def _job_model(job: Job, request: Request) -> JobModel:
    result_path = request.url_for("result", key=job.id).path if job.result else None
    items = [ItemModel(name=i.name, status=i.status, reason=i.reason) for i in job.items]
    return JobModel(
        id=job.id,
        kind=job.kind,
        status=job.status,
        reason=job.reason,
        done=job.done,
        total=job.total,
        created=job.created,
        ended=job.ended,
        items=items,
        result=result_path,
    )
