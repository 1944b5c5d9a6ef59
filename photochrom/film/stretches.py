"""Divide a film into stretches, which can be coloured in any order and at any place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from photochrom.film.coloring import small_luma
from photochrom.film.optical_flow import detect_shots, signature
from photochrom.film.part_encoder import begins_stretch
from photochrom.film.progress import FilmListener
from photochrom.parallel import prefetch

if TYPE_CHECKING:
    from photochrom.film.reader import FilmReader
    from photochrom.model.model import Model

__all__ = ["Stretch", "find_stretches"]

_QUEUED_FRAMES: Final = 8  # decoded frames that wait to be searched for cuts


@dataclass(frozen=True)
class Stretch:
    """Shots of a film that follow each other, and are coloured together.

    Attributes:
        first: the time of its first frame, in the film's time base; None for that of the film.
        before: the time of the first frame after it; None where it reaches to the film's end.
        frames: the number of its frames; 0 if unknown.
    """

    first: int | None = None
    before: int | None = None
    frames: int = 0


def find_stretches(
    film: FilmReader, model: Model, listener: FilmListener | None = None
) -> Iterator[Stretch]:
    """Divide a film where `PartEncoder` does when it encodes the film in one go.

    Every frame is decoded, but none is coloured.

    Args:
        film: the film.
        model: the model that is to colour it; cuts are detected in frames of its size.
        listener: receives `progress("divide", done, total)` for each frame.

    Yields:
        The stretches, in order. There is none where no frame can be decoded.
    """
    layout, listener = film.layout, listener or FilmListener()
    size = model.fit(layout.height, max(1, round(layout.width * layout.pixel_aspect)))
    decoded = film.frames(on_problem=lambda *_: None)
    # Decoding takes most of the time, so it runs in a thread of its own.
    with closing(prefetch(decoded, _QUEUED_FRAMES)) as frames:
        signed = (
            (each.pts, signature(small_luma(each.luma, size, layout.levels))) for each in frames
        )
        start, first, count = None, None, 0
        for done, (pts, is_cut) in enumerate(detect_shots(signed), 1):
            listener.progress("divide", done, film.count)
            if is_cut and begins_stretch(film, start, pts):
                if start is not None:
                    yield Stretch(first, pts, count)
                    first = pts
                start, count = pts, 0
            count += 1
        if start is not None:
            yield Stretch(first, None, count)
