"""Colour frames that are held in memory, without reading or writing a film."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from photochrom import color
from photochrom.checks import check_number
from photochrom.color.guided import LinearChroma
from photochrom.color.levels import BT601, BT709, BT2020, JPEG, Levels
from photochrom.errors import ConfigError
from photochrom.film.network import Network
from photochrom.film.optical_flow import FLASH_FRAMES
from photochrom.film.propagation import KEY_LOOKAHEAD, MAX_KEY_DISTANCE, propagate
from photochrom.film.small_frames import small_frames
from photochrom.parallel import prefetch

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import FloatArray, IntArray
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = [
    "LOOKAHEAD",
    "FrameColors",
    "PlaneFormat",
    "color_frames",
    "color_small_frames",
    "small_luma",
]

T = TypeVar("T")

LOOKAHEAD: Final = (KEY_LOOKAHEAD + 1) * MAX_KEY_DISTANCE + FLASH_FRAMES
"""Frames after a frame that its colours may depend on, at most."""

_MATRICES: Final = {"bt601": BT601, "bt709": BT709, "bt2020": BT2020}
_QUEUED_FRAMES: Final = 8  # small frames that wait between optical flow and the network


def small_luma(
    luma: IntArray, size: tuple[int, int], levels: Levels = JPEG
) -> npt.NDArray[np.uint8]:
    """Reduce the luma of a frame to the network's size, and to 8 bits and full range.

    Args:
        luma: (H, W), uint8 or uint16, in the given levels.
        size: height and width of the result.
        levels: the depth and the range of `luma`.

    Returns:
        (h, w) uint8, from 0 (black) to 255 (white).
    """
    small = color.downscale(luma, size[::-1])
    if levels == JPEG:
        return np.asarray(small, np.uint8)
    # The network takes full-range 8-bit luma; films have other ranges and depths, too.
    scaled = (small.astype(np.float32) - levels.black) * np.float32(255 / levels.luma_range)
    return np.asarray(np.rint(np.clip(scaled, 0, 255)), np.uint8)


@dataclass(frozen=True)
class PlaneFormat:
    """How a program stores the luma and the chroma of frames.

    Attributes:
        depth: bits per sample, 8 to 16.
        full_range: whether black is 0 and white the highest level; else the limited range of
            television, 16 to 235 for luma and 16 to 240 for chroma at 8 bits.
        matrix: "bt601", "bt709" or "bt2020": the matrix from RGB to luma and chroma.
        subsampling: the rows and columns of luma that share one sample of chroma, 1, 2 or 4 each;
            (2, 2) is "4:2:0".
        pixel_aspect: width of a pixel divided by its height.
    """

    depth: int = 8
    full_range: bool = False
    matrix: str = "bt709"
    subsampling: tuple[int, int] = (2, 2)
    pixel_aspect: float = 1.0

    def __post_init__(self) -> None:
        """Check that every value is one that Photochrom can write.

        Raises:
            ConfigError: a value is not.
        """
        check_number(self.depth, "8 to 16 bits per sample", 8, 16, whole=True)
        check_number(self.pixel_aspect, "a positive, finite shape of pixels", math.ulp(0))
        if self.matrix not in _MATRICES:
            known = ", ".join(_MATRICES)
            raise ConfigError(f"expected a matrix out of {known}; received {self.matrix!r}")
        if len(self.subsampling) != 2 or not set(self.subsampling) <= {1, 2, 4}:
            raise ConfigError(
                "expected a subsampling of 1, 2 or 4 rows and columns; "
                f"received {self.subsampling!r}"
            )

    @property
    def levels(self) -> Levels:
        """The integer levels of the samples."""
        return Levels(self.depth, self.full_range)

    def small(self, model: Model, luma: IntArray) -> npt.NDArray[np.uint8]:
        """Reduce the luma of a frame to what `color_small_frames` takes.

        Args:
            model: the model that is to colour the frame.
            luma: (H, W), uint8 at 8 bits and uint16 above.

        Returns:
            (h, w) uint8, from 0 (black) to 255 (white).
        """
        # The network sees square pixels, whatever the shape of the film's pixels.
        width = max(1, round(luma.shape[1] * self.pixel_aspect))
        return small_luma(luma, model.fit(luma.shape[0], width), self.levels)


@dataclass(frozen=True, eq=False)
class FrameColors:
    """The colours of one frame, which are laid over its luma in full size.

    Attributes:
        luma: the small luma of the frame, (h, w) uint8.
        chroma: (h', w', 2) float32, in the units of the space.
        space: a key of `color.SPACES`.
    """

    luma: npt.NDArray[np.uint8]
    chroma: FloatArray
    space: str

    def rgb(self, luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return RGB, (H, W, 3) uint8, for the luma of the frame, (H, W) uint8, full range."""
        rgb: npt.NDArray[np.uint8] = self._functions("bt601").rgb(luma)
        return rgb

    def planes(self, luma: IntArray, stored: PlaneFormat) -> tuple[IntArray, IntArray]:
        """Return Cb and Cr for the luma of the frame.

        Args:
            luma: (H, W), uint8 at 8 bits and uint16 above.
            stored: how luma is stored, and how chroma is to be.

        Returns:
            Two planes, (⌈H / rows⌉, ⌈W / columns⌉) for a subsampling (rows, columns), of the type
            of the luma.
        """
        functions = self._functions(stored.matrix)
        return functions.subsampled_planes(luma, stored.subsampling, stored.levels)

    def _functions(self, matrix: str) -> LinearChroma:
        return LinearChroma.fit(self.chroma, self.luma, self.space, _MATRICES[matrix])


def color_frames(
    model: Model,
    lumas: Iterable[npt.NDArray[np.uint8]],
    *,
    vividness: float | None = None,
    references: Sequence[Reference] = (),
) -> Iterator[npt.NDArray[np.uint8]]:
    """Colour the frames of a film, in order, without flicker.

    Args:
        model: the model to colour with.
        lumas: the luma of each frame, (H, W) uint8, all of the same size. They are taken in a
            thread of their own.
        vividness: colour strength, from 0 (cautious) to 1 (vivid). None uses the model's default.
        references: colour photographs or frames whose colours the film follows. Where several
            match, the first one is used.

    Yields:
        RGB, (H, W, 3) uint8, one for each frame. The luma is within one level of the input's. About
        60 frames are in memory at a time.

    Raises:
        ConfigError: `vividness` is out of range.
        InvalidModel: the output of the network does not match the model's card.
    """
    frames = ((luma, small_luma(luma, model.fit(*luma.shape))) for luma in lumas)
    colored = color_small_frames(model, frames, vividness=vividness, references=references)
    with closing(colored):
        for luma, colors in colored:
            yield colors.rgb(luma)


def color_small_frames(
    model: Model,
    frames: Iterable[tuple[T, npt.NDArray[np.uint8]]],
    *,
    vividness: float | None = None,
    references: Sequence[Reference] = (),
) -> Generator[tuple[T, FrameColors]]:
    """Colour the frames of a film, in order and without flicker, from small copies of them.

    This is for programs that keep the frames themselves. `color_frames` is simpler.

    Args:
        model: the model to colour with.
        frames: pairs of any item and the small luma of its frame, which `PlaneFormat.small` makes.
            They are taken in a thread of their own.
        vividness: as in `color_frames`.
        references: as in `color_frames`.

    Yields:
        The same items in the same order, each with the colours of its frame, once at most
        `LOOKAHEAD` later frames have been taken.

    Raises:
        ConfigError: `vividness` is out of range.
        InvalidModel: the output of the network does not match the model's card.
    """
    network = Network(model, vividness=vividness, references=references)
    # Optical flow and the network run in threads of their own, beside the caller's.
    moving = prefetch(small_frames(frames), _QUEUED_FRAMES)
    segments = propagate(moving, lambda _, frame: network(frame))
    with closing(prefetch(segments, 1)) as ready:
        for segment in ready:
            for item, small, chroma in segment.frames:
                yield item, FrameColors(small.luma, chroma, model.card.color_space)
