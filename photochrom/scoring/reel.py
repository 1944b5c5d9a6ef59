"""The frames of a colour film, to score a model on.

No frame is kept in memory: each pass over the film decodes it again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from photochrom import photo
from photochrom.deprecation import renamed_arguments
from photochrom.errors import DataError, MissingExtra
from photochrom.files.folders import files_in

if TYPE_CHECKING:
    from photochrom.scoring.metrics import Rgb

__all__ = ["Reel"]

_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
_FULL_SIZE: Final = 1 << 16  # larger than any frame, so that frames are never reduced


class Reel:
    """A film: a file, an image sequence in FFmpeg's notation (`%05d.jpg`), or a folder of frames.

    `operator.length_hint` gives the expected number of frames, or 0 if the film does not state it.

    Attributes:
        path: path of the film.
    """

    @renamed_arguments(place="path")
    def __init__(self, path: Path, *, limit: int = 0):
        """Open the film, and decode its first frame to check that it can be read.

        Args:
            path: path of the file, the sequence or the folder. The frames of a folder are its
                JPEG and PNG files, in the order of their names.
            limit: use at most this many frames, from the first on; 0: all.

        Raises:
            DataError: the film cannot be read.
            PhotoError: a frame in a folder cannot be read.
            MissingExtra: PyAV is needed, but not installed.
        """
        self.path, self._limit = path, limit
        self._files: list[Path] = []
        self._count = 0
        if path.is_dir():
            paths = files_in(path, recursive=False)
            self._files = [file for file in paths if file.suffix.lower() in _SUFFIXES]
            self._count = len(self._files)
        elif not path.is_file() and "%" not in path.name:
            raise DataError(f"expected a film, or a folder of frames; there is no {path}")
        # Reading one frame now reports a damaged film before any scoring starts.
        if next(iter(self), None) is None:
            raise DataError(f"expected a film, or a folder of frames; found no frame in {path}")

    @property
    def place(self) -> Path:
        """Return `path`. This old name will be removed in 0.2."""
        warnings.warn("Reel.place is named path now", DeprecationWarning, stacklevel=2)
        return self.path

    def __iter__(self) -> Iterator[Rgb]:
        """Yield the frames, RGB, (H, W, 3) uint8, all of one size."""
        frames = map(_read_frame, self._files) if self.path.is_dir() else self._decoded()
        shape = None
        for number, frame in enumerate(islice(frames, self._limit or None)):
            shape = shape or frame.shape
            if frame.shape != shape:
                raise DataError(
                    f"expected frames of {_size(shape)}; received {_size(frame.shape)} as frame "
                    f"{number} of {self.path}"
                )
            yield frame

    def __length_hint__(self) -> int:
        return min(self._count, self._limit or self._count)

    def _decoded(self) -> Iterator[Rgb]:
        try:
            import av

            from photochrom.film.pixel_format import reformat
        except ImportError as error:
            raise MissingExtra("video", "reading a film") from error
        try:
            # With "file:", a name with a colon is not taken for an address.
            with av.open(f"file:{self.path}") as container:
                if not container.streams.video:
                    raise DataError(f"expected a film; {self.path} has no video stream")
                self._count = container.streams.video[0].frames
                for frame in container.decode(video=0):
                    yield np.asarray(reformat(frame, format="rgb24").to_ndarray(), np.uint8)
        except (av.FFmpegError, OSError) as error:
            raise DataError(f"expected a film; cannot read {self.path}: {error}") from error


def _read_frame(path: Path) -> Rgb:
    return photo.thumbnail(path, _FULL_SIZE)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
