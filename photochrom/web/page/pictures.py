"""The pictures that the page shows, and the files that it gives away."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from photochrom.web.filenames import content_disposition

if TYPE_CHECKING:
    from collections.abc import Callable

    from photochrom.web.page.session import Picture, Session

__all__ = ["EXAMPLES", "router"]

router = APIRouter(prefix="/desk", include_in_schema=False)

ASSETS: Final = Path(str(files("photochrom.web.page") / "assets"))
EXAMPLES: Final = {  # and what a person who cannot see them is told
    "astronaut.jpg": "An astronaut before a flag",
    "coffee.jpg": "A cup of coffee on a wooden table",
    "cat.jpg": "The face of a cat",
}
_KEPT: Final = {"Cache-Control": "private, max-age=3600"}


@router.get("/example/{name}")
def example(name: str) -> FileResponse:
    """A sample photograph."""
    if name not in EXAMPLES:
        raise HTTPException(404, "there is no such example")
    return FileResponse(ASSETS / name, headers=_KEPT)


@router.get("/film/{key}/look.jpg")
def look(key: str, request: Request) -> Response:
    """The latest frame of a film that is being coloured."""
    job = request.app.state.workshop.jobs.get(key)
    if job is None or not job.look:
        raise HTTPException(404, "there is no frame of that film yet")
    return Response(job.look, media_type="image/jpeg")


def _desk(key: str, request: Request) -> Session:
    desk: Session | None = request.app.state.desks.get(key)
    if desk is None:
        raise HTTPException(404, "these photographs are not here any more")
    return desk


Here = Annotated[Any, Depends(_desk)]


def _picture(here: Here, number: int) -> Picture:
    picture: Picture | None = here.pictures.get(number)
    if picture is None or picture.status != "done":
        raise HTTPException(404, "this photograph is not here, or not coloured")
    return picture


That = Annotated[Any, Depends(_picture)]


@router.get("/{key}/all.zip")
def everything(here: Here) -> FileResponse:
    """All that is coloured."""
    return _download(here.zipped(), "coloured.zip", then=Path.unlink)


@router.get("/{key}/{number}/coloured")
def coloured(here: Here, that: That) -> FileResponse:
    """At full size, with its metadata."""
    return _download(here.saved(that), that.name)


@router.get("/{key}/{number}/unsure.png")
def unsure(here: Here, that: That) -> Response:
    """Where colours are mere guesses."""
    return Response(here.unsure(that), media_type="image/png")


@router.get("/{key}/{number}/{what}.jpg")
def shown(that: That, what: str) -> FileResponse:
    """A picture of the page; `what` names its version, so that it may be kept."""
    kind, _, version = what.partition("-")
    path = that.shown(what)
    if kind not in ("before", "after", "thumb") or (version and not version.isdigit()):
        raise HTTPException(404, "there is no such picture")
    if not path.is_file():
        raise HTTPException(404, "this version of the picture is not kept any more")
    return FileResponse(path, headers=_KEPT)


def _download(path: Path, name: str, then: Callable[[Path], None] | None = None) -> FileResponse:
    headers = {"Content-Disposition": content_disposition(name)}
    after = BackgroundTask(then, path) if then else None
    return FileResponse(
        path, media_type="application/octet-stream", headers=headers, background=after
    )
