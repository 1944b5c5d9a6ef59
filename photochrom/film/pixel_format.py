"""How a film's pictures are stored, and its luma out of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from av import VideoFrame

from photochrom.color.levels import BT601, BT709, BT2020, Levels, Matrix

if TYPE_CHECKING:
    from photochrom.color import IntArray

__all__ = ["Layout", "filled", "layout_of", "luma_of"]

_STEPS: Final = {"yuv420p": (2, 2), "yuv422p": (1, 2), "yuv444p": (1, 1)}
_GREY: Final = {"gray": "yuv420p", "gray10le": "yuv420p10le"}
_FULL: Final = ("yuvj", "gray")  # pixel formats that use all numbers unless they say otherwise
_DEEP: Final = "10le"

# ITU-T H.273: matrix coefficients, video full range flag as FFmpeg counts it
_MATRICES: Final = {1: BT709, 4: BT601, 5: BT601, 6: BT601, 7: BT709, 9: BT2020, 10: BT2020}
_TAGS: Final = {BT601: 6, BT709: 1, BT2020: 9}
_LIMITED, _FULL_RANGE = 1, 2
_HIGH_DEFINITION: Final = 720  # rows from which on an untagged film is taken for BT.709


@dataclass(frozen=True)
class Layout:
    """How pictures are stored.

    Attributes:
        width: upright, in pixels.
        height: likewise.
        pix_fmt: FFmpeg's name: planar Y'CbCr of 8 or 10 bits.
        levels: what its numbers stand for.
        matrix: of luma and chroma.
        tags: colorspace, primaries, transfer and range, as FFmpeg numbers them.
        turns: quarter turns, counter-clockwise, that make a stored picture upright.
        pixel_aspect: width of a pixel over its height, upright.
        interlaced: whether pictures are made of two fields.
        stored_as: the pixel format in the file.
    """

    width: int
    height: int
    pix_fmt: str
    levels: Levels
    matrix: Matrix
    tags: tuple[int, int, int, int]
    turns: int
    pixel_aspect: Fraction
    interlaced: bool
    stored_as: str

    @property
    def step(self) -> tuple[int, int]:
        """Pixels of luma down and across for each of chroma."""
        return _STEPS[self.pix_fmt.removesuffix(_DEEP)]

    def at_most(self, rows: int) -> Layout:
        """The same, made smaller if it is taller than that; 0: as it is."""
        if not rows or self.height <= rows:
            return self
        width = max(2, round(self.width * rows / self.height / 2) * 2)
        return replace(self, width=width, height=rows // 2 * 2)

    @property
    def is_converted(self) -> bool:
        """Whether the luma is not the stored one, number for number."""
        plain = self.stored_as.replace("yuvj", "yuv")
        same = plain in (self.pix_fmt, *_GREY) or plain in ("nv12", "nv21", "p010le")
        return self.interlaced or not same


def layout_of(frame: VideoFrame, pixel_aspect: Fraction | None) -> Layout:
    """From a film's first picture, as it was decoded."""
    name = frame.format.name
    levels = Levels(10 if _depth(frame) > 8 else 8, _is_full(frame))
    turns = round(frame.rotation / 90) % 4
    size = (frame.width, frame.height)
    width, height = size[::-1] if turns % 2 else size
    matrix = _MATRICES.get(frame.colorspace)
    if matrix is None:
        matrix = BT709 if min(width, height) >= _HIGH_DEFINITION else BT601
    known = frame.colorspace in _MATRICES
    tag = frame.colorspace if known else _TAGS[matrix]
    aspect = pixel_aspect or Fraction(1)
    return Layout(
        width=width,
        height=height,
        pix_fmt=_planar(name, levels.depth, odd=bool(width % 2 or height % 2)),
        levels=levels,
        matrix=matrix,
        tags=(
            tag,
            frame.color_primaries,
            frame.color_trc,
            _FULL_RANGE if levels.full else _LIMITED,
        ),
        turns=turns,
        pixel_aspect=1 / aspect if turns % 2 else aspect,
        interlaced=bool(frame.interlaced_frame),
        stored_as=name,
    )


def _depth(frame: VideoFrame) -> int:
    return max(component.bits for component in frame.format.components)


def _is_full(frame: VideoFrame) -> bool:
    if frame.color_range in (_LIMITED, _FULL_RANGE):
        return bool(frame.color_range == _FULL_RANGE)
    return bool(frame.format.name.startswith(_FULL))


def _planar(name: str, depth: int, *, odd: bool) -> str:
    """The format that is worked in: the stored one, or the nearest of those that are handled.

    Encoders take an odd number of rows or columns only where chroma is as large as luma.
    """
    plain = _GREY.get(name, name.replace("yuvj", "yuv"))
    deep = _DEEP if depth > 8 else ""
    if odd:
        return f"yuv444p{deep}"
    return plain if plain.removesuffix(_DEEP) in _STEPS else f"yuv420p{deep}"


def luma_of(frame: VideoFrame, layout: Layout) -> IntArray:
    """A copy of a picture's luma, upright, (H, W) of the levels' own type."""
    plain = frame.format.name.replace("yuvj", "yuv")
    fits = (frame.width, frame.height) == _stored(layout)
    if not fits or plain not in (layout.pix_fmt, *_GREY):
        frame = _converted(frame, layout)
    stored: Any = _numbers(frame.planes[0], layout.levels)
    upright: IntArray = np.array(np.rot90(stored, layout.turns), order="C")
    return upright


def _converted(frame: VideoFrame, layout: Layout) -> VideoFrame:
    matrix, _, _, full = layout.tags
    return frame.reformat(
        *_stored(layout), layout.pix_fmt, dst_colorspace=matrix, dst_color_range=full
    )


def _stored(layout: Layout) -> tuple[int, int]:
    """Width and height before it is turned upright."""
    size = (layout.width, layout.height)
    return size[::-1] if layout.turns % 2 else size


def _numbers(plane: Any, levels: Levels) -> IntArray:
    """A plane's numbers, (H, W), in place."""
    rows: Any = np.frombuffer(plane, levels.dtype).reshape(plane.height, -1)
    numbers: IntArray = rows[:, : plane.width]
    return numbers


def filled(planes: Sequence[IntArray], layout: Layout, pix_fmt: str) -> VideoFrame:
    """A new picture.

    Args:
        planes: Y', Cb and Cr, in the layout's levels.
        layout: of the film.
        pix_fmt: FFmpeg's name; of the layout's depth.
    """
    frame = VideoFrame(layout.width, layout.height, pix_fmt)
    for plane, numbers in zip(frame.planes, planes, strict=True):
        _numbers(plane, layout.levels)[...] = numbers
    colorspace, primaries, transfer, full = layout.tags
    frame.colorspace, frame.color_primaries = colorspace, primaries
    frame.color_trc, frame.color_range = transfer, full
    return frame
