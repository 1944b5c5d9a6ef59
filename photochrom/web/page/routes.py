"""Routes for the pictures on the page and for its downloads."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from photochrom.files.names import COLORIZED
from photochrom.web.filenames import content_disposition, media_type_of
from photochrom.web.page.session import Session
from photochrom.web.page.shot_sheet import ShotSheet
from photochrom.web.page.tray import Picture
from photochrom.web.state import Service

__all__ = ["ASSETS", "EXAMPLES", "ZIP_NAME", "router"]

router = APIRouter(prefix="/session", include_in_schema=False)

ASSETS: Final = Path(str(files("photochrom.web.page") / "assets"))
EXAMPLES: Final = {  # file names, and descriptions for screen readers
    "astronaut.jpg": "An astronaut before a flag",
    "coffee.jpg": "A cup of coffee on a wooden table",
    "cat.jpg": "The face of a cat",
}
ZIP_NAME: Final = f"photographs{COLORIZED}.zip"
_CACHE_HEADERS: Final = {"Cache-Control": "private, max-age=3600"}


@router.get("/example/{name}")
def example(name: str) -> FileResponse:
    """Return an example photograph."""
    if name not in EXAMPLES:
        raise HTTPException(404, "there is no such example")
    return FileResponse(ASSETS / name, headers=_CACHE_HEADERS)


@router.get("/film/{key}/preview.jpg")
def film_preview(key: str, service: Service) -> Response:
    """Return the latest frame of a film that is being coloured."""
    job = service.jobs.get(key)
    if job is None or not job.preview:
        raise HTTPException(404, "there is no frame of that film yet")
    return Response(job.preview, media_type="image/jpeg")


@router.get("/shots/{key}/{number}/photograph.jpg")
def shot_photograph(key: str, number: int, request: Request) -> Response:
    """Return a small picture of the photograph that a shot of a film copies colours from."""
    sheet: ShotSheet | None = request.app.state.shot_sheets.get(key)
    shot = sheet.find_shot(number) if sheet else None
    if shot is None or shot.photograph is None:
        raise HTTPException(404, "there is no such photograph, or it has been removed")
    headers = {"Cache-Control": "no-store"}
    return Response(shot.photograph.thumbnail, media_type="image/jpeg", headers=headers)


@router.get("/shots/{key}/{number}/{kind}.jpg")
def shot_picture(key: str, number: int, kind: str, request: Request) -> FileResponse:
    """Return the coloured frame of a shot of a film, large or small."""
    sheet: ShotSheet | None = request.app.state.shot_sheets.get(key)
    path = sheet.picture_path(number, small=kind == "thumb") if sheet else None
    if path is None or kind not in ("thumb", "picture") or not path.is_file():
        raise HTTPException(404, "there is no such shot, or it has been deleted")
    return FileResponse(path, headers={"Cache-Control": "no-store"})


def _find_session(key: str, request: Request) -> Session:
    session: Session | None = request.app.state.sessions.get(key)
    if session is None:
        raise HTTPException(404, "these photographs have been deleted")
    return session


OpenSession = Annotated[Session, Depends(_find_session)]


def _find_shown(session: OpenSession, number: int) -> Picture:
    picture = session.tray.get(number)
    if picture is None or picture.status not in ("done", "skipped"):
        raise HTTPException(404, "this photograph has been deleted, or is not coloured yet")
    return picture


ShownPicture = Annotated[Picture, Depends(_find_shown)]


def _find_done(picture: ShownPicture) -> Picture:
    if picture.status != "done":
        raise HTTPException(404, f"this photograph {picture.reason}")
    return picture


DonePicture = Annotated[Picture, Depends(_find_done)]


@router.get("/{key}/all.zip")
def download_all(session: OpenSession) -> FileResponse:
    """Return all coloured photographs as a zip."""
    path = session.downloads.make_zip()
    return _download(path, ZIP_NAME, BackgroundTask(path.unlink))


@router.get("/{key}/{number}/coloured")
def download(session: OpenSession, picture: DonePicture) -> FileResponse:
    """Return a coloured photograph at full size, with its metadata."""
    return _download(session.downloads.file(picture), picture.target_name)


@router.get("/{key}/{number}/share.jpg")
def share_picture(session: OpenSession, picture: DonePicture) -> Response:
    """Return the photograph before and after colouring, side by side."""
    headers = {"Content-Disposition": content_disposition(picture.share_name)}
    data = session.renderings.share_picture(picture)
    return Response(data, media_type="image/jpeg", headers=headers)


@router.get("/{key}/{number}/unsure.png")
def uncertainty(session: OpenSession, picture: DonePicture) -> Response:
    """Return a layer that covers the places where the colours are uncertain."""
    return Response(session.renderings.uncertainty_layer(picture), media_type="image/png")


@router.get("/{key}/{number}/{what}.jpg")
def preview(picture: ShownPicture, what: str) -> FileResponse:
    """Return a preview: "before", "after-3", "thumb-3" and the like.

    The number is the version, so that browsers may cache previews.
    """
    kind, _, version = what.partition("-")
    path = picture.preview_path(what)
    # Nothing but these names may reach the file system
    if kind not in ("before", "after", "thumb") or (version and not version.isdigit()):
        raise HTTPException(404, "there is no such picture")
    if not path.is_file():
        raise HTTPException(404, "this version of the picture has been deleted")
    return FileResponse(path, headers=_CACHE_HEADERS)


def _download(path: Path, name: str, after: BackgroundTask | None = None) -> FileResponse:
    """Return a response that downloads `path` as `name`, and runs a task afterwards."""
    headers = {"Content-Disposition": content_disposition(name)}
    return FileResponse(path, media_type=media_type_of(name), headers=headers, background=after)
