"""Colour black-and-white clips in VapourSynth: `photochrom_vs.colorize(clip)`.

The luma plane of the result is that of the clip. Colours do not flicker, because they are carried
from frame to frame as `photochrom film` does it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import vapoursynth as vs

from photochrom import Colorizer, ColorOptions
from photochrom.film import LOOKAHEAD, FrameColors, PlaneFormat, color_small_frames

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

    Small = npt.NDArray[np.uint8]  # (h, w): a frame's luma at the network's size

__all__ = ["colorize"]

_BLOCK: Final = 8  # small frames that VapourSynth hands over at once, one below the other
_BLOCKS_AHEAD: Final = -(-LOOKAHEAD // _BLOCK)
_KEPT: Final = 64  # frames whose colours are kept, for requests that come in another order
_MATRICES: Final = {1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601", 7: "bt709", 9: "bt2020"}
_MATRIX_TAGS: Final = {"bt601": 6, "bt709": 1, "bt2020": 9}
_SUBSAMPLING: Final = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}  # as VapourSynth counts


def colorize(
    clip: vs.VideoNode,
    *,
    vividness: float | None = None,
    references: Sequence[str | os.PathLike[str]] = (),
    model: str | os.PathLike[str] | None = None,
    subsampling: str = "420",
    matrix: str | None = None,
    full_range: bool | None = None,
) -> vs.VideoNode:
    """Colour a clip; its luma plane stays as it is.

    Args:
        clip: GRAY or YUV with integer samples of 8 to 16 bits. Chroma that it has is replaced.
        vividness: colour strength, from 0 (cautious) to 1 (vivid). None uses the model's default.
        references: paths of colour photographs or frames whose colours the clip follows.
        model: path of the model; None for the one that comes with Photochrom.
        subsampling: "420", "422" or "444", for a GRAY clip. A YUV clip keeps its own.
        matrix: "bt601", "bt709" or "bt2020". None takes the one that the first frame names, or else
            BT.709 from 720 rows on and BT.601 below.
        full_range: whether black is 0. None takes what the first frame says, or else False.

    Returns:
        A YUV clip of the same length, size and depth.

    Raises:
        vapoursynth.Error: the clip has another format, or its format changes.
        PhotochromError: an argument is not valid, or a file cannot be read.
    """
    yuv = _output_format(clip, subsampling)
    ColorOptions(vividness=vividness)  # refuses a wrong vividness now, not at the first frame
    colorizer = Colorizer(model)
    stored = _plane_format(clip, yuv, matrix, full_range=full_range)
    prepared = [colorizer.reference(each) for each in references]
    luma = vs.core.std.ShufflePlanes(clip, 0, vs.GRAY)
    # Luma is needed twice: for motion and the network, and about 60 frames later for the colours in
    # full size. Without a cache that reaches so far, the clip would be decoded twice. The cache
    # holds frames after their second use, too, hence twice the distance.
    distance = (_BLOCKS_AHEAD + 2) * _BLOCK
    vs.core.std.SetVideoCache(luma, mode=1, fixedsize=1, maxsize=2 * distance)
    blocks = _blocks(luma, stored, colorizer.model)
    coloring = _Coloring(clip.num_frames, blocks, stored, colorizer.model, vividness, prepared)
    empty = vs.core.std.BlankClip(clip, format=yuv.id, keep=True)
    chroma = vs.core.std.ModifyFrame(empty, [empty, luma, *coloring.clips], coloring.frame)
    colored = vs.core.std.ShufflePlanes([luma, chroma, chroma], [0, 1, 2], vs.YUV)
    return vs.core.std.SetFrameProps(colored, **_tags(clip, stored))


class _Coloring:
    """Colours the frames that VapourSynth asks for, in whatever order.

    Colours depend on the frames before and after, so frames are coloured one after another. Each
    request brings the small frames around it along. So this never has to ask VapourSynth for a
    frame, which could wait for itself.
    """

    def __init__(
        self,
        count: int,
        blocks: vs.VideoNode,
        stored: PlaneFormat,
        model: Model,
        vividness: float | None,
        references: Sequence[Reference],
    ) -> None:
        self._stored, self._lock = stored, Lock()
        self._run: _Run | None = None
        self._begin = partial(
            _Run, count=count, model=model, vividness=vividness, references=references
        )
        # One clip for each block around that of frame n, whose frame n is that block.
        ahead = range(1, min(_BLOCKS_AHEAD + 1, blocks.num_frames))
        shifted = [blocks[:1] + blocks, blocks, *(blocks[step:] for step in ahead)]
        self.clips = [vs.core.std.Interleave([each] * _BLOCK) for each in shifted]

    def frame(self, n: int, f: list[vs.VideoFrame]) -> vs.VideoFrame:
        """Return frame `n` with its chroma; `f` is the empty frame, its luma, and the blocks."""
        empty, luma, *blocks = f
        with self._lock:
            colors = self._colors(n, blocks)
        picture = empty.copy()
        planes = colors.planes(np.asarray(luma[0]), self._stored)
        for number, plane in enumerate(planes, 1):
            np.copyto(np.asarray(picture[number]), plane)
        return picture

    def _colors(self, n: int, blocks: list[vs.VideoFrame]) -> FrameColors:
        """Return the colours of a frame, and go on from the frames that were coloured before."""
        # The first one is that before the block of frame n, or that block again if it has none.
        first = n // _BLOCK - 1
        numbered = {number: each for number, each in enumerate(blocks, first) if number >= 0}
        if self._run is None or not self._run.reaches(n, min(numbered)):
            if self._run:
                self._run.close()
            # A block earlier, because VapourSynth may ask for a few earlier frames next.
            self._run = self._begin(min(numbered))
        return self._run.colors(n, numbered)


class _Run:
    """The colouring of the frames from a first one on, in order."""

    def __init__(
        self,
        first: int,
        count: int,
        model: Model,
        vividness: float | None,
        references: Sequence[Reference],
    ) -> None:
        self._count = count
        self._next = first  # the next block to hand over
        self._queue: SimpleQueue[tuple[int, Small] | None] = SimpleQueue()
        self._kept: dict[int, FrameColors] = {}
        self._latest = first * _BLOCK - 1  # the latest frame whose colours are known
        self._coloring: Generator[tuple[int, FrameColors]] = color_small_frames(
            model, self._handed_over(), vividness=vividness, references=references
        )

    def reaches(self, n: int, block: int) -> bool:
        """Whether this run has the colours of frame `n`, or will if blocks from `block` on come."""
        return n in self._kept or (n > self._latest and self._next >= block)

    def colors(self, n: int, blocks: dict[int, vs.VideoFrame]) -> FrameColors:
        """Hand over the blocks that are new, and return the colours of frame `n`."""
        while self._next in blocks and self._next * _BLOCK < self._count:
            self._hand_over(blocks[self._next])
        while n not in self._kept:
            self._latest, self._kept[self._latest] = next(self._coloring)
            self._kept.pop(self._latest - _KEPT, None)
        return self._kept[n]

    def _hand_over(self, block: vs.VideoFrame) -> None:
        first = self._next * _BLOCK
        # A copy, because VapourSynth takes the frame back.
        frames = np.split(np.array(block[0]), _BLOCK)[: self._count - first]
        for item in enumerate(frames, first):
            self._queue.put(item)
        self._next += 1
        if self._next * _BLOCK >= self._count:
            self._queue.put(None)

    def close(self) -> None:
        """End the threads."""
        self._queue.put(None)  # the thread that takes small frames may be waiting for one
        self._coloring.close()

    def _handed_over(self) -> Iterator[tuple[int, Small]]:
        yield from iter(self._queue.get, None)


def _blocks(luma: vs.VideoNode, stored: PlaneFormat, model: Model) -> vs.VideoNode:
    """Return a clip whose frame b has the small frames of block b, one below the other."""
    first = np.asarray(luma.get_frame(0)[0])
    height, width = stored.small(model, first).shape
    empty = vs.core.std.BlankClip(luma, width, height, vs.GRAY8, keep=True)

    def reduce(n: int, f: list[vs.VideoFrame]) -> vs.VideoFrame:  # noqa: ARG001  VapourSynth names them
        picture = f[0].copy()
        np.copyto(np.asarray(picture[0]), stored.small(model, np.asarray(f[1][0])))
        return picture

    small = vs.core.std.ModifyFrame(empty, [empty, luma], reduce)
    missing = -luma.num_frames % _BLOCK
    whole = small + small[-1] * missing if missing else small
    each = [whole[place::_BLOCK] for place in range(_BLOCK)]
    return vs.core.std.StackVertical(each)


def _output_format(clip: vs.VideoNode, subsampling: str) -> vs.VideoFormat:
    """Return the format of the coloured clip.

    Raises:
        vapoursynth.Error: the clip cannot be coloured, or `subsampling` is unknown.
    """
    given = clip.format
    if given is None or not clip.width or not clip.height:
        raise vs.Error("colorize: expected a clip of constant format and size")
    is_whole = given.sample_type == vs.INTEGER and given.bits_per_sample <= 16
    if given.color_family not in (vs.GRAY, vs.YUV) or not is_whole:
        raise vs.Error(
            f"colorize: expected a GRAY or YUV clip with 8 to 16 bits; received {given.name}. "
            "Convert it first, for example with resize.Bicubic(format=vs.GRAY16, matrix_s='709')"
        )
    if subsampling not in _SUBSAMPLING:
        raise vs.Error(f"colorize: expected a subsampling of 420, 422 or 444; got {subsampling!r}")
    across, down = _SUBSAMPLING[subsampling]
    if given.color_family == vs.YUV:
        across, down = given.subsampling_w, given.subsampling_h
    if clip.width % (1 << across) or clip.height % (1 << down):
        raise vs.Error(
            f"colorize: expected an even size for subsampled chroma; received {clip.width} × "
            f"{clip.height}. Crop the clip, or choose subsampling='444'"
        )
    return given.replace(color_family=vs.YUV, subsampling_w=across, subsampling_h=down)


def _plane_format(
    clip: vs.VideoNode, yuv: vs.VideoFormat, matrix: str | None, *, full_range: bool | None
) -> PlaneFormat:
    """Return how the clip's samples are to be read, from the arguments and its first frame."""
    props = clip.get_frame(0).props
    if matrix is None:
        assumed = "bt709" if min(clip.width, clip.height) >= 720 else "bt601"
        matrix = _MATRICES.get(int(props.get("_Matrix", 2)), assumed)
    if full_range is None:
        # `_Range` is 1 for full range. `_ColorRange`, its name before release 74, is 0 for it.
        full_range = props.get("_Range", 1 - int(props.get("_ColorRange", 1))) == 1
    return PlaneFormat(
        yuv.bits_per_sample,
        full_range,
        matrix,
        (1 << yuv.subsampling_h, 1 << yuv.subsampling_w),
        int(props.get("_SARNum", 1)) / (int(props.get("_SARDen", 1)) or 1) or 1.0,
    )


def _tags(clip: vs.VideoNode, stored: PlaneFormat) -> dict[str, int]:
    """Return the frame properties that tell an encoder what the planes mean."""
    tags = {"_Matrix": _MATRIX_TAGS[stored.matrix]}
    if "_Range" in clip.get_frame(0).props:
        return tags | {"_Range": int(stored.full_range)}
    return tags | {"_ColorRange": int(not stored.full_range)}
