"""The frames of a colour film, to be judged on; read again at every walk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom import photo
from photochrom.errors import DataError, MissingExtra
from photochrom.files.folders import files_in

if TYPE_CHECKING:
    from photochrom.scoring.metrics import Rgb

__all__ = ["Reel"]

_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
_WHOLE: Final = 1 << 16  # a side that no frame exceeds


class Reel:
    """A film: a file, an image sequence as FFmpeg names it (`%05d.jpg`), or a folder of frames.

    Attributes:
        place: where it lies.
        count: how many frames it should have; None where it does not say.
    """

    def __init__(self, place: Path, *, most: int = 0):
        """Look at the film's first frame.

        Args:
            place: of the file, the sequence or the folder, whose JPEGs and PNGs are its frames in
                the order of their names.
            most: how many frames to take, from the first on; 0 for all.

        Raises:
            DataError: it is no film that can be read.
            PhotoError: a frame in a folder cannot be read.
            MissingExtra: PyAV is needed and not installed.
        """
        self.place, self._most = place, most
        self._files: list[Path] = []
        self.count: int | None = None
        if place.is_dir():
            inside = files_in(place, recursive=False)
            self._files = [path for path in inside if path.suffix.lower() in _SUFFIXES]
            self._told(len(self._files))
        elif not place.is_file() and "%" not in place.name:
            raise DataError(f"expected a film, or a folder of frames; there is none at {place}")
        if next(iter(self), None) is None:
            raise DataError(f"expected a film, or a folder of frames; there is no frame in {place}")

    def __iter__(self) -> Iterator[Rgb]:
        """Yields RGB, (H, W, 3) uint8, all of one size."""
        frames = map(_still, self._files) if self.place.is_dir() else self._decoded()
        shape = None
        for number, frame in enumerate(islice(frames, self._most or None)):
            shape = shape or frame.shape
            if frame.shape != shape:
                raise DataError(
                    f"expected frames of {_size(shape)}; received {_size(frame.shape)} as frame "
                    f"{number} of {self.place}"
                )
            yield frame

    def _told(self, count: int) -> None:
        if count:
            self.count = min(count, self._most or count)

    def _decoded(self) -> Iterator[Rgb]:
        try:
            import av
        except ImportError as error:
            raise MissingExtra("video", "reading a film") from error
        try:
            with av.open(str(self.place)) as container:
                if not container.streams.video:
                    raise DataError(f"expected a film; there are no pictures in {self.place}")
                self._told(container.streams.video[0].frames)
                for frame in container.decode(video=0):
                    yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        except (av.FFmpegError, OSError) as error:
            raise DataError(f"expected a film; cannot read {self.place}: {error}") from error


def _still(path: Path) -> Rgb:
    return photo.thumbnail(path, _WHOLE)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
