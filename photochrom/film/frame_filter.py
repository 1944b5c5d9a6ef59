"""Crop and deinterlace decoded frames."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from av.filter import Graph

if TYPE_CHECKING:
    from av import VideoFrame

    from photochrom.film.cropping import Crop

__all__ = ["filter_frames"]

# Both fields become one frame, so that the number of frames stays the same.
_DEINTERLACER: Final = ("bwdif", "mode=send_frame:deint=interlaced")


def filter_frames(
    frames: Iterable[VideoFrame],
    crop: Crop,
    on_interlaced: Callable[[VideoFrame], None] = lambda _: None,
) -> Generator[VideoFrame]:
    """Crop frames, and merge the two fields of those that are interlaced.

    Args:
        frames: the decoded frames.
        crop: what is cut off.
        on_interlaced: called with the first interlaced frame that follows one that is not.
    """
    graph: Graph | None = None
    kind: tuple[int, int, str] | None = None
    is_interlaced = is_progressive = False
    for frame in frames:
        if frame.interlaced_frame and not is_interlaced:
            is_interlaced, kind = True, None
            if is_progressive:
                on_interlaced(frame)
        is_progressive = is_progressive or not frame.interlaced_frame
        # As long as nothing is to be done, frames do not pass the filters, because these convert
        # pixel formats that they do not know.
        if not (crop or is_interlaced):
            yield frame
            continue
        size_and_format = frame.width, frame.height, frame.format.name
        if graph is None or size_and_format != kind:
            yield from _finish(graph)
            graph, kind = _build(frame, crop, deinterlace=is_interlaced), size_and_format
        graph.vpush(frame)
        yield from _pull(graph)
    yield from _finish(graph)


def _build(frame: VideoFrame, crop: Crop, *, deinterlace: bool) -> Graph:
    """Return a filter graph for frames of the same size and pixel format as `frame`."""
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
    ]
    if deinterlace:
        nodes.append(graph.add(*_DEINTERLACER))
    if crop:
        width, height = crop.size(frame.width, frame.height)
        nodes.append(graph.add("crop", f"{width}:{height}:{crop.left}:{crop.top}:exact=1"))
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    return graph


def _finish(graph: Graph | None) -> Iterator[VideoFrame]:
    """Yield the frames that the filters hold back until they see the end."""
    if graph:
        graph.vpush(None)
        yield from _pull(graph)


def _pull(graph: Graph) -> Iterator[VideoFrame]:
    """Yield the frames that a filter graph has ready."""
    while True:
        try:
            yield graph.vpull()
        except (BlockingIOError, EOFError):  # more input is needed, or the end is reached
            return
