"""What the page's own components are told: nothing but JSON."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from photochrom.web.page.pictures import EXAMPLES

if TYPE_CHECKING:
    from photochrom.web.page.session import Picture, Session

__all__ = ["answers_value", "marks_value", "tray_value", "viewer_value"]


def _place(desk: Session, picture: Picture) -> str:
    return f"/desk/{desk.key}/{picture.number}"


def viewer_value(desk: Session | None, picture: Picture | None) -> dict[str, Any]:
    """One photograph, large; without one, the examples."""
    if desk is None or picture is None:
        return {"examples": [{"name": n, "alt": alt} for n, alt in EXAMPLES.items()]}
    value = {"desk": desk.key, "number": picture.number, "name": picture.name}
    if picture.status != "done":
        return value | {"status": picture.status, "reason": picture.reason}
    place, version = _place(desk, picture), picture.version
    return value | {
        "status": "done",
        "width": picture.size[0],
        "height": picture.size[1],
        "seconds": round(picture.seconds, 2),
        "before": f"{place}/before.jpg",
        "after": f"{place}/after-{version}.jpg",
        "unsure": f"{place}/unsure.png?{version}",
        "coloured": f"{place}/coloured",
        "marks": marks_value(picture),
    }


def marks_value(picture: Picture | None) -> list[dict[str, Any]]:
    """What a person has said of a photograph's colours."""
    marks = picture.choices.marks if picture else ()
    return [{"x": m.x, "y": m.y, "color": f"#{bytes(m.color).hex()}"} for m in marks]


def tray_value(desk: Session, chosen: int | None = None) -> dict[str, Any]:
    """All photographs, small; None: which is shown large is no news."""
    items = []
    for picture in list(desk.pictures.values()):
        item = {"number": picture.number, "name": picture.name, "status": picture.status}
        if picture.status == "done":
            item["thumb"] = f"{_place(desk, picture)}/thumb-{picture.version}.jpg"
        items.append(item | {"reason": picture.reason})
    done = sum(each["status"] in ("done", "failed", "cancelled") for each in items)
    return {
        "items": items,
        "chosen": chosen,
        "done": done,
        "busy": desk.is_busy,
        "paused": desk.paused,
        "zip": f"/desk/{desk.key}/all.zip" if any(i["status"] == "done" for i in items) else "",
    }


def answers_value(found: list[bytes], chosen: int) -> dict[str, Any]:
    """Several answers, small."""
    pictures = [f"data:image/jpeg;base64,{base64.b64encode(each).decode()}" for each in found]
    return {"pictures": pictures, "chosen": chosen}
