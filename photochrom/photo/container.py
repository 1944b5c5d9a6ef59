"""Limits and error handling that all image formats share.

A small file can claim to be huge, so the limits must be checked before memory is allocated.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final

from PIL import Image

from photochrom.errors import PhotochromError, PhotoTooLarge, UnreadablePhoto

__all__ = ["DEFAULT_MAX_PIXELS", "check_size", "decoding", "quiet"]

DEFAULT_MAX_PIXELS: Final = 250_000_000

_LOCK: Final = RLock()  # warnings.catch_warnings is not thread-safe


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress Pillow's warnings about unusual files.

    For short blocks only: other threads wait for the lock.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Convert whatever a decoder raises for a damaged file to a `PhotoError`.

    Args:
        name: the photograph's name in messages.

    Raises:
        UnreadablePhoto: the block raised an exception that is not one of Photochrom's.
        PhotoTooLarge: there is not enough memory, or the picture exceeds Pillow's limit.
    """
    try:
        yield
    except (PhotochromError, ImportError):  # ImportError: an optional package is broken
        raise
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(f"{name} has more pixels than Pillow opens: {error}") from error
    except MemoryError as error:
        raise PhotoTooLarge(f"there is not enough memory to decode {name}") from error
    except Exception as error:
        raise UnreadablePhoto(f"{name} is damaged or truncated: {str(error).strip()}") from error


def check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """Refuse pictures with no pixels or with too many.

    Args:
        size: width and height.
        name: the photograph's name in messages.
        max_pixels: the largest number of pixels.

    Raises:
        UnreadablePhoto: width or height is 0.
        PhotoTooLarge: there are more than `max_pixels` pixels.
    """
    width, height = size
    if width <= 0 or height <= 0:
        raise UnreadablePhoto(f"expected at least one pixel; {name} is {width} × {height}")
    if width * height > max_pixels:
        raise PhotoTooLarge(
            f"expected {max_pixels:,} pixels at most; {name} has {width * height:,} "
            f"({width} × {height})",
            width * height,
        )
