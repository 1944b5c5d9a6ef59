"""A film on disk: what is in it, and its pictures in order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
from av.filter import Graph

from photochrom.errors import UnreadableFilm, UnsupportedFilm
from photochrom.film.pixel_format import Layout, layout_of, luma_of

if TYPE_CHECKING:
    from photochrom.color import IntArray

__all__ = ["Picture", "Source"]

_DEINTERLACER: Final = ("bwdif", "mode=send_frame:deint=interlaced")
_STILL: Final = "_pipe"  # how FFmpeg's readers of single pictures end
_SECOND: Final = 1_000_000  # of a container's own times
_BACK: Final = (0, 1, 10, 60)  # seconds before the place that is sought
# those that read other files than the one that they are given
_REFERRING: Final = {"concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp"}

Complaint = Callable[[float, str], None]
"""Told of what is broken: seconds from the film's start, and what."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A frame of a film.

    Attributes:
        pts: when it is shown, in the film's time base.
        duration: for how long, if the film says so, or 0.
        luma: (H, W) uint8, or uint16 for 10 bits, upright, in the layout's levels.
    """

    pts: int
    duration: int
    luma: IntArray


class Source:
    """A film; opened anew for every walk through its pictures.

    Attributes:
        path: of the file, or of the single pictures.
        index: of the stream of pictures.
        time_base: of its times, in seconds.
        rate: frames a second, on average.
        start: when its first picture is shown, in the time base.
        seconds: how long it is.
        count: how many pictures there are, as far as the file says.
        size: height and width of its pictures, upright.
        layout: how they are worked on; smaller than `size` if that was asked for.
    """

    def __init__(self, path: Path, *, most_rows: int = 0) -> None:
        """Open a film and look at its first picture.

        Args:
            path: anything that FFmpeg reads; `frames/%05d.png` is a film in single pictures.
            most_rows: taller pictures are made smaller; 0: none are.

        Raises:
            UnreadableFilm: it is missing, broken from its start, or not a film.
            UnsupportedFilm: there are no pictures in it, or only one.
        """
        self.path = path
        with self.opened() as container:
            stream = self._pictures_of(container)
            self.index: int = stream.index
            self.time_base: Fraction = stream.time_base or Fraction(1, _SECOND)
            self.rate: Fraction = stream.average_rate or stream.guessed_rate or Fraction(25)
            self.start: int = stream.start_time or 0
            self.seconds = _seconds(container, stream)
            self.count = stream.frames or round(self.seconds * self.rate)
            aspect = stream.sample_aspect_ratio or None
            layout = self._looked(container, stream, aspect)
            self.size = (layout.height, layout.width)
            self.layout = layout.at_most(most_rows)

    def opened(self) -> Any:
        """The film as a container of PyAV's.

        Raises:
            UnreadableFilm: it is missing, or not a film.
        """
        try:
            return av.open(str(self.path), options={"format_whitelist": _readable()})
        except (av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UnreadableFilm(f"cannot read the film {self.path}: {reason}") from error

    def _pictures_of(self, container: Any) -> Any:
        if container.format.name.endswith(_STILL):
            raise UnsupportedFilm(
                f"expected a film; {self.path} is a single picture (photochrom colorize takes it)"
            )
        stream = container.streams.best("video")
        if stream is None or stream.codec_context is None:
            raise UnsupportedFilm(f"expected a film; there are no pictures in {self.path}")
        return stream

    def _looked(self, container: Any, stream: Any, aspect: Fraction | None) -> Layout:
        for frame in _decoded(container, stream, lambda *_: None):
            return layout_of(frame, aspect)
        raise UnreadableFilm(f"cannot read the film {self.path}: no picture in it can be decoded")

    def seconds_at(self, pts: int) -> float:
        """Of a time in the film's own base, from its start."""
        return float((pts - self.start) * self.time_base)

    def pts_at(self, seconds: float) -> int:
        """The other way round."""
        return self.start + round(Fraction(seconds) / self.time_base)

    def pictures(
        self, *, first: int | None = None, before: int | None = None, complain: Complaint
    ) -> Generator[Picture]:
        """Frames in the order in which they are shown.

        Args:
            first: none that are shown earlier.
            before: none that are shown at this time or later.
            complain: told of every place that is broken; what follows is read all the same.
        """
        last, step, size = None, max(1, round(1 / (self.rate * self.time_base))), None
        with closing(self._frames(first, complain)) as frames:
            for frame in frames:
                pts = self._pts(frame, last, step)
                last = pts
                if before is not None and pts >= before:
                    return
                if first is not None and pts < first:
                    continue
                if size not in (None, (frame.width, frame.height)):
                    complain(self.seconds_at(pts), "pictures of another size begin")
                size = frame.width, frame.height
                yield Picture(pts, self._duration(frame), luma_of(frame, self.layout))

    def _frames(self, first: int | None, complain: Complaint) -> Generator[Any]:
        """Decoded pictures, from one that is shown at `first` or earlier.

        Where a container's index leads past the place, or nowhere, it is sought further back.
        """
        first = self.start if first is None else first
        for back in _BACK if first > self.start else ():
            with self.opened() as container:
                stream = container.streams[self.index]
                landed = False

                def told(seconds: float, what: str) -> None:
                    if landed:  # noqa: B023  what is broken before it concerns nobody
                        complain(seconds, what)

                try:
                    container.seek(first - round(back / self.time_base), stream=stream)
                    frames = self._whole(container, stream, told)
                    frame = next(frames, None)
                except av.FFmpegError:
                    continue
                landed = frame is not None and frame.pts is not None and self._pts(frame) <= first
                if landed:
                    yield frame
                    yield from frames
                    return
        with self.opened() as container:
            yield from self._whole(container, container.streams[self.index], complain)

    def _whole(self, container: Any, stream: Any, complain: Complaint) -> Iterator[Any]:
        """Pictures, of fields no more."""

        def told(time: float, what: str) -> None:
            complain(max(0.0, time - float(self.start * self.time_base)), what)

        stream.thread_type = "AUTO"
        frames = _decoded(container, stream, told)
        return _deinterlaced(frames, stream) if self.layout.interlaced else frames

    def _pts(self, frame: Any, last: int | None = None, step: int = 1) -> int:
        """Strictly increasing, whatever the film says."""
        if frame.pts is None:
            return self.start if last is None else last + step
        pts: int = round(frame.pts * frame.time_base / self.time_base)
        return pts if last is None else max(pts, last + 1)

    def _duration(self, frame: Any) -> int:
        duration: int = round((frame.duration or 0) * frame.time_base / self.time_base)
        return duration


@cache
def _readable() -> str:
    """FFmpeg's formats that hold all that they show: an upload may not name other files."""
    return ",".join(sorted(av.formats_available - _REFERRING))


def _seconds(container: Any, stream: Any) -> float:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / _SECOND


def _decoded(container: Any, stream: Any, complain: Complaint) -> Iterator[Any]:
    """Pictures that can be decoded; of the others, a word."""
    packets = container.demux(stream)
    time = 0.0
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError) as error:
            complain(time, f"the file cannot be read on from here: {error}")
            packet = None
        if packet is None:
            return
        if packet.pts is not None:
            time = float(packet.pts * packet.time_base)
        try:
            frames = packet.decode()
        except (av.FFmpegError, OSError) as error:
            complain(time, f"a packet cannot be decoded: {error}")
            continue
        for frame in frames:
            if frame.is_corrupt:
                complain(frame.time or time, "a picture is damaged")
            yield frame


def _deinterlaced(frames: Iterator[Any], stream: Any) -> Iterator[Any]:
    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(template=stream), graph.add(*_DEINTERLACER), graph.add("buffersink")
    ).configure()
    for frame in frames:
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (BlockingIOError, EOFError):  # nothing more for now
            return
