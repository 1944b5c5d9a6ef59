"""Read a numbered sequence of pictures, such as `frames/%05d.png`, as a film."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import av
from av.codec.context import CodecContext
from av.packet import Packet

from photochrom.errors import UnreadableFilm
from photochrom.film.sources.base import DEFAULT_RATE, Timing, open_film, reason
from photochrom.parallel import map_ordered

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

    from photochrom.film.sources.base import ProblemCallback

__all__ = ["PictureSequence", "is_pattern", "source_files"]

_NUMBER: Final = re.compile(r"%0?(\d*)d")
_TIME_BASE: Final = 1 / DEFAULT_RATE
# Where more pictures are missing, the film goes on at once. It does not stand still for minutes.
_MAX_GAP: Final = round(10 * DEFAULT_RATE)
_DECODED_AT_ONCE: Final = 4  # a picture of a scanned film can need 80 MB


def is_pattern(source: Path) -> bool:
    """Return whether a path stands for a sequence of pictures: no file has this name itself."""
    return not source.exists() and _Pattern.of(source) is not None


def source_files(source: Path) -> list[Path]:
    """Return the files that a film consists of.

    Args:
        source: a file, or the pattern of a sequence of pictures.
    """
    if source.exists():
        return [source]
    pattern = _Pattern.of(source)
    return list(pattern.files().values()) if pattern else []


@dataclass(frozen=True)
class _Pattern:
    """The names of numbered pictures.

    Attributes:
        folder: the folder that holds the pictures.
        before: what stands before the number.
        digits: the smallest number of digits; smaller numbers have zeros before them.
        after: what stands after the number.
    """

    folder: Path
    before: str
    digits: int
    after: str

    @classmethod
    def of(cls, path: Path) -> _Pattern | None:
        """Return the pattern in a path, which is FFmpeg's; None if it contains none.

        Args:
            path: its name contains `%d`, or `%05d` for five digits. `%%` is a percent sign.
        """
        parts = _NUMBER.split(path.name.replace("%%", "\0"))
        if len(parts) != 3:
            return None
        before, digits, after = (part.replace("\0", "%") for part in parts)
        return cls(path.parent, before, int(digits or 1), after)

    def name(self, number: int) -> str:
        """Return the file name of a picture."""
        return f"{self.before}{number:0{self.digits}d}{self.after}"

    def files(self) -> dict[int, Path]:
        """Return the existing pictures by their numbers, in ascending order."""
        if not self.folder.is_dir():
            return {}
        files = {}
        for file in self.folder.iterdir():
            digits = file.name.removeprefix(self.before).removesuffix(self.after)
            if digits.isascii() and digits.isdigit() and file.name == self.name(int(digits)):
                files[int(digits)] = file
        return dict(sorted(files.items()))


@dataclass(frozen=True)
class _Picture:
    """A picture of a sequence.

    Attributes:
        file: the file of the picture.
        time: the time at which it is shown, in the time base.
        missing: a message about the pictures that are missing before it; empty if none are.
    """

    file: Path
    time: int
    missing: str


class PictureSequence:
    """The pictures of a sequence, which may begin at any number; it implements `Source`."""

    def __init__(self, pattern: Path) -> None:
        """Find the pictures.

        Args:
            pattern: a path such as `frames/%05d.png`.

        Raises:
            UnreadableFilm: there are none.
        """
        names = _Pattern.of(pattern)
        files = names.files() if names else {}
        if not names or not files:
            raise UnreadableFilm(f"expected pictures that are numbered as {pattern}; found none")
        self._pictures: list[_Picture] = []
        time, expected = 0, min(files)
        for number, file in files.items():
            missing = ""
            if number > expected:
                first, last = names.name(expected), names.name(number - 1)
                missing = (
                    f"{first} is missing" if first == last else f"{first} to {last} are missing"
                )
                time += number - expected if number - expected <= _MAX_GAP else 0
            self._pictures.append(_Picture(file, time, missing))
            time, expected = time + 1, number + 1

    def open(self) -> InputContainer:
        """Open the first picture that can be opened.

        Raises:
            UnreadableFilm: there is none.
        """
        for picture in self._pictures[:-1]:
            try:
                return open_film(picture.file)
            except UnreadableFilm:
                continue
        return open_film(self._pictures[-1].file)

    def timing(self, container: InputContainer, stream: VideoStream) -> Timing:
        """Return the times of a film with 25 pictures a second."""
        seconds = float((self._pictures[-1].time + 1) * _TIME_BASE)
        return Timing(_TIME_BASE, DEFAULT_RATE, 0, seconds, len(self._pictures))

    def frames(
        self, index: int, first: int | None, report: ProblemCallback
    ) -> Generator[VideoFrame]:
        """Decode the pictures, as `Source` describes."""
        with self.open() as container:
            codec = container.streams[index].codec_context.name
        pictures = [each for each in self._pictures if first is None or each.time >= first]
        decoded = map_ordered(partial(_decode, codec), pictures, _DECODED_AT_ONCE)
        with closing(decoded):
            for picture, frame in zip(pictures, decoded, strict=True):
                time = float(picture.time * _TIME_BASE)
                if picture.missing:
                    report(time, picture.missing)
                if isinstance(frame, str):
                    report(time, f"{picture.file.name} {frame}")
                else:
                    yield frame

    def other_packets(self, container: InputContainer, index: int) -> Iterator[Packet[Stream]]:
        """Return nothing: pictures have no other streams."""
        return iter(())


def _decode(codec: str, picture: _Picture) -> VideoFrame | str:
    """Return a picture as a frame, or a text that says what is wrong with its file.

    Args:
        codec: FFmpeg's name of the decoder.
        picture: the picture.
    """
    try:
        data = picture.file.read_bytes()
        if not data:
            return "is empty"
        context = cast("VideoCodecContext", CodecContext.create(codec, "r"))
        frames = [*context.decode(Packet(data)), *context.decode(None)]
    except (av.FFmpegError, OSError) as error:
        return f"cannot be read: {reason(error)}"
    if not frames:
        return "cannot be decoded"
    frame = frames[0]
    frame.pts, frame.time_base, frame.duration = picture.time, _TIME_BASE, 1
    return frame
