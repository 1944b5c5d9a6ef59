"""The JSON values of the page's own components; "desk" is what sessions are called in URLs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from photochrom.web.page.pictures import EXAMPLES

if TYPE_CHECKING:
    from photochrom.web.page.session import Picture, Session

__all__ = ["alternatives_value", "marks_value", "tray_value", "viewer_value"]


def _url_of(session: Session, picture: Picture) -> str:
    return f"/desk/{session.key}/{picture.number}"


def viewer_value(session: Session | None, picture: Picture | None) -> dict[str, Any]:
    """Return the value of the viewer: one photograph, or the examples if there is none."""
    if session is None or picture is None:
        return {"examples": [{"name": name, "alt": alt} for name, alt in EXAMPLES.items()]}
    value = {"desk": session.key, "number": picture.number, "name": picture.name}
    if picture.status != "done":
        return value | {"status": picture.status, "reason": picture.reason}
    url, version = _url_of(session, picture), picture.version
    return value | {
        "status": "done",
        "width": picture.size[0],
        "height": picture.size[1],
        "seconds": round(picture.seconds, 2),
        "before": f"{url}/before.jpg",
        "after": f"{url}/after-{version}.jpg",
        "unsure": f"{url}/unsure.png?{version}",  # a new URL, so that the browser loads it again
        "coloured": f"{url}/coloured",
        "marks": marks_value(picture),
    }


def marks_value(picture: Picture | None) -> list[dict[str, Any]]:
    """Return the value of the list of marks: the colours that a person has given."""
    marks = picture.choices.marks if picture else ()
    return [{"x": m.x, "y": m.y, "color": f"#{bytes(m.color).hex()}"} for m in marks]


def tray_value(session: Session, chosen: int | None = None) -> dict[str, Any]:
    """Return the value of the tray: all photographs of a session, as thumbnails.

    Args:
        session: The session.
        chosen: Number of the photograph in the viewer; None leaves it as it is.
    """
    items = []
    for picture in list(session.pictures.values()):
        item = {"number": picture.number, "name": picture.name, "status": picture.status}
        if picture.status == "done":
            item["thumb"] = f"{_url_of(session, picture)}/thumb-{picture.version}.jpg"
        items.append(item | {"reason": picture.reason})
    ended = sum(item["status"] in ("done", "failed", "cancelled") for item in items)
    has_results = any(item["status"] == "done" for item in items)
    return {
        "items": items,
        "chosen": chosen,
        "done": ended,  # of all photographs; not only those with the status "done"
        "busy": session.is_busy,
        "paused": session.paused,
        "zip": f"/desk/{session.key}/all.zip" if has_results else "",
    }


def alternatives_value(previews: list[bytes], chosen: int) -> dict[str, Any]:
    """Return the value of the alternatives: several colourings to choose from.

    Args:
        previews: A small JPEG file of each alternative.
        chosen: Index of the one that is chosen.
    """
    # As data URLs, since the previews are shown once and not kept
    pictures = [f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" for data in previews]
    return {"pictures": pictures, "chosen": chosen}
