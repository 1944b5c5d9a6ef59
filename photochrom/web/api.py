"""The service for programs: `/api/v1`."""

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
from photochrom.photo import FORMATS
from photochrom.photo.formats import RAW_SUFFIXES, sniff
from photochrom.web.filenames import content_disposition, named_for, safe_name, unique
from photochrom.web.forms import Wishes, wishes
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

_TYPES: Final = {name: f"image/{name.lower()}" for name in FORMATS}
_PICTURES: Final = {
    each: {"schema": {"type": "string", "format": "binary"}}
    for each in (*_TYPES.values(), "application/zip")
}
_REFUSALS: Final = documented(400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503, 507)


class ItemModel(BaseModel):
    """One photograph of a job, or its film."""

    name: str
    status: Status
    reason: str = Field(description="Why it failed.")


class JobModel(BaseModel):
    """Something that is being done."""

    id: str
    kind: str = Field(description="`photographs` or `film`.")
    status: Status
    reason: str = Field(description="Why it failed.")
    done: int = Field(description="Photographs, or frames, that are done.")
    total: int = Field(description="Of so many; of a film, about so many; 0: not known yet.")
    created: float = Field(description="In seconds since 1970.")
    ended: float | None
    items: list[ItemModel]
    result: str | None = Field(description="Where the result is, once there is one.")


@dataclass(frozen=True)
class _File:
    """A result on its way out."""

    data: bytes
    media_type: str
    name: str


async def _workshop(request: Request) -> ServiceState:
    workshop: ServiceState = request.app.state.workshop
    return workshop


Here = Annotated[Any, Depends(_workshop)]
Asked = Annotated[Wishes, Depends(wishes)]


@router.post(
    "/colorize",
    response_class=Response,
    responses={
        200: {"description": "The photograph in colour.", "content": _PICTURES},
        **_REFUSALS,
    },
)
async def colorize(
    image: Annotated[UploadFile, File(description="A photograph.")],
    here: Here,
    asked: Asked,
    request: Request,
    variants: Annotated[
        int, Form(ge=1, le=8, description="Several different answers, as a zip.")
    ] = 1,
) -> Response:
    """Colour a photograph, at its full size and with its metadata."""
    try:
        made = await here.gate.run(
            lambda: _colored(here, image, asked, variants), unless=_gone(request)
        )
    except ClientDisconnected:
        return Response(status_code=499)  # as other servers count it; nobody will see it
    here.metrics.photographs.inc()
    headers = {"Content-Disposition": content_disposition(made.name)}
    return Response(made.data, 200, headers, made.media_type)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _colored(here: ServiceState, image: UploadFile, asked: Wishes, variants: int) -> _File:
    name, how = safe_name(image.filename), asked.how(here.settings.limits.pixels)
    prediction = here.colorizer.predict(
        image.file.read(), name=name, reference=how.pop("reference", None)
    )
    here.metrics.pixels.inc(prediction.photo.luma.size)
    if variants == 1:
        made = prediction.color(**how)
        data = made.encode(asked.format_for(made.format), quality=asked.quality)
        format_name = asked.format_for(made.format)
        return _File(data, _TYPES[format_name], named_for(name, format_name))
    if unwanted := [each for each in ("hints", "palette") if how[each]]:
        received = " and ".join(unwanted)
        raise ConfigError(f"expected variants without hints and palette; received {received}")
    return _several(prediction, name, asked, variants)


def _several(prediction: Prediction, name: str, asked: Wishes, count: int) -> _File:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        found: list[ColorPhoto] = prediction.variants(count, vividness=asked.vividness)
        for number, made in enumerate(found, 1):
            format_name = asked.format_for(made.format)
            path = PurePath(named_for(name, format_name))
            data = made.encode(format_name, quality=asked.quality)
            file.writestr(f"{path.stem}-{number}{path.suffix}", data)
    return _File(archive.getvalue(), "application/zip", f"{PurePath(name).stem}.zip")


@router.post(
    "/jobs",
    status_code=202,
    response_model=JobModel,
    responses={202: {"description": "Taken on."}, **_REFUSALS, **documented(501)},
    openapi_extra={"requestBody": {"required": True}},
)
async def begin(
    here: Here,
    asked: Asked,
    request: Request,
    response: Response,
    photographs: Annotated[list[UploadFile], File(description="Photographs.")] = [],  # noqa: B006
    film: Annotated[UploadFile | None, File(description="A film, instead of photographs.")] = None,
) -> JobModel:
    """Take on many photographs, or a film; ask for the result later."""
    if bool(photographs) == (film is not None):
        raise ConfigError("expected either photographs or a film")
    if len(photographs) > here.settings.limits.files:
        raise ConfigError(
            f"expected {here.settings.limits.files} photographs at most; "
            f"received {len(photographs)}"
        )
    folder = here.new_folder()
    try:
        if film:
            job = await asyncio.to_thread(_take_film, here, folder, film, asked)
        else:
            job = await asyncio.to_thread(_take_photographs, here, folder, photographs, asked)
        here.jobs.add(job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    response.headers["Location"] = str(request.url_for("status", key=job.id).path)
    return _told(job, request)


def _take_photographs(
    here: ServiceState, folder: Path, files: list[UploadFile], asked: Wishes
) -> Job:
    how = asked.how(here.settings.limits.pixels)
    names = list(unique(_fitting_name(each) for each in files))
    sources = [_stored(file, folder / "in" / name) for file, name in zip(files, names, strict=True)]
    work = photographs_work(
        here.colorizer,
        sources,
        workers=here.settings.threads,
        suffix=FORMATS[asked.format.upper()].suffixes[0] if asked.format else None,
        quality=asked.quality,
        options=how,
    )
    return Job("photographs", folder, [Item(name) for name in names], work, total=len(names))


def _fitting_name(file: UploadFile) -> str:
    """With a suffix that says what it holds: photographs come as `blob`, too."""
    name, held = safe_name(file.filename), sniff(file.file.read(256))
    file.file.seek(0)
    known = held in FORMATS and PurePath(name).suffix.lower() not in RAW_SUFFIXES
    return named_for(name, str(held)) if known else name


def _take_film(here: ServiceState, folder: Path, file: UploadFile, asked: Wishes) -> Job:
    require_film()
    if asked.hints or asked.palette or asked.format or asked.quality:
        raise ConfigError("expected a film with vividness and reference alone")
    how = asked.how(here.settings.limits.pixels)
    name = safe_name(file.filename, "film")
    source = _stored(file, folder / "in" / name)
    target = film_target(folder / "out", name)
    target.parent.mkdir()
    work = film_work(
        here.colorizer,
        source,
        target,
        vividness=asked.vividness,
        references=[how["reference"]] if "reference" in how else [],
    )
    return Job("film", folder, [Item(name)], work)


def _stored(file: UploadFile, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as target:
        shutil.copyfileobj(file.file, target, 1 << 20)
    return path


async def _known(key: str, here: Here) -> Job:
    job: Job | None = here.jobs.get(key)
    if job is None:
        raise HTTPException(404, "there is no such job, or it is forgotten by now")
    return job


Known = Annotated[Job, Depends(_known)]
_NOT_FOUND: Final = documented(401, 403, 404, 421, 422)
_BYTES: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class _Result(FileResponse):
    """A file, or a part of it, or a problem."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def unless_refused(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            if status < 400:
                await send(message)

        await super().__call__(scope, receive, unless_refused)
        if status >= 400:
            refusal = respond(status, "expected a range of bytes within the result")
            await refusal(scope, receive, send)


@router.get("/jobs/{key}", response_model=JobModel, responses=_NOT_FOUND)
async def status(job: Known, request: Request) -> JobModel:
    """How far a job is."""
    return _told(job, request)


@router.get(
    "/jobs/{key}/result",
    response_class=FileResponse,
    responses={
        200: {"description": "A zip of photographs, or a film.", "content": _BYTES},
        206: {"description": "A part of it, as `Range` asks.", "content": _BYTES},
        **_NOT_FOUND,
        **documented(400, 409, 416),
    },
)
async def result(job: Known) -> FileResponse:
    """What a job has made."""
    if job.result is None:
        why = f": {job.reason}" if job.reason else ""
        raise HTTPException(409, f"expected a job that is done; this one is {job.status}{why}")
    headers = {"Content-Disposition": content_disposition(job.result.name)}
    return _Result(job.result, media_type="application/octet-stream", headers=headers)


@router.delete("/jobs/{key}", status_code=204, responses=_NOT_FOUND)
async def cancel(job: Known, here: Here) -> None:
    """Cancel a job if it is not over, and delete its files."""
    await asyncio.to_thread(here.jobs.remove, job)


def _told(job: Job, request: Request) -> JobModel:
    there = request.url_for("result", key=job.id).path if job.result else None
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
        result=there,
    )
