"""The edges that a film's file tells players to cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import av

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["Crop", "stated_crop"]

# Elements of Matroska (RFC 9559) that lead to the cropping of a stream
_PATH: Final = ("18538067", "1654ae6b", "ae", "e0")  # Segment, Tracks, TrackEntry, Video
_LEFT, _RIGHT, _TOP, _BOTTOM = "54cc", "54dd", "54bb", "54aa"


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
    content = header.getvalue()
    for name in _PATH:
        content = dict(_elements(content)).get(name, b"")
    sides = {name: int.from_bytes(value) for name, value in _elements(content)}
    crop = Crop(*(sides.get(name, 0) for name in (_LEFT, _RIGHT, _TOP, _BOTTOM)))
    # A damaged file may state a crop that leaves no pixels; it is ignored.
    return crop if min(crop.size(stream.width, stream.height)) > 0 else Crop()


def _elements(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the identifier, in hexadecimal, and the content of each EBML element (RFC 8794)."""
    while content:
        # The number of leading zero bits says how many bytes an identifier or a size has.
        name_length = 9 - content[0].bit_length()
        size_length = 9 - content[name_length].bit_length()
        start = name_length + size_length
        size = int.from_bytes(content[name_length:start]) & ((1 << 7 * size_length) - 1)
        yield content[:name_length].hex(), content[start : start + size]
        content = content[start + size :]
