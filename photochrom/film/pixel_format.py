"""The pixel format of a film, and the conversion between PyAV's frames and NumPy planes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from av import VideoFrame

from photochrom.color.levels import BT601, BT709, BT2020, Levels, Matrix
from photochrom.photo.orientation import swaps_sides, upright

if TYPE_CHECKING:
    from av.buffer import Buffer
    from av.video.plane import VideoPlane

    from photochrom.color import IntArray

__all__ = [
    "Layout",
    "assumed_matrix",
    "detect_layout",
    "empty_frame",
    "extract_luma",
    "make_frame",
    "reformat",
]

_SUBSAMPLING: Final = {"yuv420p": (2, 2), "yuv422p": (1, 2), "yuv444p": (1, 1)}
_GREY_FORMATS: Final = {"gray": "yuv420p", "gray10le": "yuv420p10le"}
_FULL_RANGE_PREFIXES: Final = ("yuvj", "gray")  # full range, unless the frame has a range tag
_TEN_BITS: Final = "10le"

# Matrix coefficients as numbered in ITU-T H.273, and colour ranges as numbered in FFmpeg
_MATRICES: Final = {1: BT709, 4: BT601, 5: BT601, 6: BT601, 7: BT709, 9: BT2020, 10: BT2020}
_MATRIX_TAGS: Final = {BT601: 6, BT709: 1, BT2020: 9}
_LIMITED_RANGE, _FULL_RANGE = 1, 2
# EXIF orientations, by whether rows and columns are exchanged, and whether the result is then
# mirrored horizontally and vertically
_ORIENTATIONS: Final = {
    (False, False, False): 1,
    (False, True, False): 2,
    (False, True, True): 3,
    (False, False, True): 4,
    (True, False, False): 5,
    (True, True, False): 6,
    (True, True, True): 7,
    (True, False, True): 8,
}
_ROTATED: Final = (1, 8, 3, 6)  # EXIF orientations, by quarter turns counter-clockwise
# Most players take an untagged film for BT.709 from this height on, and for BT.601 below.
_MIN_HD_ROWS: Final = 720


@dataclass(frozen=True)
class Layout:
    """The size and the pixel format in which the frames of a film are processed and encoded.

    Attributes:
        width: width of the upright picture, in pixels.
        height: height of the upright picture, in pixels.
        pix_fmt: FFmpeg's name of the pixel format: planar Y'CbCr of 8 or 10 bits.
        levels: the depth and the range of the samples.
        matrix: the matrix that luma and chroma are made with.
        color_tags: colour space, primaries, transfer and range, as numbered in FFmpeg.
        orientation: how a stored frame is made upright, as numbered in EXIF.
        pixel_aspect: width of an upright pixel divided by its height.
        interlaced: whether the stored frames consist of two fields.
        stored_pix_fmt: FFmpeg's name of the pixel format in the file.
    """

    width: int
    height: int
    pix_fmt: str
    levels: Levels
    matrix: Matrix
    color_tags: tuple[int, int, int, int]
    orientation: int
    pixel_aspect: Fraction
    interlaced: bool
    stored_pix_fmt: str

    @property
    def subsampling(self) -> tuple[int, int]:
        """Rows and columns of luma for each sample of chroma; (2, 2) is "4:2:0"."""
        return _SUBSAMPLING[self.pix_fmt.removesuffix(_TEN_BITS)]

    @property
    def is_deep(self) -> bool:
        """Whether the samples have 10 bits."""
        return self.pix_fmt.endswith(_TEN_BITS)

    def limited_to(self, max_rows: int) -> Layout:
        """Return a layout with at most `max_rows` rows, of the same shape; 0 means no limit."""
        if not max_rows or self.height <= max_rows:
            return self
        # Both sides are made even, because 4:2:0 encoders refuse odd ones.
        width = max(2, round(self.width * max_rows / self.height / 2) * 2)
        return replace(self, width=width, height=max_rows // 2 * 2)

    def as_limited(self) -> Layout:
        """Return a layout whose frames are stored in limited range, whatever their levels are."""
        return replace(self, color_tags=(*self.color_tags[:3], _LIMITED_RANGE))

    @property
    def is_compressed(self) -> bool:
        """Whether frames of full range are stored in limited range."""
        return self.levels.full and self.color_tags[-1] == _LIMITED_RANGE

    @property
    def is_converted(self) -> bool:
        """Whether the luma is computed from the stored frames, not copied number for number."""
        plain = self.stored_pix_fmt.replace("yuvj", "yuv")
        is_same = plain in (self.pix_fmt, *_GREY_FORMATS) or plain in ("nv12", "nv21", "p010le")
        return self.interlaced or not is_same


def detect_layout(frame: VideoFrame, pixel_aspect: Fraction | None) -> Layout:
    """Return the layout for a film.

    Args:
        frame: the first frame of the film, as it was decoded.
        pixel_aspect: width of a stored pixel divided by its height. None means square.
    """
    name = frame.format.name
    levels = Levels(10 if _depth(frame) > 8 else 8, _is_full_range(frame))
    orientation = _orientation(frame)
    is_turned = swaps_sides(orientation)
    size = (frame.width, frame.height)
    width, height = size[::-1] if is_turned else size
    matrix = _MATRICES.get(frame.colorspace)
    if matrix is None:
        matrix = assumed_matrix(width, height)
    is_tagged = frame.colorspace in _MATRICES
    matrix_tag = frame.colorspace if is_tagged else _MATRIX_TAGS[matrix]
    # A quarter turn exchanges width and height of the pixels, too, hence 1 / aspect below.
    aspect = pixel_aspect or Fraction(1)
    return Layout(
        width=width,
        height=height,
        pix_fmt=_working_format(name, levels.depth, odd=bool(width % 2 or height % 2)),
        levels=levels,
        matrix=matrix,
        color_tags=(
            matrix_tag,
            frame.color_primaries,
            frame.color_trc,
            _FULL_RANGE if levels.full else _LIMITED_RANGE,
        ),
        orientation=orientation,
        pixel_aspect=1 / aspect if is_turned else aspect,
        interlaced=bool(frame.interlaced_frame),
        stored_pix_fmt=name,
    )


def assumed_matrix(width: int, height: int) -> Matrix:
    """Return the matrix that most players assume for a film that has no tag for it."""
    return BT709 if min(width, height) >= _MIN_HD_ROWS else BT601


def _orientation(frame: VideoFrame) -> int:
    """Return the EXIF orientation that has the effect of a frame's display matrix.

    The matrix turns a point (x, y) of the stored frame to (ax + cy, bx + dy), where y points
    downwards. Angles between the quarter turns are rounded.
    """
    try:
        matrix = cast("dict[str, Buffer]", frame.side_data).get("DISPLAYMATRIX")
    except ValueError:  # PyAV does not know some of the other side data
        return _ROTATED[round(frame.rotation / 90) % 4]
    if matrix is None:
        return 1
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _ORIENTATIONS[False, a < 0, d < 0]
    return _ORIENTATIONS[True, c < 0, b < 0]


def _depth(frame: VideoFrame) -> int:
    return max(component.bits for component in frame.format.components)


def _is_full_range(frame: VideoFrame) -> bool:
    if frame.color_range in (_LIMITED_RANGE, _FULL_RANGE):
        return bool(frame.color_range == _FULL_RANGE)
    return bool(frame.format.name.startswith(_FULL_RANGE_PREFIXES))


def _working_format(name: str, depth: int, *, odd: bool) -> str:
    """Return the supported pixel format that is nearest to the stored one.

    Args:
        name: the stored pixel format.
        depth: bits per sample in the result's levels, 8 or 10.
        odd: whether the width or the height is odd. Encoders accept that only at 4:4:4.
    """
    plain = _GREY_FORMATS.get(name, name.replace("yuvj", "yuv"))
    suffix = _TEN_BITS if depth > 8 else ""
    if odd:
        return f"yuv444p{suffix}"
    return plain if plain.removesuffix(_TEN_BITS) in _SUBSAMPLING else f"yuv420p{suffix}"


def extract_luma(frame: VideoFrame, layout: Layout) -> IntArray:
    """Return a copy of the luma of a decoded frame, upright.

    The frame is converted first if its size or its pixel format differs from the layout's.

    Returns:
        (H, W) uint8, or uint16 for 10 bits, in the levels of the layout.
    """
    plain = frame.format.name.replace("yuvj", "yuv")
    has_size = (frame.width, frame.height) == _stored_size(layout)
    # All of these keep luma in a plane of its own, so converting it would only lose precision.
    if not has_size or plain not in (layout.pix_fmt, *_GREY_FORMATS):
        frame = _convert(frame, layout)
    # A copy, so that the decoder gets its buffer back.
    luma: IntArray = _plane_array(frame.planes[0], layout.levels).copy()
    return upright(luma, layout.orientation)


def _convert(frame: VideoFrame, layout: Layout) -> VideoFrame:
    matrix, _, _, color_range = layout.color_tags
    width, height = _stored_size(layout)
    return reformat(
        frame,
        width=width,
        height=height,
        format=layout.pix_fmt,
        dst_colorspace=matrix,
        dst_color_range=color_range,
    )


def reformat(frame: VideoFrame, **changes: Any) -> VideoFrame:
    """Convert a frame to another size, pixel format, matrix or range.

    Args:
        frame: the frame.
        changes: arguments of `VideoFrame.reformat`.
    """
    # With several threads, FFmpeg's scaler writes beyond the last row of one thread, over the first
    # samples of the next one's rows: at some widths, up to eight samples of luma are lost.
    return frame.reformat(**changes, threads=1)


def _stored_size(layout: Layout) -> tuple[int, int]:
    """Return width and height as stored, before the frame is turned upright."""
    size = (layout.width, layout.height)
    return size[::-1] if swaps_sides(layout.orientation) else size


def _plane_array(plane: VideoPlane, levels: Levels) -> IntArray:
    """Return a view of a plane's samples, (H, W), without the padding at the end of each row."""
    rows = np.frombuffer(cast("memoryview", plane), levels.dtype).reshape(plane.height, -1)
    return cast("IntArray", rows[:, : plane.width])


def make_frame(planes: Sequence[IntArray], layout: Layout, pix_fmt: str) -> VideoFrame:
    """Make a frame for the encoder.

    Args:
        planes: Y', Cb and Cr, in the levels of the layout.
        layout: the layout of the film.
        pix_fmt: FFmpeg's name of the frame's pixel format, of the layout's depth.
    """
    frame = empty_frame(layout, pix_fmt)
    for plane, samples in zip(frame.planes, planes, strict=True):
        _plane_array(plane, layout.levels)[...] = samples
    return frame


def empty_frame(layout: Layout, pix_fmt: str) -> VideoFrame:
    """Make a frame of any content, with the colour tags of a layout."""
    frame = VideoFrame(layout.width, layout.height, pix_fmt)
    colorspace, primaries, transfer, color_range = layout.color_tags
    frame.colorspace, frame.color_primaries = colorspace, primaries
    frame.color_trc, frame.color_range = transfer, color_range
    return frame
