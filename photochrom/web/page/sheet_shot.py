"""One shot on the preview sheet of a film, with the colours that a person has given there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photochrom.film.shots import Shot
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.reference import Reference
    from photochrom.web.page.choices import Mark

__all__ = ["SheetShot", "ShotPhotograph"]


@dataclass(frozen=True, eq=False)
class ShotPhotograph:
    """A photograph that a shot copies colours from.

    Attributes:
        file: Its path.
        colors: Its colours, as the network sees them.
        thumbnail: A small JPEG file of it.
    """

    file: str
    colors: Reference
    thumbnail: bytes


@dataclass(eq=False)
class SheetShot:
    """A shot on the sheet.

    Attributes:
        number: Its number, which no other shot of the sheet ever has.
        shot: Its times.
        size: Width and height of the film's frames, in pixels.
        shape: Height and width of the frame that is shown.
        marks: The colours that a person has given, relative to the frame's size.
        photograph: The photograph to copy colours from, or None.
        version: How often it has been coloured.
        settings: Number of the settings with which it was coloured last.
    """

    number: int
    shot: Shot
    size: tuple[int, int]
    shape: tuple[int, int]
    marks: tuple[Mark, ...] = ()
    photograph: ShotPhotograph | None = None
    version: int = 0
    settings: int = -1

    @property
    def has_colors(self) -> bool:
        """Whether a person has given it colours, or a photograph to copy them from."""
        return bool(self.marks or self.photograph)

    @property
    def section(self) -> tuple[float, float]:
        """Its start and end in seconds, as a section of the film."""
        # The end of a section does not belong to it, but the last frame of a shot does
        return self.shot.start, math.nextafter(self.shot.end, math.inf)

    def hints(self) -> list[Hint]:
        """Return the colours as hints, in pixels of the film's frames."""
        return [mark.to_hint(self.size) for mark in self.marks]
