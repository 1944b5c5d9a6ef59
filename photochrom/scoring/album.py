"""The photographs of a folder, as squares, to be judged on; read again at every walk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from photochrom import photo
from photochrom.errors import DataError, PhotoError
from photochrom.files.folders import files_in
from photochrom.parallel import map_ordered
from photochrom.sampling import subsample
from photochrom.scoring.splits import Part, part_of

__all__ = ["Album"]


class Album:
    """Colour photographs below a folder. What is grey, tinted or broken is left out and counted.

    Attributes:
        folder: where they lie.
        part: the part of them that it holds; None: all.
        left_out: names, and why: "grey", "tinted" or an error's message.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: int = 256,
        fit: photo.Fit = "crop",
        most: int = 0,
        part: Part | None = None,
    ) -> None:
        """Find the photographs and look at each.

        Args:
            folder: gone through at any depth.
            size: side of the squares, in pixels.
            fit: "crop" takes the middle square, "squash" the whole photograph.
            most: how many to take, evenly spread; 0 for all.
            part: take only the photographs of this part of the split (`part_of`); None: all.

        Raises:
            DataError: there is no such folder, or nothing in it that can be judged on.
        """
        if not folder.is_dir():
            raise DataError(f"expected a folder of photographs; there is none at {folder}")
        self.folder, self.size, self.fit, self.part = folder, size, fit, part
        try:
            inside = files_in(folder)
        except OSError as error:
            raise DataError(f"cannot look for photographs: {error}") from error
        files = [file for file in inside if file.suffix.lower() in photo.READABLE_SUFFIXES]
        if part:
            files = [file for file in files if part_of(file.name) == part]
        if most:
            files = subsample(files, most)
        self.left_out: dict[str, str] = {}
        self._files: list[Path] = []
        for file, verdict in map_ordered(self._look, files, os.cpu_count() or 1):
            if verdict == "colour":
                self._files.append(file)
            else:
                self.left_out[self._name(file)] = verdict
        if not self._files:
            raise DataError(
                f"expected colour photographs in {folder}"
                + (f", in the part «{part}» of them" if part else "")
                + f"; none of {len(files)} files is one"
            )

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
        return map_ordered(self._load, self._files, os.cpu_count() or 1)

    def _look(self, file: Path) -> tuple[Path, str]:
        try:
            return file, photo.tint_of(photo.thumbnail(file, 128))
        except PhotoError as error:
            return file, str(error)

    def _load(self, file: Path) -> tuple[str, npt.NDArray[np.uint8]]:
        return self._name(file), photo.square(file, self.size, self.fit)

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self.folder))
