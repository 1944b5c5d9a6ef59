"""The edges that a film's file tells players to cut off."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import av

from photochrom.film.ebml import SEGMENT, TRACK, TRACKS, VIDEO, children, elements

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["Crop", "stated_crop"]

# Elements of Matroska (RFC 9559): what to cut off on the left, right, top and bottom
_SIDES: Final = (b"\x54\xcc", b"\x54\xdd", b"\x54\xbb", b"\x54\xaa")


@dataclass(frozen=True)
class Crop:
    """The number of pixels to cut off on each side of a stored frame."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def __bool__(self) -> bool:
        return bool(self.left or self.right or self.top or self.bottom)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height of a frame after cropping."""
        return width - self.left - self.right, height - self.top - self.bottom


def stated_crop(stream: VideoStream) -> Crop:
    """Return the cropping that the container of a film states for its pictures.

    FFmpeg reads it, from PixelCrop in Matroska or `clap` in MOV, but PyAV does not expose it. So a
    Matroska header is written for the stream, and the cropping is read from that header.
    """
    header = BytesIO()
    try:
        with av.open(header, "w", format="matroska") as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (av.FFmpegError, ValueError, TypeError, RuntimeError):  # Matroska lacks the codec
        return Crop()
    data = header.getvalue()
    crop = Crop()
    for video in children(data, SEGMENT, TRACKS, TRACK, VIDEO):
        found = elements(data, video.content, video.end)
        sides = {each.name: int.from_bytes(data[each.content : each.end]) for each in found}
        crop = Crop(*(sides.get(name, 0) for name in _SIDES))
    # A damaged file may state a crop that leaves no pixels; it is ignored.
    return crop if min(crop.size(stream.width, stream.height)) > 0 else Crop()
