"""Read the frames of a film that is one file, from any time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import av

from photochrom.errors import UnsupportedFilm
from photochrom.film.sources.base import DEFAULT_RATE, Timing, open_film
from photochrom.film.sources.decoding import Decoder
from photochrom.film.sources.demuxing import clock_offset, demux, without_edited_out
from photochrom.photo import READABLE_SUFFIXES

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

    from photochrom.film.sources.base import ProblemCallback

__all__ = ["FilmFile"]

_CONTAINER_TICKS: Final = 1_000_000  # per second, in the times of a container (`av.time_base`)
_MAX_RATE: Final = 1000  # frames per second; an average rate beyond it is a mistake
_SEEK_MARGINS: Final = (0, 1, 10, 60)  # seconds before the wanted time, tried in this order
# FFmpeg's demuxers for pictures: image2, and one for each format, such as png_pipe
_PICTURE_FORMAT: Final = "image2"
_PICTURE_FORMAT_SUFFIX: Final = "_pipe"
_PICTURE_SUFFIXES: Final = {*READABLE_SUFFIXES, ".heic", ".heif", ".mpo"}


class FilmFile:
    """A film in one file; it implements `Source`."""

    def __init__(self, path: Path) -> None:
        """Check that the file is not a photograph.

        Raises:
            UnreadableFilm: the file is missing, or neither a film nor a picture.
            UnsupportedFilm: the file is a single picture.
        """
        self._path = path
        with self.open() as container:
            if self._is_picture(container):
                raise UnsupportedFilm(
                    f"expected a film; {path} is a single picture (colour it with `colorize`)"
                )

    def _is_picture(self, container: InputContainer) -> bool:
        """Return whether the file is a photograph."""
        name, streams = container.format.name, container.streams.video
        has_picture_suffix = self._path.suffix.lower() in _PICTURE_SUFFIXES
        if name.endswith(_PICTURE_FORMAT_SUFFIX):
            # Several pictures in a file are a film, such as raw MJPEG. But the file of a photograph
            # can contain more than one picture, too, for example a preview.
            packets = (each for each in container.demux(video=0) if each.size)
            return has_picture_suffix or len(list(islice(packets, 2))) < 2
        has_one_frame = bool(streams) and streams[0].frames == 1
        return name == _PICTURE_FORMAT or (has_one_frame and (has_picture_suffix or name == "gif"))

    def open(self) -> InputContainer:
        """Open the file."""
        return open_film(self._path)

    def timing(self, container: InputContainer, stream: VideoStream) -> Timing:
        """Return the times that the file states."""
        # Raw video streams, such as .264 files, may have neither a time base nor a rate.
        base = stream.time_base or Fraction(1, _CONTAINER_TICKS)
        average = stream.average_rate
        if not average or average > _MAX_RATE:  # FFmpeg reports 60,000 for DV
            average = stream.guessed_rate
        rate = average or DEFAULT_RATE
        seconds = (container.duration or 0) / _CONTAINER_TICKS
        if stream.duration:
            seconds = float(stream.duration * base)
        count = stream.frames or round(seconds * rate)
        start = (stream.start_time or 0) + round(clock_offset(container) / base)
        return Timing(base, rate, start, seconds, count)

    def frames(
        self, index: int, first: int | None, report: ProblemCallback
    ) -> Generator[VideoFrame]:
        """Decode the frames, as `Source` describes."""
        decoder = yield from self._decoded(index, first, report, threads=True)
        if not decoder.is_cut_short:
            return
        # The end is decoded again without threads: then only damaged frames are lost.
        last = decoder.last
        for frame in self._decoded(index, last, report, threads=False):
            if last is None or frame.pts is None or frame.pts > last:
                yield frame

    def _decoded(
        self, index: int, first: int | None, report: ProblemCallback, *, threads: bool
    ) -> Generator[VideoFrame, None, Decoder]:
        """Decode the frames, from one that is shown at `first` or earlier.

        The indices of some containers lead past the wanted time, or nowhere. The search is then
        repeated from further back, and at last the film is read from its start.

        Returns:
            The decoder, after its last frame.
        """
        for margin in (None,) if first is None else (*_SEEK_MARGINS, None):
            with self.open() as container:
                stream = cast("VideoStream", container.streams[index])
                ticks = None if margin is None else round(margin / (stream.time_base or 1))
                start = None if first is None or ticks is None else first - ticks
                is_found = start is None

                def report_found(seconds: float, text: str) -> None:
                    # Problems before the wanted time do not concern this run.
                    if is_found:  # noqa: B023  the loop ends as soon as this is true
                        report(seconds, text)

                decoder = Decoder(stream, report_found, threads=threads)
                frames = decoder.frames(demux(container, stream, start, report_found))
                try:
                    frame = next(frames, None)
                except av.FFmpegError:  # there is nothing to decode from `start` on
                    continue
                is_found = is_found or _is_shown_by(frame, first)
                if is_found:
                    if frame is not None:
                        yield frame
                    yield from frames
                    break
        return decoder

    def other_packets(self, container: InputContainer, index: int) -> Iterator[Packet[Stream]]:
        """Yield the packets of all other streams, as `Source` describes."""
        stream = cast("VideoStream", container.streams[index])
        packets = demux(container, stream, None, lambda *_: None)
        return without_edited_out(each for each in packets if each.stream_index != index)


def _is_shown_by(frame: VideoFrame | None, time: int | None) -> bool:
    """Return whether a frame is shown at a time or earlier."""
    if frame is None or frame.pts is None or time is None:
        return False
    return frame.pts <= time
