"""Read a film: its properties, and its frames in order."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.errors import UnreadableFilm
from photochrom.film.captions import captions_of
from photochrom.film.cropping import stated_crop
from photochrom.film.frame_filter import filter_frames
from photochrom.film.pixel_format import Layout, detect_layout, extract_luma
from photochrom.film.sources import (
    FilmFile,
    NoteCallback,
    PictureSequence,
    ProblemCallback,
    Source,
    is_pattern,
    video_stream,
)

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

    from photochrom.color import IntArray

__all__ = ["FilmReader", "NoteCallback", "ProblemCallback", "SourceFrame"]

# The deinterlacer looks at this many frames before each, so it needs them wherever reading begins.
_FRAMES_BEFORE: Final = 2
_MAX_SECONDS: Final = 10**9


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """A frame of the original film.

    Attributes:
        pts: the time at which it is shown, in the film's time base.
        duration: how long it is shown, in the time base; 0 if the film does not say.
        luma: (H, W) uint8, or uint16 for 10 bits, upright, in the levels of the film's layout.
        captions: the closed captions that come with the frame; empty if there are none.
    """

    pts: int
    duration: int
    luma: IntArray
    captions: bytes = b""


class FilmReader:
    """A film whose frames can be read any number of times; each time, the file is opened again.

    Attributes:
        path: the file, or the pattern of a sequence of pictures.
        index: the index of the video stream.
        time_base: the unit of the film's times, in seconds.
        rate: the average number of frames per second.
        start: the time of the first frame, in the time base.
        seconds: the length of the film; 0 if the file does not say.
        count: the number of frames; an estimate if the file does not say.
        size: height and width of the upright frames, in pixels.
        layout: how the frames are processed. It is smaller than `size` if `max_rows` demands it.
    """

    def __init__(self, path: Path, *, max_rows: int = 0) -> None:
        """Open a film and decode its first frame.

        Args:
            path: any film that FFmpeg reads. A pattern such as `frames/%05d.png` stands for a
                sequence of pictures, if there is no file of that name.
            max_rows: taller frames are reduced to this height; 0 means no limit.

        Raises:
            UnreadableFilm: the file is missing, damaged at its start, or not a film.
            UnsupportedFilm: the file has no video stream, or is a single picture.
        """
        self.path = path
        self._source: Source = PictureSequence(path) if is_pattern(path) else FilmFile(path)
        with self.open() as container:
            stream = video_stream(container, path)
            timing = self._source.timing(container, stream)
            self.index = stream.index
            self._crop = stated_crop(stream)
            aspect = stream.sample_aspect_ratio or None
        self.time_base, self.rate, self.start = timing.time_base, timing.rate, timing.start
        self.seconds, self.count = timing.seconds, timing.count
        layout = self._first_layout(aspect)
        self.size = (layout.height, layout.width)
        self.layout = layout.limited_to(max_rows)

    def open(self) -> InputContainer:
        """Open the film as a PyAV input container.

        Raises:
            UnreadableFilm: the file is missing or not a film.
        """
        return self._source.open()

    def other_packets(self, container: InputContainer) -> Iterator[Packet[Stream]]:
        """Yield the packets of all streams but the video stream, in the order of the file.

        Their times are on the clock of the frames, and packets that an edit list cuts away are left
        out.

        Args:
            container: the film, newly opened.
        """
        return self._source.other_packets(container, self.index)

    def _first_layout(self, aspect: Fraction | None) -> Layout:
        """Return the layout of the first frame that can be decoded."""
        decoded = self._source.frames(self.index, None, lambda *_: None)
        with closing(decoded), closing(filter_frames(decoded, self._crop)) as frames:
            for frame in frames:
                return detect_layout(frame, aspect)
        raise UnreadableFilm(f"cannot read the film {self.path}: none of its frames can be decoded")

    def seconds_at(self, pts: int) -> float:
        """Convert a time in the time base to seconds from the start of the film."""
        return float((pts - self.start) * self.time_base)

    def pts_at(self, seconds: float) -> int:
        """Convert seconds from the start of the film to a time in the time base."""
        # FFmpeg's times have 64 bits. No film is as long as the limit, 31 years.
        return self.start + round(Fraction(min(seconds, _MAX_SECONDS)) / self.time_base)

    def frames(
        self,
        *,
        first: int | None = None,
        before: int | None = None,
        on_problem: ProblemCallback,
        on_note: NoteCallback = lambda _: None,
    ) -> Generator[SourceFrame]:
        """Read the frames of the film, in the order in which they are shown.

        Args:
            first: frames that are shown earlier than this are left out.
            before: frames that are shown at this time or later are left out.
            on_problem: called for each damaged place, with seconds from the start of the film.
                Reading continues after it.
            on_note: called with a message where the kind of the frames changes.

        Yields:
            Frames with strictly increasing times.
        """
        last, step, size = None, self._step, None
        with closing(self._filtered_frames(first, on_problem, on_note)) as frames:
            for frame in frames:
                # Times are corrected before any frame is left out, because the correction depends
                # on the frame before.
                pts = self._pts(frame, last, step)
                last = pts
                if before is not None and pts >= before:
                    return
                if first is not None and pts < first:
                    continue
                if size not in (None, (frame.width, frame.height)):
                    on_note(
                        f"at {self.seconds_at(pts):.2f} s the frame size changes to "
                        f"{frame.width} × {frame.height}; it is changed back"
                    )
                size = frame.width, frame.height
                luma = extract_luma(frame, self.layout)
                yield SourceFrame(pts, self._duration(frame), luma, captions_of(frame))

    @property
    def _step(self) -> int:
        """The usual time between two frames, in the time base."""
        return max(1, round(1 / (self.rate * self.time_base)))

    def _filtered_frames(
        self, first: int | None, on_problem: ProblemCallback, on_note: NoteCallback
    ) -> Generator[VideoFrame]:
        """Decode frames, from one before `first`, and crop and deinterlace them."""
        reported = set[tuple[float, str]]()

        def report(time: float, text: str) -> None:
            problem = (self._seconds_from_start(time), text)
            if problem not in reported:  # damaged places can be decoded twice
                reported.add(problem)
                on_problem(*problem)

        def note_interlaced(frame: VideoFrame) -> None:
            seconds = self._seconds_from_start(frame.time)
            on_note(f"the film is interlaced from {seconds:.2f} s on; it is deinterlaced there")

        start = None if first is None else first - _FRAMES_BEFORE * self._step
        start = start if start is not None and start > self.start else None
        with closing(self._source.frames(self.index, start, report)) as decoded:
            yield from filter_frames(decoded, self._crop, note_interlaced)

    def _seconds_from_start(self, time: float) -> float:
        """Convert a time of the stream, in seconds, to seconds from the start of the film."""
        return max(0.0, time - float(self.start * self.time_base))

    def _pts(self, frame: VideoFrame, last: int | None, step: int) -> int:
        """Return the time of a frame, in the film's time base.

        Args:
            frame: the decoded frame.
            last: the time of the frame before it. The result is later, even if the film says
                otherwise, because encoders refuse times that do not increase.
            step: the usual time between two frames, for frames without a time.
        """
        if frame.pts is None:
            return self.start if last is None else last + step
        pts = round(frame.pts * (frame.time_base or self.time_base) / self.time_base)
        return pts if last is None else max(pts, last + 1)

    def _duration(self, frame: VideoFrame) -> int:
        return round(frame.duration * (frame.time_base or self.time_base) / self.time_base)
