"""Process a picture in parts: in bands of rows, on all cores, or in groups of channels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from photochrom.parallel import thread_core_count, worker_pool

__all__ = ["in_bands", "in_channel_groups"]

# Large enough that threads seldom wait for Python's lock, small enough for the cache of a core. The
# same for every number of threads: OpenCV's rounding depends on where a band begins.
_BAND_PIXELS: Final = 1 << 18
_MAX_CHANNELS: Final = 128  # what OpenCV takes


def in_bands(work: Callable[..., None], shape: tuple[int, ...], buffers: int = 0) -> None:
    """Process every row of a picture, in bands that fit the cache, on all cores.

    Args:
        work: called with a slice of rows and with `buffers` arrays of the size of the band,
            (h, W) float32, to use as scratch memory.
        shape: shape of the picture, height and width first.
        buffers: the number of scratch arrays.
    """
    rows = max(2, _BAND_PIXELS // max(1, shape[1]) // 2 * 2)  # even, for chroma at half size
    scratch = threading.local()

    def band(top: int) -> None:
        # One allocation per thread, not per band: the first use of fresh memory is slow.
        if not hasattr(scratch, "buffers"):
            scratch.buffers = np.empty((buffers, rows, shape[1]), np.float32)
        part = slice(top, min(top + rows, shape[0]))
        work(part, *scratch.buffers[:, : part.stop - top])

    bands, threads = range(0, shape[0], rows), thread_core_count()
    if threads == 1 or len(bands) == 1:  # for one band, starting threads costs more than it saves
        for top in bands:
            band(top)
    else:
        # Not more threads than cores, since each has scratch memory of its own.
        with worker_pool(threads) as pool:
            list(pool.map(band, bands))


def in_channel_groups(
    work: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]],
    values: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Apply a function of OpenCV to any number of channels, of which it takes 128 at a time.

    Args:
        work: takes and returns (h, w, n) float32; where n is 1, the result may lack the last axis.
        values: (h, w, n) float32.

    Returns:
        The results, (h', w', n) float32.
    """
    groups = np.split(values, range(_MAX_CHANNELS, values.shape[2], _MAX_CHANNELS), axis=2)
    done = [work(np.ascontiguousarray(each)) for each in groups]
    return np.concatenate([each.reshape(*each.shape[:2], -1) for each in done], axis=2)
