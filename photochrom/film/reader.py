"""Read a film: its properties, and its frames in order."""

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
from photochrom.film.pixel_format import Layout, detect_layout, extract_luma

if TYPE_CHECKING:
    from photochrom.color import IntArray

__all__ = ["FilmReader", "SourceFrame"]

_DEINTERLACER: Final = ("bwdif", "mode=send_frame:deint=interlaced")
_SINGLE_PICTURE_SUFFIX: Final = "_pipe"  # FFmpeg's demuxers of single pictures, such as png_pipe
_CONTAINER_TICKS: Final = 1_000_000  # per second, in times that belong to a container
_SEEK_MARGINS: Final = (0, 1, 10, 60)  # seconds before the wanted place, tried in this order
# Demuxers that open other files or addresses than the file that they are given
_REFERRING_FORMATS: Final = {"concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp"}

ProblemCallback = Callable[[float, str], None]
"""Receives each damaged place: seconds from the start of the film, and a description."""


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """A frame of the original film.

    Attributes:
        pts: the time at which it is shown, in the film's time base.
        duration: how long it is shown, in the time base; 0 if the film does not say.
        luma: (H, W) uint8, or uint16 for 10 bits, upright, in the levels of the film's layout.
    """

    pts: int
    duration: int
    luma: IntArray


class FilmReader:
    """A film whose frames can be read any number of times; each time, the file is opened anew.

    Attributes:
        path: the file, or the pattern of a sequence of pictures.
        index: the index of the video stream.
        time_base: the unit of the film's times, in seconds.
        rate: the average number of frames per second.
        start: the time of the first frame, in the time base.
        seconds: the length of the film.
        count: the number of frames; an estimate if the file does not say.
        size: height and width of the upright frames, in pixels.
        layout: how the frames are processed. It is smaller than `size` if `max_rows` demands it.
    """

    def __init__(self, path: Path, *, max_rows: int = 0) -> None:
        """Open a film and decode its first frame.

        Args:
            path: any film that FFmpeg reads. A pattern such as `frames/%05d.png` stands for a
                sequence of pictures.
            max_rows: taller frames are reduced to this height; 0 means no limit.

        Raises:
            UnreadableFilm: the file is missing, damaged at its start, or not a film.
            UnsupportedFilm: the file has no video stream, or is a single picture.
        """
        self.path = path
        with self.open() as container:
            stream = self._video_stream(container)
            self.index: int = stream.index
            self.time_base: Fraction = stream.time_base or Fraction(1, _CONTAINER_TICKS)
            # Raw video streams, such as .264 files, may have neither a time base nor a rate.
            self.rate: Fraction = stream.average_rate or stream.guessed_rate or Fraction(25)
            self.start: int = stream.start_time or 0
            self.seconds = _length(container, stream)
            self.count = stream.frames or round(self.seconds * self.rate)
            aspect = stream.sample_aspect_ratio or None
            layout = self._first_layout(container, stream, aspect)
            self.size = (layout.height, layout.width)
            self.layout = layout.limited_to(max_rows)

    def open(self) -> Any:
        """Open the film as a PyAV input container.

        Raises:
            UnreadableFilm: the file is missing or not a film.
        """
        try:
            return av.open(str(self.path), options={"format_whitelist": _allowed_formats()})
        except (av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UnreadableFilm(f"cannot read the film {self.path}: {reason}") from error

    def _video_stream(self, container: Any) -> Any:
        if container.format.name.endswith(_SINGLE_PICTURE_SUFFIX):
            raise UnsupportedFilm(
                f"expected a film; {self.path} is a single picture (use colorize for photographs)"
            )
        stream = container.streams.best("video")
        if container.format.name == "gif" and stream is not None and stream.frames == 1:
            raise UnsupportedFilm(
                f"expected a film; {self.path} is a GIF of one frame (use colorize for photographs)"
            )
        if stream is None or stream.codec_context is None:
            raise UnsupportedFilm(f"expected a film; {self.path} has no video stream")
        return stream

    def _first_layout(self, container: Any, stream: Any, aspect: Fraction | None) -> Layout:
        """Return the layout of the first frame that can be decoded."""
        for frame in _decode(container, stream, lambda *_: None):
            return detect_layout(frame, aspect)
        raise UnreadableFilm(f"cannot read the film {self.path}: none of its frames can be decoded")

    def seconds_at(self, pts: int) -> float:
        """Convert a time in the time base to seconds from the start of the film."""
        return float((pts - self.start) * self.time_base)

    def pts_at(self, seconds: float) -> int:
        """Convert seconds from the start of the film to a time in the time base."""
        return self.start + round(Fraction(seconds) / self.time_base)

    def frames(
        self, *, first: int | None = None, before: int | None = None, on_problem: ProblemCallback
    ) -> Generator[SourceFrame]:
        """Read the frames of the film, in the order in which they are shown.

        Args:
            first: frames that are shown earlier than this are left out.
            before: frames that are shown at this time or later are left out.
            on_problem: called for each damaged place. Reading continues after it.

        Yields:
            Frames with strictly increasing times.
        """
        last, step, size = None, max(1, round(1 / (self.rate * self.time_base))), None
        with closing(self._decoded_frames(first, on_problem)) as decoded:
            for frame in decoded:
                # Times are corrected before any frame is left out, because the correction depends
                # on the frame before.
                pts = self._pts(frame, last, step)
                last = pts
                if before is not None and pts >= before:
                    return
                if first is not None and pts < first:
                    continue
                if size not in (None, (frame.width, frame.height)):
                    on_problem(self.seconds_at(pts), "the frame size changes here")
                size = frame.width, frame.height
                luma = extract_luma(frame, self.layout)
                yield SourceFrame(pts, self._duration(frame), luma)

    def _decoded_frames(self, first: int | None, on_problem: ProblemCallback) -> Generator[Any]:
        """Decode frames, from one that is shown at `first` or earlier.

        The indices of some containers lead past the wanted place, or nowhere. The search is then
        repeated from further back, and at last the film is read from its start.
        """
        first = self.start if first is None else first
        for margin in _SEEK_MARGINS if first > self.start else ():
            with self.open() as container:
                stream = container.streams[self.index]
                is_found = False

                def report(seconds: float, text: str) -> None:
                    # Problems before the place that was sought do not concern this run.
                    if is_found:  # noqa: B023  the loop ends as soon as this is true
                        on_problem(seconds, text)

                try:
                    container.seek(first - round(margin / self.time_base), stream=stream)
                    frames = self._progressive_frames(container, stream, report)
                    frame = next(frames, None)
                except av.FFmpegError:
                    continue
                is_found = frame is not None and frame.pts is not None and self._pts(frame) <= first
                if is_found:
                    yield frame
                    yield from frames
                    return
        with self.open() as container:
            stream = container.streams[self.index]
            yield from self._progressive_frames(container, stream, on_problem)

    def _progressive_frames(
        self, container: Any, stream: Any, on_problem: ProblemCallback
    ) -> Iterator[Any]:
        """Decode frames, and deinterlace them if the film is interlaced."""

        def report(time: float, text: str) -> None:
            on_problem(max(0.0, time - float(self.start * self.time_base)), text)

        stream.thread_type = "AUTO"
        frames = _decode(container, stream, report)
        return _deinterlace(frames, stream) if self.layout.interlaced else frames

    def _pts(self, frame: Any, last: int | None = None, step: int = 1) -> int:
        """Return the time of a frame, in the film's time base.

        Args:
            frame: the decoded frame.
            last: the time of the frame before it. The result is later, even if the film says
                otherwise, because encoders refuse times that do not increase.
            step: the usual time between two frames, for frames without a time.
        """
        if frame.pts is None:
            return self.start if last is None else last + step
        pts: int = round(frame.pts * frame.time_base / self.time_base)
        return pts if last is None else max(pts, last + 1)

    def _duration(self, frame: Any) -> int:
        duration: int = round((frame.duration or 0) * frame.time_base / self.time_base)
        return duration


@cache
def _allowed_formats() -> str:
    """Return FFmpeg's demuxers without those that an upload could use to read other files."""
    return ",".join(sorted(av.formats_available - _REFERRING_FORMATS))


def _length(container: Any, stream: Any) -> float:
    """Return the length of a stream in seconds, or 0 if the file does not say."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / _CONTAINER_TICKS


def _decode(container: Any, stream: Any, on_problem: ProblemCallback) -> Iterator[Any]:
    """Decode the frames of a stream; report and skip what cannot be decoded.

    Here, `on_problem` gets the time as the stream counts it, which need not start at 0.
    """
    packets = container.demux(stream)
    time = 0.0
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError) as error:
            on_problem(time, f"the file cannot be read beyond this point: {error}")
            packet = None
        if packet is None:
            return
        if packet.pts is not None:
            time = float(packet.pts * packet.time_base)
        try:
            frames = packet.decode()
        except (av.FFmpegError, OSError) as error:
            on_problem(time, f"a packet cannot be decoded: {error}")
            continue
        for frame in frames:
            if frame.is_corrupt:
                on_problem(frame.time or time, "a frame is damaged")
            yield frame


def _deinterlace(frames: Iterator[Any], stream: Any) -> Iterator[Any]:
    """Merge the two fields of interlaced frames. The number of frames stays the same."""
    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(template=stream), graph.add(*_DEINTERLACER), graph.add("buffersink")
    ).configure()
    for frame in frames:
        graph.push(frame)
        yield from _filtered(graph)
    graph.push(None)  # makes the filter return the frames that it holds back
    yield from _filtered(graph)


def _filtered(graph: Graph) -> Iterator[Any]:
    """Yield the frames that a filter graph has ready."""
    while True:
        try:
            yield graph.pull()
        except (BlockingIOError, EOFError):  # more input is needed, or the end is reached
            return
