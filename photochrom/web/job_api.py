"""The REST API at `/api/v1/jobs`: many photographs, or a film."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from photochrom.batch import Status
from photochrom.errors import ConfigError
from photochrom.film import require as require_film
from photochrom.photo import FORMATS, READABLE_SUFFIXES
from photochrom.photo.codecs import RAW_SUFFIXES, sniff
from photochrom.web.filenames import (
    BYTES,
    FILM_TYPES,
    ZIP,
    content_disposition,
    media_type_of,
    named_for,
    safe_name,
    unique,
)
from photochrom.web.forms import JobForm
from photochrom.web.job_queue import Item, Job
from photochrom.web.jobs import (
    PhotographSettings,
    film_target,
    film_work,
    photographs_work,
)
from photochrom.web.openapi import file_response, problems
from photochrom.web.problems import respond
from photochrom.web.state import Service
from photochrom.web.uploads import UploadRoute

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/jobs", route_class=UploadRoute, tags=["jobs"])

_RESULT_TYPES: Final = [ZIP, *FILM_TYPES.values(), BYTES]
_UPLOAD_ERRORS: Final = problems(400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 501, 503, 507)
_ERRORS: Final = problems(401, 403, 404, 421, 422)


# An alias with a name becomes one schema, which items and jobs share
JobStatus = TypeAliasType("JobStatus", Status)


class UnchangedModel(BaseModel):
    """An image of a PDF that was not coloured."""

    page: int = Field(description="Number of its page, from 1.")
    reason: str = Field(description="Why it was not coloured.")


class ItemModel(BaseModel):
    """One photograph of a job, or its film."""

    name: str = Field(description="Name of the file.")
    status: JobStatus
    reason: str = Field(description="Why it failed; empty otherwise.")
    photographs: int = Field(
        description="Number of photographs that were coloured: several on an album page or in a "
        "document. 0 before that, and for a film."
    )
    unchanged: list[UnchangedModel] = Field(description="Images of a PDF that were not coloured.")
    metadata_lost: list[str] = Field(
        description="Metadata of the original that the result does not carry over."
    )
    repaired: str = Field(
        description="What was repaired in the copy of a photograph; empty if there is none."
    )
    notes: list[str] = Field(
        description="Messages about a film: what is converted or left out, and damaged places. "
        "They come while the film is being coloured."
    )


class JobModel(BaseModel):
    """A job and its progress."""

    id: str
    kind: Literal["photographs", "film"]
    status: JobStatus
    reason: str = Field(description="Why it failed; empty otherwise.")
    done: int = Field(description="Number of photographs, or frames, that are done.")
    total: int = Field(
        description="Number of photographs, or frames. For a film it is an estimate until the "
        "end; 0 if not known yet."
    )
    compared: int = Field(
        description="Number of photographs that were compared with the others, which comes first "
        "in a job with `consistent`; 0 in others."
    )
    created: float = Field(description="Time of the request, in seconds since 1970.")
    ended: float | None = Field(description="Time of the end, in seconds since 1970.")
    items: list[ItemModel]
    result: str | None = Field(description="Path of the result, once there is one.")


# --- creating ---------------------------------------------------------------------------------


@router.post(
    "",
    status_code=202,
    response_model=JobModel,
    responses={202: {"description": "The job was accepted."}, **_UPLOAD_ERRORS},
    summary="Create a job",
)
async def create_job(
    form: Annotated[JobForm, Form(media_type="multipart/form-data")],
    service: Service,
    request: Request,
    response: Response,
) -> JobModel:
    """Create a job that colours many photographs, or a film; its result is fetched later."""
    if bool(form.photographs) == (form.film is not None):
        raise ConfigError("expected either photographs or a film")
    max_files = service.settings.limits.files
    if len(form.photographs) > max_files:
        raise ConfigError(
            f"expected {max_files} photographs at most; received {len(form.photographs)}"
        )
    folder = service.new_folder()
    try:
        create = _film_job if form.film else _photographs_job
        job = await asyncio.to_thread(create, service, folder, form)
        service.jobs.add(job)
    except BaseException:  # also when the client disconnects, which cancels this function
        shutil.rmtree(folder, ignore_errors=True)
        raise
    response.headers["Location"] = str(request.url_for("get_job", key=job.id).path)
    return _job_model(job, request)


def _photographs_job(service: Service, folder: Path, form: JobForm) -> Job:
    options, files = form.options(service.settings.limits.pixels), form.photographs
    names = list(unique(_name_with_suffix(file) for file in files))
    sources = [_store(file, folder / "in" / name) for file, name in zip(files, names, strict=True)]
    settings = PhotographSettings(
        suffix=FORMATS[form.format.upper()].suffixes[0] if form.format else None,
        quality=form.quality,
        pages=form.pages or "",
        profile=form.result_profile,
        label=form.label,
        split=form.split,
        consistent=form.consistent,
        in_color=form.in_color,
    )
    work = photographs_work(
        service.colorizer, sources, options, settings, workers=service.settings.threads
    )
    return Job("photographs", folder, [Item(name) for name in names], work, total=len(names))


def _name_with_suffix(file: UploadFile) -> str:
    """Return a safe name with a suffix that fits the content.

    Programs upload photographs without a suffix too, as browsers do with a `blob`.
    """
    name, format_name = safe_name(file.filename), sniff(file.file.read(4096))
    file.file.seek(0)
    # Raw files are TIFF inside; with .tif for a suffix they would be read as plain TIFF files
    known = (
        format_name in (*READABLE_SUFFIXES.values(), "PDF")
        and PurePath(name).suffix.lower() not in RAW_SUFFIXES
    )
    return named_for(name, str(format_name)) if known else name


def _film_job(service: Service, folder: Path, form: JobForm) -> Job:
    require_film()
    sent = form.model_dump(exclude={"film", "vividness", "reference"}, exclude_defaults=True)
    if sent:
        raise ConfigError(
            f"expected only vividness and reference with a film; received {', '.join(sent)}"
        )
    assert form.film is not None
    options = form.options(service.settings.limits.pixels)
    name = safe_name(form.film.filename, "film")
    source = _store(form.film, folder / "in" / name)
    target = film_target(folder / "out", name)
    target.parent.mkdir()
    return Job("film", folder, [Item(name)], film_work(service.colorizer, source, target, options))


def _store(file: UploadFile, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as target:
        shutil.copyfileobj(file.file, target, 1 << 20)
    return path


# --- asking, fetching, deleting ---------------------------------------------------------------


async def _find_job(key: str, service: Service) -> Job:
    job = service.jobs.get(key)
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


@router.get("/{key}", response_model=JobModel, responses=_ERRORS, summary="Get the status of a job")
async def get_job(job: KnownJob, request: Request) -> JobModel:
    """Return the status and progress of a job."""
    return _job_model(job, request)


@router.get(
    "/{key}/result",
    response_class=FileResponse,
    responses={
        200: file_response("A zip of photographs, or a film.", _RESULT_TYPES),
        206: file_response("The part of the file that `Range` asks for.", _RESULT_TYPES),
        **_ERRORS,
        **problems(400, 409, 416),
    },
    summary="Download the result of a job",
)
async def get_job_result(job: KnownJob) -> FileResponse:
    """Return the result of a job as a file; supports `Range`."""
    if job.result is None:
        reason = f": {job.reason}" if job.reason else ""
        raise HTTPException(409, f"expected a job that is done; this one is {job.status}{reason}")
    name = job.result.name
    headers = {"Content-Disposition": content_disposition(name)}
    return _ResultResponse(job.result, media_type=media_type_of(name), headers=headers)


@router.delete("/{key}", status_code=204, responses=_ERRORS, summary="Delete a job")
async def delete_job(job: KnownJob, service: Service) -> None:
    """Cancel a job if it has not ended, and delete its files."""
    await asyncio.to_thread(service.jobs.remove, job)


def _job_model(job: Job, request: Request) -> JobModel:
    result_path = request.url_for("get_job_result", key=job.id).path if job.result else None
    items = [_item_model(item) for item in job.items]
    return JobModel(
        id=job.id,
        kind=job.kind,
        status=job.status,
        reason=job.reason,
        done=job.done,
        total=job.total,
        compared=job.compared,
        created=job.created,
        ended=job.ended,
        items=items,
        result=result_path,
    )


def _item_model(item: Item) -> ItemModel:
    return ItemModel(
        name=item.name,
        status=item.status,
        reason=item.reason,
        photographs=item.photographs,
        unchanged=[UnchangedModel(page=page, reason=reason) for page, reason in item.unchanged],
        metadata_lost=list(item.metadata_lost),
        repaired=item.repaired,
        notes=list(item.notes),
    )
