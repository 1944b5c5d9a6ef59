"""The interface of sources of films; opening files, and choosing the stream with the pictures."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import av
from av.stream import Disposition

from photochrom.errors import UnreadableFilm, UnsupportedFilm

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

__all__ = [
    "DEFAULT_RATE",
    "NoteCallback",
    "ProblemCallback",
    "Source",
    "Timing",
    "open_film",
    "reason",
    "video_stream",
]

ProblemCallback: TypeAlias = Callable[[float, str], None]
"""Receives each damaged place: a time in seconds, and a description."""

NoteCallback: TypeAlias = Callable[[str], None]
"""Receives each message for the user about what is not damaged."""

DEFAULT_RATE: Final = Fraction(25)
"""Frames per second of a film that does not say."""

# Demuxers that open other files or addresses than the file that they are given
_REFERRING_FORMATS: Final = {"concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp"}
# Video streams that are not the film: a cover, and the pictures of chapters
_STILL_PICTURES: Final = Disposition.attached_pic | Disposition.timed_thumbnails
_LENIENT_TAGS: Final = "photochrom.latin_1"


@dataclass(frozen=True)
class Timing:
    """The times of a film.

    Attributes:
        time_base: the unit of the film's times, in seconds.
        rate: the average number of frames per second.
        start: the time of the first frame, in the time base.
        seconds: the length of the film; 0 if the file does not say.
        count: the number of frames; an estimate if the file does not say.
    """

    time_base: Fraction
    rate: Fraction
    start: int
    seconds: float
    count: int


class Source(Protocol):
    """What a film is read from: a file, or a sequence of pictures."""

    def open(self) -> InputContainer:
        """Open the source as a PyAV container, whose streams describe the film.

        Raises:
            UnreadableFilm: the source is missing or not a film.
        """

    def timing(self, container: InputContainer, stream: VideoStream) -> Timing:
        """Return the times of the film."""

    def frames(
        self, index: int, first: int | None, report: ProblemCallback
    ) -> Generator[VideoFrame]:
        """Decode the frames of the film, in the order in which they are shown.

        Args:
            index: the index of the video stream.
            first: a time in the time base. The first frame is shown then or earlier. None means
                the beginning.
            report: receives the damaged places, with times as the stream counts them.
        """

    def other_packets(self, container: InputContainer, index: int) -> Iterator[Packet[Stream]]:
        """Yield the packets of all streams but the video stream, on the clock of the frames.

        Args:
            container: the source, newly opened.
            index: the index of the video stream.
        """


def open_film(path: Path) -> InputContainer:
    """Open one file as a PyAV input container.

    Raises:
        UnreadableFilm: the file is missing or not a film.
    """
    try:
        return av.open(
            f"file:{path}",  # otherwise, a name with a colon would be taken for an address
            "r",
            # A picture with a name such as %d.png would stand for other pictures.
            options={"format_whitelist": _allowed_formats(), "pattern_type": "none"},
            metadata_errors=_LENIENT_TAGS,
        )
    except (av.FFmpegError, OSError) as error:
        raise UnreadableFilm(f"cannot read the film {path}: {reason(error)}") from error


def reason(error: av.FFmpegError | OSError) -> str:
    """Return what went wrong, without numbers and names that mean nothing to users."""
    return error.strerror or str(error)


@cache
def _allowed_formats() -> str:
    """Return FFmpeg's demuxers without those that an upload could use to read other files."""
    return ",".join(sorted(av.formats_available - _REFERRING_FORMATS))


def _decode_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that are not UTF-8, for `codecs.register_error`."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


# Tags must be UTF-8, but many cameras and programs write them in another character set.
codecs.register_error(_LENIENT_TAGS, _decode_latin_1)


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream that holds the pictures of a film.

    Args:
        container: the film.
        path: its file, for messages.

    Raises:
        UnsupportedFilm: the file holds no film, or its pictures cannot be decoded.
    """
    films = [each for each in container.streams.video if not each.disposition & _STILL_PICTURES]
    if not films:
        found = "only a cover picture" if container.streams.video else "no video stream"
        raise UnsupportedFilm(f"expected a film; {path} has {found}")
    best = container.streams.best("video")
    stream = next((each for each in films if best and each.index == best.index), films[0])
    if stream.codec_context is None:
        raise UnsupportedFilm(f"expected a film; there is no decoder for the pictures in {path}")
    return stream
