"""Colour that is already known: points and strokes, a palette, a reference photograph."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from PIL import Image

from photochrom import color
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import FloatArray

    IndexArray = npt.NDArray[np.int32]

__all__ = [
    "RGB",
    "Hint",
    "as_rgb",
    "chroma_of",
    "draw",
    "match",
    "owners",
    "palette_of",
    "parse_color",
    "parse_hint",
]

RGB = tuple[int, int, int]

_RADIUS: Final = 1 / 100  # of the shorter side, unless a hint says otherwise
_THICKEST: Final = 32767  # of OpenCV's lines
_HEX: Final = re.compile(r"#?([0-9a-fA-F]{6})")
_PALETTE_SIDE: Final = 96  # pixels are enough to take a palette from
_ALIKE: Final = 0.5  # the cosine of two places' features from which on they count as the same
_SURE: Final = 0.9  # … and how near the runner-up may come before the match is left out


@dataclass(frozen=True)
class Hint:
    """A colour that a person knows, at a point or along a stroke.

    Attributes:
        points: (x, y) in pixels of the upright photograph, from its upper left corner.
        color: sRGB, 0 to 255.
        radius: in pixels; by default a hundredth of the shorter side.
    """

    points: tuple[tuple[float, float], ...]
    color: RGB
    radius: float | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError for no points, a radius not positive and finite, or no colour."""
        if not self.points:
            raise ConfigError("expected a point at least; received none")
        if self.radius is not None and not 0 < self.radius < math.inf:
            raise ConfigError(f"expected a positive, finite radius; received {self.radius}")
        object.__setattr__(self, "color", as_rgb(self.color))

    @classmethod
    def at(cls, x: float, y: float, color: str | RGB, radius: float | None = None) -> Hint:
        """A point; arguments and errors are those of the class, and `#RRGGBB` is a colour, too."""
        return cls(((x, y),), as_rgb(color), radius)


def as_rgb(color: str | Sequence[float]) -> RGB:
    """A colour, as `#RRGGBB` or as (red, green, blue), each 0 to 255.

    Raises:
        ConfigError: it is none.
    """
    if isinstance(color, str):
        return parse_color(color)
    try:
        red, green, blue = map(float, color)
    except (TypeError, ValueError):
        red = green = blue = math.nan
    if not all(0 <= each <= 255 for each in (red, green, blue)):
        raise ConfigError(f"expected three numbers from 0 to 255; received {color!r}")
    return round(red), round(green), round(blue)


def parse_color(text: str) -> RGB:
    """`#RRGGBB` → (red, green, blue), each 0 to 255.

    Raises:
        ConfigError: it is none.
    """
    found = _HEX.fullmatch(text.strip())
    if not found:
        raise ConfigError(f"expected a colour as #RRGGBB; received {text!r}")
    red, green, blue = bytes.fromhex(found.group(1))
    return red, green, blue


def parse_hint(text: str) -> Hint:
    """`X,Y,#RRGGBB` or `X,Y,#RRGGBB,RADIUS` → a hint.

    Raises:
        ConfigError: it is none.
    """
    parts = text.split(",")
    try:
        x, y, *rest = float(parts[0]), float(parts[1]), *parts[2:]
        rgb, *radius = rest
        return Hint.at(x, y, str(rgb), *map(float, radius))
    except (ValueError, IndexError, TypeError) as error:
        raise ConfigError(f"expected a hint as X,Y,#RRGGBB[,RADIUS]; received {text!r}") from error


def chroma_of(colors: Sequence[RGB], space: str) -> FloatArray:
    """The chroma of colours, (n, 2), in the units of a space."""
    scaled = np.array(colors, np.float32).reshape(-1, 3) / np.float32(255)
    return color.SPACES[space].from_rgb(scaled)[:, 1:]


def draw(
    hints: Sequence[Hint], photo: tuple[int, int], size: tuple[int, int], space: str
) -> FloatArray:
    """Hints as a network is told of them.

    Args:
        hints: later ones lie over earlier ones.
        photo: height and width of the photograph, in pixels.
        size: height and width of what is drawn.
        space: a key of `color.SPACES`.

    Returns:
        (h, w, 3) float32: chroma in the space's units, and 1 where it is known, 0 where not.

    Raises:
        ConfigError: a hint lies outside of the photograph.
    """
    known = np.zeros((*size, 3), np.float32)
    for hint, chroma in zip(hints, chroma_of([h.color for h in hints], space), strict=True):
        _stamp(known, hint, photo, (float(chroma[0]), float(chroma[1]), 1.0))
    return known


def owners(hints: Sequence[Hint], photo: tuple[int, int], size: tuple[int, int]) -> IndexArray:
    """Which hint covers which place; arguments and errors are those of `draw`.

    Returns:
        (h, w) int32: the number of the last hint that covers a place, from 0; or -1.
    """
    numbers = np.full(size, -1, np.int32)
    for number, hint in enumerate(hints):
        _stamp(numbers, hint, photo, (number,))
    return numbers


def _stamp(
    canvas: FloatArray | IndexArray, hint: Hint, photo: tuple[int, int], value: Sequence[float]
) -> None:
    """Draw one hint over a canvas for the whole photograph, of any size."""
    height, width = canvas.shape[:2]
    down, across = height / photo[0], width / photo[1]
    for x, y in hint.points:
        if not (0 <= x < photo[1] and 0 <= y < photo[0]):
            raise ConfigError(
                f"expected hints within the photograph, {photo[1]} × {photo[0]}; "
                f"received {x:g}, {y:g}"
            )
    radius = (hint.radius or min(photo) * _RADIUS) * min(down, across)
    radius = min(radius, math.hypot(height, width))
    places = [(int(x * across), int(y * down)) for x, y in hint.points]
    for start, end in zip(places, places[1:] or places, strict=False):
        if start != end:
            cv2.line(canvas, start, end, value, max(1, min(_THICKEST, round(2 * radius))))
        cv2.circle(canvas, end, max(0, round(radius)), value, -1)


def palette_of(rgb: npt.NDArray[np.uint8], count: int = 6) -> list[RGB]:
    """The main colours of a picture, the most frequent first: median cut, then k-means.

    Args:
        rgb: (H, W, 3) uint8.
        count: how many at most.
    """
    side = (_PALETTE_SIDE, _PALETTE_SIDE)
    small = Image.fromarray(cv2.resize(rgb, side, interpolation=cv2.INTER_AREA))
    reduced = small.quantize(count, kmeans=1)
    used, frequency = np.unique(np.asarray(reduced), return_counts=True)
    colors = np.reshape(reduced.getpalette() or [], (-1, 3))[used]
    return [(int(r), int(g), int(b)) for r, g, b in colors[(-frequency).argsort()]]


def match(features: FloatArray, others: FloatArray, chroma: FloatArray) -> FloatArray:
    """What a reference photograph lets be known of another: colours of places that look alike.

    Args:
        features: of the photograph's places, (h, w, F) float32 of length 1.
        others: of the reference's places, (h', w', F).
        chroma: of the reference at those places, (h', w', 2).

    Returns:
        (h, w, 3) float32: chroma, and 1 where a place found its like, 0 where not.
    """
    theirs = others.reshape(-1, others.shape[-1])
    likeness = features.reshape(-1, features.shape[-1]) @ theirs.T
    best = likeness.argmax(1)
    score = likeness[np.arange(len(best)), best]
    # mutual: the place that is found must find this one, or one nearly as good
    back = likeness.max(0)[best]
    sure = (score > _ALIKE) & (score > back * _SURE)
    known = np.zeros((*features.shape[:2], 3), np.float32)
    flat = known.reshape(-1, 3)
    flat[sure, :2] = chroma.reshape(-1, 2)[best[sure]]
    flat[sure, 2] = 1
    return known
