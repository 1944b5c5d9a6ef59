"""A folder of colour photographs, read as squares to score a model on, and its fixed split.

No picture is kept in memory: each pass over the photographs reads the files again.

Whoever selects a network or its settings by scores on some photographs makes these scores too
good: they no longer predict the scores on other photographs. Therefore any set of photographs can
be split into three parts, to choose a network, to calibrate it and to test it. A photograph's part
depends on its own file name alone, so it is the same in every folder and on every machine, and does
not change when photographs are added or removed.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from photochrom import photo
from photochrom.errors import DataError, PhotoError
from photochrom.files.folders import files_in
from photochrom.parallel import core_count, map_ordered, subsample

__all__ = ["PARTS", "Album", "Part", "part_of"]

Part: TypeAlias = Literal["choose", "calibrate", "test"]

PARTS: Final[tuple[Part, ...]] = ("choose", "calibrate", "test")
"""Parts to choose a network or a setting by, to calibrate its decoding, and to report scores on."""


def part_of(name: str | os.PathLike[str]) -> Part:
    """Return the part that a photograph belongs to: a hash of its file name, modulo 3.

    Args:
        name: file name of the photograph, or its path; the folders do not matter.
    """
    # macOS stores accents as separate characters, other systems do not: normalise them.
    file_name = unicodedata.normalize("NFC", os.path.basename(os.fsdecode(name)))  # noqa: PTH119
    digest = hashlib.blake2b(os.fsencode(file_name), digest_size=8).digest()
    return PARTS[int.from_bytes(digest, "big") % len(PARTS)]


class Album:
    """The colour photographs in a folder and its subfolders.

    Grey, tinted and unreadable files are skipped: they have no true colours to compare with.

    Attributes:
        folder: the folder.
        size: side of the squares, in pixels.
        fit: how photographs are made square.
        part: the part of the split that is read; None: all photographs.
        skipped: skipped files, by path below `folder`, and the reason: "grey", "tinted" or an
            error message.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: int = 256,
        fit: photo.Fit = "crop",
        limit: int = 0,
        part: Part | None = None,
        is_wanted: Callable[[Path], bool] = lambda _: True,
    ) -> None:
        """Find the photographs, and examine a thumbnail of each.

        Args:
            folder: the folder; subfolders are searched, too.
            size: side of the squares, in pixels.
            fit: "crop" takes the middle square, "squash" squeezes the whole photograph.
            limit: use at most this many files, evenly spread; 0: all.
            part: use only this part of the split (see `part_of`); None: all.
            is_wanted: returns whether to use a file.

        Raises:
            DataError: the folder does not exist, or holds no usable colour photograph.
        """
        if not folder.is_dir():
            raise DataError(f"expected a folder of photographs; there is no folder {folder}")
        self.folder, self.size, self.fit, self.part = folder, size, fit, part
        try:
            paths = files_in(folder)
        except OSError as error:
            raise DataError(f"cannot look for photographs: {error}") from error
        pictures = (file for file in paths if file.suffix.lower() in photo.READABLE_SUFFIXES)
        files = list(filter(is_wanted, pictures))
        if part:
            whole, files = files, [file for file in files if part_of(file.name) == part]
            if whole and not files:
                raise DataError(
                    f"expected photographs in the part «{part}» of {folder}; by their names, "
                    f"none of its {len(whole)} belongs to it"
                )
        if limit:
            files = subsample(files, limit)
        self.skipped: dict[str, str] = {}
        self._files: list[Path] = []
        # Threads, because reading and decoding files happens outside the GIL.
        for file, verdict in map_ordered(self._examine, files, core_count()):
            if verdict == "colour":
                self._files.append(file)
            else:
                self.skipped[self._name(file)] = verdict
        if not self._files:
            raise DataError(
                f"expected colour photographs in {folder}"
                + (f", part «{part}»" if part else "")
                + f"; found none among {len(files)} files"
            )

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
        """Yield path below `folder` and RGB, (size, size, 3) uint8, of each photograph."""
        return map_ordered(self._load, self._files, core_count())

    def _examine(self, file: Path) -> tuple[Path, str]:
        """Return the file, and its tint or the message of an error."""
        try:
            # A thumbnail shows the tint as well, and JPEG decoders read it much faster.
            return file, photo.tint_of(photo.thumbnail(file, 128))
        except PhotoError as error:
            return file, str(error)

    def _load(self, file: Path) -> tuple[str, npt.NDArray[np.uint8]]:
        return self._name(file), photo.square(file, self.size, self.fit)

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self.folder))
