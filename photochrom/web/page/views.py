"""What a photograph looks like on the page: small enough to be quick, large enough to judge."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import cv2
import numpy as np

from photochrom import photo
from photochrom.photo import Metadata, Photo
from photochrom.photo.photo import eight_bits

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import IntArray
    from photochrom.prediction import ColorPhoto, Prediction
    from photochrom.web.page.choices import Choices

__all__ = [
    "THUMBNAIL",
    "VARIANTS",
    "Views",
    "before",
    "jpeg",
    "painted",
    "thumbnail",
    "unsure",
    "view_of",
]

SIDE: Final = 1600  # pixels of the longer side
THUMBNAIL: Final = 192
VARIANTS: Final = 6
_QUALITY: Final = 90
_UNSURE_SIDE: Final = 400
_UNSURE: Final = (214, 40, 140)  # RGB that is rare in photographs
_DENSEST: Final = 0.8


class Views:
    """Studies that were used lately."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, Prediction] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Prediction]) -> Prediction:
        """The prediction of that key, made if need be."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()
        self.put(key, made)
        return made

    def put(self, key: Hashable, prediction: Prediction) -> None:
        """Keep a prediction, and forget one that was not used for long."""
        with self._lock:
            self._held[key] = prediction
            while len(self._held) > self._most:
                self._held.popitem(last=False)


def view_of(prediction: Prediction, side: int = SIDE) -> Prediction:
    """The same answer, over a smaller copy of the photograph."""
    return replace(prediction, photo=_smaller(prediction.photo, side))


def _smaller(whole: Photo, side: int) -> Photo:
    luma: Any = eight_bits(_shrunk(whole.luma, side))
    return Photo(luma, None, None, "grey", Metadata(), "JPEG", whole.name)


def _shrunk(pixels: IntArray, side: int) -> IntArray:
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = tuple(max(1, round(each * scale)) for each in pixels.shape[1::-1])
    shrunk: Any = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return shrunk  # type: ignore[no-any-return]


def painted(prediction: Prediction, choices: Choices) -> ColorPhoto:
    """A photograph, coloured as was chosen.

    Raises:
        ConfigError: the model cannot do that.
    """
    if choices.variant:
        return prediction.variants(VARIANTS, vividness=choices.vividness)[choices.variant]
    return prediction.color(
        vividness=choices.vividness,
        hints=[mark.on(prediction.photo.size) for mark in choices.marks],
        palette=choices.palette,
    )


def jpeg(picture: ColorPhoto) -> bytes:
    """A preview as a file."""
    return picture.encode("JPEG", quality=_QUALITY)


def before(whole: Photo) -> bytes:
    """A photograph as it came, small, as a JPEG file."""
    small: Any = eight_bits(_shrunk(whole.rgb, SIDE))
    return photo.encode(np.ascontiguousarray(small), format="JPEG", quality=_QUALITY)


def thumbnail(preview: bytes, side: int = THUMBNAIL) -> bytes:
    """A preview, smaller still."""
    small = cv2.imdecode(np.frombuffer(preview, np.uint8), cv2.IMREAD_REDUCED_COLOR_4)
    reduced: Any = _shrunk(cast("IntArray", small), side)
    return bytes(cv2.imencode(".jpg", reduced, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1])


def unsure(prediction: Prediction, vividness: float | None) -> bytes:
    """A layer that covers a photograph where its colours are mere guesses, as a PNG file.

    Raises:
        ConfigError: the model gives no distribution.
    """
    small = view_of(prediction, _UNSURE_SIDE)
    doubt = 1 - small.confidence(vividness=vividness)
    layer: npt.NDArray[np.uint8] = np.empty((*doubt.shape, 4), np.uint8)
    layer[..., :3] = _UNSURE[::-1]
    layer[..., 3] = np.rint(doubt * (_DENSEST * 255))
    return bytes(cv2.imencode(".png", layer)[1])
