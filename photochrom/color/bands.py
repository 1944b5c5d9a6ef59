"""Work on a picture in bands of rows, on all cores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

__all__ = ["in_bands"]

_BAND_PIXELS: Final = 1 << 18  # per band; with smaller bands the threads wait for one another


def in_bands(work: Callable[..., None], shape: tuple[int, ...], spares: int = 0) -> None:
    """Do something to every row of a picture, in bands that stay in the cache, on all cores.

    Args:
        work: told a slice of rows, and arrays of their size, (h, W) float32, to write over.
        shape: of the picture.
        spares: how many such arrays.
    """
    rows = max(2, _BAND_PIXELS // max(1, shape[1]) // 2 * 2)  # even, for chroma at half size
    held = threading.local()

    def band(top: int) -> None:
        if not hasattr(held, "spares"):
            held.spares = np.empty((spares, rows, shape[1]), np.float32)
        part = slice(top, min(top + rows, shape[0]))
        work(part, *held.spares[:, : part.stop - top])

    if shape[0] <= rows:  # a thread costs more than it saves
        band(0)
    else:
        with ThreadPoolExecutor() as pool:
            list(pool.map(band, range(0, shape[0], rows)))
