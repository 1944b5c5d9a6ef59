"""The JSON values of the page's own components."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, NotRequired, TypedDict

from photochrom.web.page.routes import EXAMPLES

if TYPE_CHECKING:
    from photochrom.batch import Status
    from photochrom.web.page.choices import Mark
    from photochrom.web.page.session import Session
    from photochrom.web.page.shot_sheet import ShotSheet
    from photochrom.web.page.tray import Picture

__all__ = [
    "AlternativesValue",
    "JobValue",
    "MarkValue",
    "ShotsValue",
    "TrayValue",
    "ViewerValue",
    "alternatives_value",
    "marks_value",
    "shots_value",
    "tray_value",
    "viewer_value",
]


class MarkValue(TypedDict):
    """A colour that a person has given; points are in shares of the width and the height.

    `radius` is that of the brush in shares of the shorter side; None for a point.
    """

    points: list[tuple[float, float]]
    color: str
    radius: float | None


class _Example(TypedDict):
    name: str
    alt: str


class ViewerValue(TypedDict, total=False):
    """One photograph, large; `examples` alone if there is none.

    `problem` says why the last thing that a person has asked for, at the time `asked`, was not
    done.
    """

    examples: list[_Example]
    session: str
    number: int
    name: str
    status: Status
    reason: str
    width: int
    height: int
    seconds: float
    before: str
    after: str
    unsure: str
    coloured: str
    save_as: str
    share: str
    share_as: str
    marks: list[MarkValue]
    found: int
    in_color: int
    album: bool
    problem: str
    asked: float


class _Thumbnail(TypedDict):
    number: int
    name: str
    status: Status
    reason: str
    thumb: NotRequired[str]


class TrayValue(TypedDict):
    """All photographs, and the progress of their queue.

    `sharing` says whether they share colours, and `compared` which share of the work for that is
    done, 0 to 1; None unless it is under way. `asked` is the time of a request that was refused.
    """

    items: list[_Thumbnail]
    chosen: int | None
    done: int
    in_color: int
    busy: bool
    paused: bool
    zip: str
    sharing: bool
    compared: float | None
    asked: NotRequired[float]


class AlternativesValue(TypedDict, total=False):
    """The alternatives; without `pictures`, the component asks for them when its tab is open.

    `of` is the state of the photograph, so that the value differs whenever they are out of date.
    """

    of: tuple[int | str, ...]
    pictures: list[str]
    chosen: int


class JobValue(TypedDict, total=False):
    """The progress of a film or a document.

    `note` says what is worth knowing of the result, `notes` are messages about the film, `format`
    is the suffix of the result in capitals, and `plays` says whether it is played on the page.
    """

    status: Status
    reason: str
    note: str
    notes: list[str]
    name: str
    done: int
    total: int
    preview: str
    result: str
    format: str
    plays: bool


class _ShotValue(TypedDict):
    """A shot on the preview sheet; times are in seconds from the start of the film.

    `photograph` is the URL of a small picture of the one to copy colours from; "" if there is none.
    """

    number: int
    start: float
    end: float
    thumb: str
    picture: str
    ratio: float
    marks: list[MarkValue]
    photograph: str


class ShotsValue(TypedDict, total=False):
    """The preview sheet of a film; {} if there is none.

    `done` and `total` count the frames that were searched. `chosen` is the number of the shot that
    is shown large, or None. `problem` says why the last thing that a person has asked for was not
    done. `asked` is the time, so that every answer is drawn.
    """

    key: str
    status: str
    reason: str
    done: int
    all_shots: bool
    total: int
    shots: list[_ShotValue]
    chosen: int | None
    problem: str
    asked: float


def _url_of(session: Session, picture: Picture) -> str:
    return f"/session/{session.key}/{picture.number}"


def viewer_value(session: Session | None, picture: Picture | None) -> ViewerValue:
    """Return the value of the viewer: one photograph, or the examples if there is none."""
    if session is None or picture is None:
        return {"examples": [{"name": name, "alt": alt} for name, alt in EXAMPLES.items()]}
    value: ViewerValue = {
        "session": session.key,
        "number": picture.number,
        "name": picture.name,
        "status": picture.status,
        "reason": picture.reason,
    }
    if picture.status not in ("done", "skipped"):
        return value
    url, version = _url_of(session, picture), picture.version
    value |= {
        "width": picture.size[0],
        "height": picture.size[1],
        "before": f"{url}/before.jpg",
    }
    if picture.status == "skipped":
        return value
    value |= {
        "seconds": round(picture.seconds, 2),
        "after": f"{url}/after-{version}.jpg",
        "unsure": f"{url}/unsure.png?{version}",  # a new URL, so that the browser loads it again
        "coloured": f"{url}/coloured",
        "save_as": picture.target_name,
        "share": f"{url}/share.jpg",
        "share_as": picture.share_name,
        "marks": marks_value(picture),
        "found": picture.found,
        "in_color": picture.in_color,
        "album": picture.choices.album,
    }
    return value


def marks_value(picture: Picture | None) -> list[MarkValue]:
    """Return the value of the list of marks: the colours that a person has given."""
    return _mark_values(picture.choices.marks if picture else ())


def _mark_values(marks: tuple[Mark, ...]) -> list[MarkValue]:
    return [
        {"points": list(m.points), "color": f"#{bytes(m.color).hex()}", "radius": m.radius}
        for m in marks
    ]


def tray_value(session: Session, chosen: int | None = None) -> TrayValue:
    """Return the value of the tray: all photographs of a session, as thumbnails.

    Args:
        session: The session.
        chosen: Number of the photograph in the viewer; None leaves it as it is.
    """
    items = [_thumbnail(session, picture) for picture in list(session.tray.pictures.values())]
    ended = sum(item["status"] not in ("queued", "running") for item in items)
    has_results = any(item["status"] == "done" for item in items)
    progress = session.sharing.progress
    return {
        "items": items,
        "chosen": chosen,
        "in_color": sum(item["status"] == "skipped" for item in items),
        "done": ended,  # of all photographs; not only those with the status "done"
        "busy": session.queue.is_busy,
        "paused": session.queue.paused,
        # While photographs are compared, some have their new colours already and others do not
        "zip": f"/session/{session.key}/all.zip" if has_results and not progress else "",
        "sharing": session.sharing.wanted,
        "compared": progress and progress[0] / progress[1],
    }


def _thumbnail(session: Session, picture: Picture) -> _Thumbnail:
    item: _Thumbnail = {
        "number": picture.number,
        "name": picture.name,
        "status": picture.status,
        "reason": picture.reason,
    }
    if picture.status in ("done", "skipped"):
        item["thumb"] = f"{_url_of(session, picture)}/thumb-{picture.version}.jpg"
    return item


def alternatives_value(previews: list[bytes], chosen: int) -> AlternativesValue:
    """Return the value of the alternatives: several colourings to choose from.

    Args:
        previews: A small JPEG file of each alternative.
        chosen: Index of the one that is chosen.
    """
    # As data URLs, since the previews are shown once and not kept
    pictures = [f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" for data in previews]
    return {"pictures": pictures, "chosen": chosen}


def shots_value(sheet: ShotSheet | None, chosen: int, problem: str = "") -> ShotsValue:
    """Return the value of the preview sheet of a film.

    Args:
        sheet: The sheet; None if there is none.
        chosen: Number of the shot that is shown large; 0 if none is.
        problem: Why the last thing that a person has asked for was not done; "" if it was.
    """
    if sheet is None:
        return {}
    shots: list[_ShotValue] = []
    for each in list(sheet.shots):
        # The version makes a new URL, so that the browser loads the frame again
        url = f"/session/shots/{sheet.key}/{each.number}"
        shots.append(
            {
                "number": each.number,
                "start": each.shot.start,
                "end": each.shot.end,
                "thumb": f"{url}/thumb.jpg?{each.version}",
                "picture": f"{url}/picture.jpg?{each.version}",
                "ratio": each.shape[1] / each.shape[0],
                "marks": _mark_values(each.marks),
                "photograph": f"{url}/photograph.jpg?{each.version}" if each.photograph else "",
            }
        )
    return {
        "key": sheet.key,
        "status": sheet.status,
        "reason": sheet.reason,
        "done": sheet.done,
        "total": sheet.total,
        "shots": shots,
        "all_shots": sheet.all_shots,
        "chosen": chosen if sheet.find_shot(chosen) else None,
        "problem": problem,
        "asked": time.time(),
    }
